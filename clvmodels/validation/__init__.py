"""Should a forecast be trusted? Metrics, baselines, holdouts, backtests, and the tables behind the pictures."""

from . import metrics

__all__ = ["metrics"]
