"""Pictures, one function each: ``plot_*`` draws the table that ``compute_*`` of the same name gives.

Each takes ``ax=None`` and returns the Axes it drew on. Nothing is shown or saved, and no setting of matplotlib is
changed. Models are told apart by colour, and without colour by line, marker and hatch. Where several can be laid over
one another, ``models`` is one model, a list of them, or a mapping from labels to them.
"""

from .by_p_alive import compute_by_p_alive, plot_by_p_alive
from .conditional_expectation import compute_conditional_expectation, plot_conditional_expectation
from .coverage import compute_coverage, plot_coverage
from .deciles import compute_deciles, plot_deciles
from .frequency_histogram import compute_frequency_histogram, plot_frequency_histogram
from .frequency_recency import compute_frequency_recency, plot_expected_purchases, plot_p_alive
from .lift import compute_lift, plot_lift
from .pit import compute_pit, plot_pit
from .reliability import compute_reliability, plot_reliability

__all__ = [
    "compute_by_p_alive",
    "compute_conditional_expectation",
    "compute_coverage",
    "compute_deciles",
    "compute_frequency_histogram",
    "compute_frequency_recency",
    "compute_lift",
    "compute_pit",
    "compute_reliability",
    "plot_by_p_alive",
    "plot_conditional_expectation",
    "plot_coverage",
    "plot_deciles",
    "plot_expected_purchases",
    "plot_frequency_histogram",
    "plot_lift",
    "plot_p_alive",
    "plot_pit",
    "plot_reliability",
]
