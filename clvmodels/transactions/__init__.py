"""A transaction log becomes a summary: one row a customer."""

from .quality import Quality as Quality
from .summarize import Summarized as Summarized
from .summarize import rfm_summary as rfm_summary
from .summarize import summarize as summarize
