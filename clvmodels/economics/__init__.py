"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .acquisition_cohorts import cohorts_of
from .concentration import compute_concentration, gini, top_share
from .equity import Equity, customer_equity, equity_by
from .equity_change import EquityChange, equity_change
from .log_values import historical_clv, order_value_table
from .method_comparison import compare_clv_methods
from .method_result import MethodComparison
from .purchases import Purchases, read_purchases
from .retention_value import retention_clv, retention_clv_timings
from .simple_formulas import average_clv, discount_rate_per_period, lifetime_from_churn, order_value_clv

__all__ = [
    "Equity",
    "EquityChange",
    "MethodComparison",
    "Purchases",
    "average_clv",
    "cohorts_of",
    "compare_clv_methods",
    "compute_concentration",
    "customer_equity",
    "discount_rate_per_period",
    "equity_by",
    "equity_change",
    "gini",
    "historical_clv",
    "lifetime_from_churn",
    "order_value_clv",
    "order_value_table",
    "read_purchases",
    "retention_clv",
    "retention_clv_timings",
    "top_share",
]
