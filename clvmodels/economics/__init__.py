"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .acquisition_cohorts import cohorts_of
from .concentration import compute_concentration, gini, top_share
from .equity import Equity, customer_equity, equity_by
from .equity_change import EquityChange, equity_change
from .tornado import compute_tornado
from .what_if import WhatIf, what_if

__all__ = [
    "Equity",
    "EquityChange",
    "WhatIf",
    "cohorts_of",
    "compute_concentration",
    "compute_tornado",
    "customer_equity",
    "equity_by",
    "equity_change",
    "gini",
    "top_share",
    "what_if",
]
