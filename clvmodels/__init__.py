"""Probabilistic customer-lifetime-value models: from a transaction log to every customer's discounted future value.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import compat as compat
    from . import economics as economics
    from . import plots as plots
    from . import validation as validation
    from .compat.clvtools_models import from_clvtools as from_clvtools
    from .compat.cross_check_result import CrossCheck as CrossCheck
    from .compat.cross_checks import cross_check as cross_check
    from .compat.lifetimes_models import LifetimesFitters as LifetimesFitters
    from .compat.lifetimes_models import from_lifetimes as from_lifetimes
    from .compat.lifetimes_models import to_lifetimes as to_lifetimes
    from .compat.pymc_marketing_models import from_pymc_marketing as from_pymc_marketing
    from .datasets import load_cdnow as load_cdnow
    from .datasets import load_donations as load_donations
    from .economics.equity import customer_equity as customer_equity
    from .economics.method_comparison import compare_clv_methods as compare_clv_methods
    from .economics.what_if_result import what_if as what_if
    from .errors import ClvError as ClvError
    from .errors import ClvWarning as ClvWarning
    from .errors import InvalidInput as InvalidInput
    from .errors import NotAvailable as NotAvailable
    from .errors import NotEnoughData as NotEnoughData
    from .errors import NotFitted as NotFitted
    from .errors import UnitMismatch as UnitMismatch
    from .errors import UnreadableModel as UnreadableModel
    from .experiments.comparing_arms import compare_arms as compare_arms
    from .experiments.comparison import ArmComparison as ArmComparison
    from .experiments.plan import ExperimentPlan as ExperimentPlan
    from .experiments.planning import plan_experiment as plan_experiment
    from .families.contract import PurchaseFamily as PurchaseFamily
    from .families.contract import SpendFamily as SpendFamily
    from .inference.fit_report import FitReport as FitReport
    from .models.clv import CLVModel as CLVModel
    from .models.comparison import compare_models as compare_models
    from .models.drawing import posterior as posterior
    from .models.nested import LikelihoodRatioTest as LikelihoodRatioTest
    from .models.nested import likelihood_ratio_test as likelihood_ratio_test
    from .models.posterior import Posterior as Posterior
    from .models.profiles import Profile as Profile
    from .models.purchase import PurchaseModel as PurchaseModel
    from .models.saved import load_model as load_model
    from .models.spend import SpendModel as SpendModel
    from .reports.report import report as report
    from .scoring import spark as spark
    from .scoring.forecast import forecast as forecast
    from .scoring.score import ScoreReport as ScoreReport
    from .scoring.score import score as score
    from .scoring.simulated_log import SimulatedLog as SimulatedLog
    from .scoring.simulated_log import simulate_log as simulate_log
    from .transactions.databases import Database as Database
    from .transactions.discrete import discrete_summary as discrete_summary
    from .transactions.holdout import calibration_holdout as calibration_holdout
    from .transactions.patterns import Patterns as Patterns
    from .transactions.patterns import patterns as patterns
    from .transactions.statement import summary_sql as summary_sql
    from .transactions.summarize import rfm_summary as rfm_summary
    from .transactions.summarize import summarize as summarize
    from .transactions.systems.reading_logs import read_log as read_log
    from .transactions.systems.system_log import SystemLog as SystemLog
    from .transactions.update import update_summary as update_summary
    from .validation.backtest import Backtest as Backtest
    from .validation.backtest import backtest as backtest
    from .validation.check_forecast import ForecastCheck as ForecastCheck
    from .validation.check_forecast import check_forecast as check_forecast
    from .validation.drift import Drift as Drift
    from .validation.drift import drift as drift
    from .validation.result import Validation as Validation
    from .validation.validate import validate as validate

_HOME = {
    "from_clvtools": "compat.clvtools_models",
    "LifetimesFitters": "compat.lifetimes_models",
    "from_lifetimes": "compat.lifetimes_models",
    "to_lifetimes": "compat.lifetimes_models",
    "CrossCheck": "compat.cross_check_result",
    "cross_check": "compat.cross_checks",
    "from_pymc_marketing": "compat.pymc_marketing_models",
    "load_cdnow": "datasets",
    "load_donations": "datasets",
    "compare_clv_methods": "economics.method_comparison",
    "customer_equity": "economics.equity",
    "what_if": "economics.what_if_result",
    "ClvError": "errors",
    "ClvWarning": "errors",
    "InvalidInput": "errors",
    "NotAvailable": "errors",
    "NotEnoughData": "errors",
    "NotFitted": "errors",
    "UnitMismatch": "errors",
    "UnreadableModel": "errors",
    "compare_arms": "experiments.comparing_arms",
    "ArmComparison": "experiments.comparison",
    "ExperimentPlan": "experiments.plan",
    "plan_experiment": "experiments.planning",
    "PurchaseFamily": "families.contract",
    "SpendFamily": "families.contract",
    "FitReport": "inference.fit_report",
    "CLVModel": "models.clv",
    "LikelihoodRatioTest": "models.nested",
    "compare_models": "models.comparison",
    "likelihood_ratio_test": "models.nested",
    "posterior": "models.drawing",
    "Posterior": "models.posterior",
    "Profile": "models.profiles",
    "PurchaseModel": "models.purchase",
    "load_model": "models.saved",
    "SpendModel": "models.spend",
    "report": "reports.report",
    "forecast": "scoring.forecast",
    "score": "scoring.score",
    "ScoreReport": "scoring.score",
    "Database": "transactions.databases",
    "SimulatedLog": "scoring.simulated_log",
    "simulate_log": "scoring.simulated_log",
    "discrete_summary": "transactions.discrete",
    "calibration_holdout": "transactions.holdout",
    "Patterns": "transactions.patterns",
    "patterns": "transactions.patterns",
    "rfm_summary": "transactions.summarize",
    "summary_sql": "transactions.statement",
    "summarize": "transactions.summarize",
    "SystemLog": "transactions.systems.system_log",
    "read_log": "transactions.systems.reading_logs",
    "update_summary": "transactions.update",
    "Backtest": "validation.backtest",
    "backtest": "validation.backtest",
    "Validation": "validation.result",
    "validate": "validation.validate",
    "ForecastCheck": "validation.check_forecast",
    "check_forecast": "validation.check_forecast",
    "Drift": "validation.drift",
    "drift": "validation.drift",
}

_MODULES = {
    "economics": "economics",
    "plots": "plots",
    "spark": "scoring.spark",
    "validation": "validation",
}

# its names are other packages': offered, but not among this package's own
_COMPAT = "compat"

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module(f"{__name__}.versions").version_of(__name__)
    if name == _COMPAT:
        return import_module(f"{__name__}.{name}")
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, _COMPAT, "__version__"]
