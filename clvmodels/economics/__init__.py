"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .retention_value import retention_clv as retention_clv
from .retention_value import retention_clv_timings as retention_clv_timings
from .simple_formulas import average_clv as average_clv
from .simple_formulas import discount_rate_per_period as discount_rate_per_period
from .simple_formulas import lifetime_from_churn as lifetime_from_churn
from .simple_formulas import order_value_clv as order_value_clv

__all__ = [
    "average_clv",
    "discount_rate_per_period",
    "lifetime_from_churn",
    "order_value_clv",
    "retention_clv",
    "retention_clv_timings",
]
