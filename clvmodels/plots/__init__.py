"""Pictures, one function each: ``plot_*`` draws the table that ``compute_*`` of the same name gives.

Each takes ``ax=None`` and returns the Axes it drew on. Nothing is shown or saved, and no setting of matplotlib is
changed. Models are told apart by colour, and without colour by line, marker or hatch. Where several can be laid over
one another, ``models`` is one model, a list of them, or a mapping from labels to them.
"""

from .alive_history import compute_alive_history, plot_alive_history
from .frequency_histogram import compute_frequency_histogram, plot_frequency_histogram
from .frequency_recency import compute_frequency_recency, plot_expected_purchases, plot_p_alive
from .heterogeneity import compute_heterogeneity, plot_heterogeneity
from .iso_value import compute_iso_value, plot_iso_value
from .profile_likelihood import plot_profile_likelihood
from .purchase_pmf import compute_purchase_pmf, plot_purchase_pmf
from .spend_density import compute_spend_density, plot_spend_density
from .spend_frequency import compute_spend_frequency, plot_spend_frequency

__all__ = [
    "compute_alive_history",
    "compute_frequency_histogram",
    "compute_frequency_recency",
    "compute_heterogeneity",
    "compute_iso_value",
    "compute_purchase_pmf",
    "compute_spend_density",
    "compute_spend_frequency",
    "plot_alive_history",
    "plot_expected_purchases",
    "plot_frequency_histogram",
    "plot_heterogeneity",
    "plot_iso_value",
    "plot_p_alive",
    "plot_profile_likelihood",
    "plot_purchase_pmf",
    "plot_spend_density",
    "plot_spend_frequency",
]
