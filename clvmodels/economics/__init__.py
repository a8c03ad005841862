"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .at_risk import at_risk, falls_below
from .loyalty_tiers import loyalty_thresholds, thresholds_for_shares
from .migration import Migration, migration
from .next_purchase import next_purchase

__all__ = [
    "Migration",
    "at_risk",
    "falls_below",
    "loyalty_thresholds",
    "migration",
    "next_purchase",
    "thresholds_for_shares",
]
