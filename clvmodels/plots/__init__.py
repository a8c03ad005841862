"""Pictures, one function each: ``plot_*`` draws the table that ``compute_*`` of the same name gives.

Each takes ``ax=None`` and returns the Axes it drew on. Nothing is shown or saved, and no setting of matplotlib is
changed. Models are told apart by colour, and without colour by line, marker or hatch. Where several can be laid over
one another, ``models`` is one model, a list of them, or a mapping from labels to them.
"""

from ..economics.concentration import compute_concentration
from ..economics.segment_value import compute_segment_value
from ..economics.tornado import compute_tornado
from ..validation.by_p_alive import compute_by_p_alive
from ..validation.conditional_expectation import compute_conditional_expectation
from ..validation.coverage import compute_coverage
from ..validation.deciles import compute_deciles
from ..validation.lift import compute_lift
from ..validation.pit import compute_pit
from ..validation.regularity import compute_regularity
from ..validation.reliability import compute_reliability
from ..validation.shelf_life import compute_shelf_life, compute_time_kept
from ..validation.tracking import compute_tracking
from ..validation.tracking_errors import compute_tracking_errors
from .alive_history import compute_alive_history, plot_alive_history
from .arms import plot_arms
from .backtest import plot_backtest
from .by_p_alive import plot_by_p_alive
from .cohort_survival import compute_cohort_survival, plot_cohort_survival
from .cohorts import compute_cohorts, plot_cohorts
from .concentration import plot_concentration
from .conditional_expectation import plot_conditional_expectation
from .coverage import plot_coverage
from .deciles import plot_deciles
from .equity_change import plot_equity_change
from .frequency_histogram import compute_frequency_histogram, plot_frequency_histogram
from .frequency_recency import compute_frequency_recency, plot_expected_purchases, plot_p_alive
from .heterogeneity import compute_heterogeneity, plot_heterogeneity
from .iso_value import compute_iso_value, plot_iso_value
from .lift import plot_lift
from .pit import plot_pit
from .power import plot_power
from .profile_likelihood import plot_profile_likelihood
from .purchase_pmf import compute_purchase_pmf, plot_purchase_pmf
from .regularity import plot_regularity
from .reliability import plot_reliability
from .scores import plot_scores
from .segment_value import plot_segment_value
from .shelf_life import plot_shelf_life
from .spend_density import compute_spend_density, plot_spend_density
from .spend_frequency import compute_spend_frequency, plot_spend_frequency
from .tornado import plot_tornado
from .tracking import plot_tracking

__all__ = [
    "compute_alive_history",
    "compute_by_p_alive",
    "compute_cohort_survival",
    "compute_cohorts",
    "compute_concentration",
    "compute_conditional_expectation",
    "compute_coverage",
    "compute_deciles",
    "compute_frequency_histogram",
    "compute_frequency_recency",
    "compute_heterogeneity",
    "compute_iso_value",
    "compute_lift",
    "compute_pit",
    "compute_purchase_pmf",
    "compute_regularity",
    "compute_reliability",
    "compute_segment_value",
    "compute_shelf_life",
    "compute_spend_density",
    "compute_spend_frequency",
    "compute_time_kept",
    "compute_tornado",
    "compute_tracking",
    "compute_tracking_errors",
    "plot_alive_history",
    "plot_arms",
    "plot_backtest",
    "plot_by_p_alive",
    "plot_cohort_survival",
    "plot_cohorts",
    "plot_concentration",
    "plot_conditional_expectation",
    "plot_coverage",
    "plot_deciles",
    "plot_equity_change",
    "plot_expected_purchases",
    "plot_frequency_histogram",
    "plot_heterogeneity",
    "plot_iso_value",
    "plot_lift",
    "plot_p_alive",
    "plot_pit",
    "plot_power",
    "plot_profile_likelihood",
    "plot_purchase_pmf",
    "plot_regularity",
    "plot_reliability",
    "plot_scores",
    "plot_segment_value",
    "plot_shelf_life",
    "plot_spend_density",
    "plot_spend_frequency",
    "plot_tornado",
    "plot_tracking",
]
