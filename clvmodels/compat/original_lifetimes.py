"""The package lifetimes itself, where it is installed: its fits and formulas for a cross-check."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import NotAvailable
from ..numerics.arrays import Array
from .lifetimes.lifetime_value import FREQ, MONTH_IN
from .other_packages import Columns, Found, OtherPackage, Parameters, paid, quiet, timed, told

# families, and lifetimes' classes of them
FITTERS = {
    "bg_nbd": "BetaGeoFitter",
    "mbg_nbd": "ModifiedBetaGeoFitter",
    "pareto_nbd": "ParetoNBDFitter",
    "bg_bb": "BetaGeoBetaBinomFitter",
    "gamma_gamma": "GammaGammaFitter",
}
_NAMES = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "mbg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
    "bg_bb": ("alpha", "beta", "gamma", "delta"),
    "gamma_gamma": ("p", "q", "v"),
}
_STATISTICS = ("frequency", "recency", "T")
_GRADIENT = "a quasi-Newton search from fixed starting values, which ends where the function hardly changes any more"
_SEARCHING = dict.fromkeys(FITTERS, _GRADIENT) | {
    "pareto_nbd": "a search without derivatives (Nelder-Mead) from a random start, which ends where its steps are small"
}

# what lifetimes takes for a month, and its letters for the units of time that it knows
MONTHS = {unit: (letter, MONTH_IN[unit]) for letter, unit in FREQ.items()}


def load(seed: int) -> OtherPackage:
    """The package, or NotAvailable with what to do; ``seed`` is for the random start of its Pareto/NBD."""
    package = imported("a cross-check")

    def fit(family: str, columns: Columns) -> Found:
        def estimate() -> dict[str, float]:
            fitter = _fitter(package, family)
            with _drawn(seed):
                fitter.fit(*(columns[name] for name in _statistics(family)))
            return {name: float(fitter.params_[name]) for name in _NAMES[family]}

        return timed(estimate)

    def log_likelihood(family: str, parameters: Parameters, columns: Columns) -> float:
        """Its objective is minus the mean over customers (Pareto/NBD: the sum), in time rescaled to a longest T of 1.

        Time rescaled by c shifts ln L of a customer by −x·ln c.
        """
        fitter, theta = _fitter(package, family), np.array([parameters[name] for name in _NAMES[family]])
        rows, shift = [columns[name] for name in _statistics(family)], 0.0
        ones, lengths = np.ones(len(rows[0])), ("alpha", "beta") if family == "pareto_nbd" else ("alpha",)
        if family in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
            scale = 1.0 / float(rows[2].max())
            rows[1:] = [rows[1] * scale, rows[2] * scale]
            theta = theta * [scale if name in lengths else 1.0 for name in _NAMES[family]]
            shift = float(rows[0].sum()) * np.log(scale)
        whole = family == "pareto_nbd"
        with quiet():
            negative = fitter._negative_log_likelihood(theta if whole else np.log(theta), *rows, ones, 0.0)
        return -float(negative) * (1 if whole else len(ones)) + shift

    def expected_purchases(family: str, parameters: Parameters, columns: Columns, horizon: float) -> Array:
        fitter = _known(package, family, parameters)
        with quiet():
            return _row_by_row(fitter.predict(horizon, *(columns[name] for name in _STATISTICS)))

    def p_alive(family: str, parameters: Parameters, columns: Columns) -> Array:
        fitter, ahead = _known(package, family, parameters), (0,) if family == "bg_bb" else ()
        with quiet():
            return _row_by_row(fitter.conditional_probability_alive(*ahead, *(columns[name] for name in _STATISTICS)))

    def expected_spend(parameters: Parameters, columns: Columns) -> Array:
        fitter = _known(package, "gamma_gamma", parameters)
        with quiet():
            return _row_by_row(fitter.conditional_expected_average_profit(columns["frequency"], paid(columns)))

    def value(
        family: str, parameters: Parameters, spend: Parameters, columns: Columns, months: int, rate: float, unit: str
    ) -> Array:
        import pandas as pd

        rows = [pd.Series(values) for values in (*(columns[name] for name in _STATISTICS), paid(columns))]
        buying, paying = _known(package, family, parameters), _known(package, "gamma_gamma", spend)
        with quiet():
            return _row_by_row(
                paying.customer_lifetime_value(buying, *rows, time=months, discount_rate=rate, freq=MONTHS[unit][0])
            )

    return OtherPackage(
        name="lifetimes",
        version=str(package.__version__),
        families=tuple(FITTERS),
        fit=fit,
        expected_purchases=expected_purchases,
        p_alive=p_alive,
        expected_spend=expected_spend,
        log_likelihood=log_likelihood,
        value=value,
        searching=_SEARCHING,
    )


def imported(what: str) -> Any:
    """The real package, imported without leaving a trace in pandas' options or the filters of warnings.

    Raises
    ------
    NotAvailable
        If it is not installed, breaks off (it is archived, and most of its releases know nothing of today's NumPy), or
        something else has its name; ``what`` it is needed for begins the message.
    """
    import pandas as pd

    with quiet():
        before = pd.options.mode.chained_assignment if "lifetimes" not in sys.modules else None
        try:
            package = import_module("lifetimes")
        except Exception as error:  # another package may raise anything
            if isinstance(error, ImportError) and (error.name or "lifetimes") == "lifetimes":
                why = 'is not installed. pip install "clvmodels[lifetimes]" installs it'
            else:
                why = (
                    f"cannot be imported here. {told(error)} "
                    'pip install --force-reinstall "clvmodels[lifetimes]" installs a release that can be'
                )
            raise NotAvailable(f"{what} needs the package lifetimes, which {why}") from None
        finally:
            if before is not None:
                pd.options.mode.chained_assignment = before
    if str(getattr(package, "__name__", "")).split(".")[0] == "clvmodels":
        raise NotAvailable(
            "lifetimes is this package's own stand-in here, for clvmodels.compat.lifetimes.install() was called: "
            f"{what} needs the real package, so run it in another process, without install()"
        )
    missing = [name for name in (*FITTERS.values(), "__version__") if not hasattr(package, name)]
    if missing:
        raise NotAvailable(
            f"{what} needs the package lifetimes, and what is imported by that name, from "
            f"{str(getattr(package, '__file__', None))[:200]}, is another or an old one: it has no {missing[0]}. "
            'Rename a file of your own that is called so, or pip install --upgrade "clvmodels[lifetimes]"'
        )
    return package


def _statistics(family: str) -> tuple[str, ...]:
    return ("frequency", "monetary_value") if family == "gamma_gamma" else _STATISTICS


def _fitter(package: Any, family: str) -> Any:
    return getattr(package, FITTERS[family])()


def _known(package: Any, family: str, parameters: Parameters) -> Any:
    """A fitter that was given parameters."""
    import pandas as pd

    fitter = _fitter(package, family)
    fitter.params_ = pd.Series({name: parameters[name] for name in _NAMES[family]})
    if family != "gamma_gamma":
        fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    return fitter


def _row_by_row(values: Any) -> Array:
    return np.asarray(values, dtype=np.float64)


@contextlib.contextmanager
def _drawn(seed: int) -> Iterator[None]:
    """Random starts from a seed; afterwards NumPy's own stream goes on as though nothing had been drawn."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
