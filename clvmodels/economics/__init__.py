"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .method_comparison import compare_clv_methods
from .method_result import MethodComparison
from .purchases import Purchases, read_purchases
from .retention_value import retention_clv, retention_clv_timings
from .simple_formulas import average_clv, discount_rate_per_period, lifetime_from_churn, order_value_clv

__all__ = [
    "MethodComparison",
    "Purchases",
    "average_clv",
    "compare_clv_methods",
    "discount_rate_per_period",
    "lifetime_from_churn",
    "order_value_clv",
    "read_purchases",
    "retention_clv",
    "retention_clv_timings",
]
