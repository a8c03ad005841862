"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .acquisition_cohorts import cohorts_of
from .concentration import compute_concentration, gini, top_share
from .equity import Equity, customer_equity, equity_by
from .new_customer_result import NewCustomerValues
from .new_customers import new_customer_value, value_of_new_customer

__all__ = [
    "Equity",
    "NewCustomerValues",
    "cohorts_of",
    "compute_concentration",
    "customer_equity",
    "equity_by",
    "gini",
    "new_customer_value",
    "top_share",
    "value_of_new_customer",
]
