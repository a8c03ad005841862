"""What the business side asks: simple formulas beside the models, unit economics, equity, segments, cohorts, levers.

Every function works on plain frames or numbers and is one formula with its definition in the docstring. What is told
customer by customer comes back in the caller's kind of frame and order; tables of groups and periods are pandas frames.
"""

from .audit import CustomerAudit, audit
from .cohort_survival import compute_cohort_survival
from .cohorts import cohort_table, compute_cohorts
from .decile_change import decile_change
from .decomposition import PeriodChange, change_between
from .kpis import kpis
from .order_counts import order_counts
from .purchases import Purchases, read_purchases

__all__ = [
    "CustomerAudit",
    "PeriodChange",
    "Purchases",
    "audit",
    "change_between",
    "cohort_table",
    "compute_cohort_survival",
    "compute_cohorts",
    "decile_change",
    "kpis",
    "order_counts",
    "read_purchases",
]
