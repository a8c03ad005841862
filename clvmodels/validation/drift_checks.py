"""What `drift` holds against the model: means over customers beside their expectations, each in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ..families.contract import PurchaseFamily
from ..inference.patterns import Patterns
from ..models.fitted import Fitted
from ..models.spend import SpendModel
from ..numerics.arrays import Array, map_blocks
from . import same_age
from .same_age import Deviation, Score, Simulations

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 100  # customers, so that a mean is about normal
P_VALUE = 0.001  # of at most ten such checks: at most 1 % of false alarms
_Z = 3.2905  # the two-sided normal quantile of P_VALUE
_LIKELIHOOD, _SHARE, _POINTS, _PARAMETERS, _PACE = 0.1, 0.05, 0.02, 0.05, 0.1  # effects that matter


@dataclass(frozen=True)
class Check:
    """One mean over customers beside its expectation.

    Attributes
    ----------
    name, actual, expected
        As in the table of checks.
    effect, standard_error
        How far apart they are, and by how much chance alone would put them apart.
    z, p_value, margin
        See `clvmodels.drift`.
    sentence
        What there is to say, without the test.
    """

    name: str
    actual: float
    expected: float
    effect: float
    standard_error: float
    z: float
    p_value: float
    margin: float
    sentence: str

    @property
    def alarm(self) -> bool:
        """More than chance, and large enough to matter."""
        return self.p_value < P_VALUE and abs(self.effect) >= self.margin

    @property
    def detectable(self) -> float:
        """The size of effect that raises an alarm in about half of all cases."""
        return max(self.margin, _Z * self.standard_error)

    @property
    def line(self) -> str:
        """The sentence, and how it was judged."""
        small = self.p_value < P_VALUE and not self.alarm
        judged = "ALARM" if self.alarm else "more than chance, but small" if small else "within chance"
        return f"{self.sentence}: {judged} (z = {self.z:.2f}, p = {self.p_value:.2g})"


def table_of(checks: Sequence[Check]) -> pd.DataFrame:
    """One row a check."""
    import pandas as pd

    names = ("actual", "expected", "effect", "standard_error", "z", "p_value", "margin", "detectable", "alarm")
    return pd.DataFrame([{"check": check.name, **{name: getattr(check, name) for name in names}} for check in checks])


def purchase_checks(family: PurchaseFamily, state: Fitted, patterns: Patterns, simulated: Simulations) -> list[Check]:
    """The log-likelihood, the number of purchases, and the share who never came back."""
    weights, (x, _, T) = patterns.weights, patterns.columns
    n, ages = float(weights.sum()), simulated.ages
    covariance, values = same_age.covariance_of(state), state.values
    held: dict[str, Any] = {"n_customers": n, "gradients": simulated.gradients, "covariance": covariance}

    def mean(each: Array) -> float:
        return float(weights @ each) / n

    value, gradient = family.log_likelihood(*patterns.columns, *values)
    score = same_age.score_of(gradient @ weights / n, **held)
    own = same_age.surprise(family, x, T, value)
    likelihood = same_age.deviation(mean(own), simulated=simulated.values["log_likelihood"], **held)
    bought = same_age.deviation(
        mean(x),
        simulated=simulated.values["frequency"],
        exact=float(np.mean(family.expected_purchases(ages, *values))),
        **held,
    )
    never = None if family.purchase_pmf is None else float(np.mean(family.purchase_pmf(0.0, ages, *values)))
    silent = same_age.deviation(
        mean(x == 0), simulated=(simulated.values["frequency"] == 0).astype(np.float64), exact=never, **held
    )
    share = bought.actual / bought.expected - 1 if bought.expected > 0 else math.nan
    return [
        _of_parameters("parameters", "purchases", score, n),
        *_of_pace(family, score),
        _of_likelihood("log_likelihood", "purchases", likelihood),
        _check(
            "purchases",
            bought,
            share,
            bought.standard_error / bought.expected if bought.expected > 0 else math.nan,
            _SHARE,
            f"customers made {n * bought.actual:,.0f} repeat purchases, the model expects {n * bought.expected:,.0f} "
            f"({share:+.1%})",
            times=n,
        ),
        _check(
            "no_repeat",
            silent,
            silent.actual - silent.expected,
            silent.standard_error,
            _POINTS,
            f"{silent.actual:.1%} of customers never came back, the model expects {silent.expected:.1%}",
        ),
    ]


def spend_checks(model: SpendModel, state: Fitted, x: Array, mean: Array, simulated: Simulations) -> list[Check]:
    """The log-likelihood of mean spend given x, and its geometric mean; ``x`` and ``mean`` are above 0."""
    family, values = model.family, state.values
    held: dict[str, Any] = {
        "n_customers": float(len(x)),
        "gradients": simulated.gradients,
        "covariance": same_age.covariance_of(state),
    }

    def block(x: Array, mean: Array) -> Array:
        value, gradient = family.log_likelihood(x, mean, *values)
        return np.vstack([value + np.log(mean), gradient])

    own, *gradient = np.concatenate(map_blocks(block, (x, mean), len(x)), axis=1)
    likelihood = same_age.deviation(float(own.mean()), simulated=simulated.values["log_likelihood"], **held)
    score = same_age.score_of(np.mean(gradient, axis=1), **held)
    typical = same_age.deviation(float(np.log(mean).mean()), simulated=simulated.values["log_spend"], **held)
    share = math.expm1(typical.actual - typical.expected)
    shown = typical._replace(actual=math.exp(typical.actual), expected=math.exp(typical.expected))
    finite = family.population_mean_is_finite(*values)
    population = f"{family.population_mean(*values):,.2f}" if finite else "infinite"
    return [
        _of_parameters("spend_parameters", "spend", score, len(x)),
        _of_likelihood("spend_log_likelihood", "spend", likelihood),
        _check(
            "spend",
            typical,
            share,
            typical.standard_error,
            _SHARE,
            f"customers spend {shown.actual:,.2f} a repeat purchase (geometric mean), the model expects "
            f"{shown.expected:,.2f} ({share:+.1%}; the plain mean is {float(mean.mean()):,.2f}, that of the model's "
            f"population {population})",
            shown=shown,
        ),
    ]


def _of_parameters(name: str, what: str, score: Score, n_customers: float) -> Check:
    """z is the normal one of the same p-value."""
    effect, p_value = score.size, score.p_value
    z = float(-special.ndtri(p_value / 2))
    gain = n_customers * effect**2 / 2
    return Check(
        name,
        actual=effect,
        expected=0.0,
        effect=effect,
        standard_error=math.nan,
        z=z,
        p_value=p_value,
        margin=_PARAMETERS,
        sentence=f"other parameters would fit the {what} better, by a log-likelihood of {gain:.1f}",
    )


def _of_pace(family: PurchaseFamily, score: Score) -> list[Check]:
    """How much faster or slower customers buy, everything else as it was: λ ~ Gamma(r, alpha), so 1/alpha is a pace."""
    if "alpha" not in family.time_parameters:
        return []
    along = np.array([-1.0 if name == "alpha" else 0.0 for name in family.parameters])
    moved, error = score.moved(along)
    if not math.isfinite(moved):
        return []
    found = Deviation(moved, 0.0, math.nan, error)
    faster = math.expm1(moved)
    way = "faster" if faster > 0 else "more slowly"
    text = f"if nothing but their pace has changed, customers buy {abs(faster):.1%} {way} than the model says"
    return [Check("pace", math.exp(moved), 1.0, faster, error, found.z, found.p_value, _PACE, text)]


def _of_likelihood(name: str, what: str, found: Deviation) -> Check:
    gap = found.actual - found.expected
    effect = gap / found.spread if found.spread > 0 else math.nan
    return _check(
        name,
        found,
        effect,
        found.standard_error / found.spread if found.spread > 0 else math.nan,
        _LIKELIHOOD,
        f"the mean log-likelihood of a customer's {what} is {found.actual:.3f}, the model expects {found.expected:.3f} "
        f"({effect:+.2f} standard deviations of one customer's)",
    )


def _check(
    name: str,
    found: Deviation,
    effect: float,
    error: float,
    margin: float,
    sentence: str,
    times: float = 1.0,
    shown: Deviation | None = None,
) -> Check:
    told = shown or found
    return Check(
        name,
        times * told.actual,
        times * told.expected,
        effect,
        error,
        found.z,
        found.p_value,
        margin,
        sentence,
    )
