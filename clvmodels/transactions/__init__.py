"""A transaction log becomes a summary: one row a customer."""

from .discrete import discrete_summary as discrete_summary
from .holdout import Split as Split
from .holdout import calibration_holdout as calibration_holdout
from .holdout import split_at as split_at
from .quality import Quality as Quality
from .summarize import Summarized as Summarized
from .summarize import rfm_summary as rfm_summary
from .summarize import summarize as summarize
