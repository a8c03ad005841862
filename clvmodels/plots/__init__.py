"""Pictures, one function each: ``plot_*`` draws the table that ``compute_*`` of the same name gives.

Each takes ``ax=None`` and returns the Axes it drew on. Nothing is shown or saved, and no setting of matplotlib is
changed. Models are told apart by colour, and without colour by line, marker and hatch. Where several can be laid over
one another, ``models`` is one model, a list of them, or a mapping from labels to them.
"""

from .frequency_histogram import compute_frequency_histogram, plot_frequency_histogram
from .frequency_recency import compute_frequency_recency, plot_expected_purchases, plot_p_alive

__all__ = [
    "compute_frequency_histogram",
    "compute_frequency_recency",
    "plot_expected_purchases",
    "plot_frequency_histogram",
    "plot_p_alive",
]
