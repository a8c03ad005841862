"""Pictures, one function each; every one draws a table that another function gives.

Each takes ``ax=None`` and returns the Axes it drew on. Nothing is shown or saved, and no setting of matplotlib is
changed.
"""

from .frequency_histogram import frequency_histogram, frequency_table
from .frequency_recency import expected_purchases, frequency_recency_table, p_alive

__all__ = [
    "expected_purchases",
    "frequency_histogram",
    "frequency_recency_table",
    "frequency_table",
    "p_alive",
]
