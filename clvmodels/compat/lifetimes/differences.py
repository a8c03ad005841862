"""Where lifetimes 0.11.3 is wrong, or stops, and this package does not do as it does.

The table below is the one of the documentation; what changes a number or an error is also told, once, when it is met.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import ClvWarning


class LifetimesDifference(ClvWarning):
    """A number here is not the one that lifetimes gives, or there is one where it gives none."""


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes
    ----------
    names
        What it concerns, as lifetimes calls it.
    there
        What lifetimes 0.11.3 does.
    here
        What is done here instead, and what to do about it.
    told
        Whether a warning says so when it is met: not where nothing comes out otherwise.
    """

    names: str
    there: str
    here: str
    told: bool = True


DIFFERENCES: Mapping[str, Difference] = {
    "holdout_spend": Difference(
        "`calibration_and_holdout_data`: `monetary_value_holdout`",
        "averages the lines of the log",
        "is the mean of the period totals, as `monetary_value_cal` is: lines of one period are one purchase",
    ),
    # drawing
    "expected_repeat_purchases": Difference(
        "`plot_expected_repeat_purchases`",
        "stops with matplotlib 3.8 and newer (`prop_cycler`)",
        "is drawn, on the Axes that it is given",
    ),
    "history_alive": Difference(
        "`plot_history_alive`",
        "stops with pandas 2 and newer (sums of dates, `fillna(method=)`), and drew on the current Axes whatever `ax` "
        "was, in a look of its own whatever else was passed",
        "is drawn, on the Axes and in the look that it is given",
    ),
    "period_transactions_weights": Difference(
        "`plot_period_transactions` of weighted rows",
        "counts each row as one customer",
        "counts each row as the customers that its weight says",
    ),
    "rate_heterogeneity_suptitle": Difference(
        "`plot_transaction_rate_heterogeneity`: `suptitle`",
        "writes its own, whatever is passed",
        "is what was passed",
    ),
    "dropout_rate_heterogeneity": Difference(
        "`plot_dropout_rate_heterogeneity` of Pareto/NBD",
        "stops: there is no dropout probability",
        "is the density of the dropout rate mu",
    ),
    "axes_written_on": Difference(
        "plots with `ax=`",
        "writes title, labels and legend on the current Axes, whichever those are",
        "is all on the Axes that were given",
        told=False,
    ),
    # fitters
    "variance_matrix": Difference(
        "`variance_matrix_`",
        "multiplies the inverse Hessian of the log-parameters with the square of the column's parameter only, so that "
        "it is not symmetric; the diagonal, from which standard errors come, is right",
        "is θ_i θ_j cov(ln θ_i, ln θ_j)",
    ),
    "pareto_errors": Difference(
        "`ParetoNBDFitter`: `variance_matrix_`, `standard_errors_`, `confidence_intervals_`, `summary`",
        "has none (AttributeError)",
        "has them, from the curvature at the optimum",
    ),
    "pmf_of_no_time": Difference(
        "`ParetoNBDFitter.conditional_probability_of_n_purchases_up_to_time`: t ≤ 0",
        "gives 0 for every n",
        "is 1 for n = 0 and 0 otherwise: no time, no purchase",
    ),
    "negative_time": Difference(
        "expected numbers of purchases: t < 0",
        "gives negative numbers",
        "is 0: there is no purchase in no time",
    ),
}

_TOLD: set[str] = set()


def tell(key: str, detail: str = "") -> None:
    """Warn of a difference by its key, once in a process, pointing at the line outside this package.

    ``detail`` is what was met this time, a half-sentence: how many customers, which value.
    """
    if key in _TOLD:
        return
    difference = DIFFERENCES[key]
    met = f" ({detail})" if detail else ""
    message = f"{difference.names.replace('`', '')}: lifetimes {difference.there}; here it {difference.here}{met}"
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "clvmodels":
        level, frame = level + 1, frame.f_back
    _TOLD.add(key)
    warnings.warn(message, LifetimesDifference, stacklevel=level)
