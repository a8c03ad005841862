"""What a customer not yet acquired is worth: of the whole base, and of every channel or cohort by partial pooling."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, warn
from ..families.contract import PurchaseFamily, SpendFamily
from ..inference.partial_pooling import MOST
from ..models import questions, statistics
from ..models.cash_flows import money
from ..models.clv import CLVModel
from ..models.given_models import clv_model
from ..models.predictive.intervals import checked_interval
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import numbers, one_or_endless
from ..numerics.arrays import Array, Positions
from ..units import units_per_year
from . import given_numbers as given
from .cash_curves import margin_of_new
from .expected_worth import Terms, blocks_of, ends, joined, weights, worth
from .groups import ALL, Groups, groups_of
from .new_customer_result import NewCustomerValues
from .pooled_groups import Part, pooled_part

if TYPE_CHECKING:
    import pandas as pd

_OF = "purchases", "spend", "first amounts"
_SHORT = 0.5  # of the horizon: a group watched for less is told of


def value_of_new_customer(
    model: CLVModel,
    *,
    horizon: float | None = None,
    annual_discount_rate: float | None = None,
    margin: float | None = None,
    first_purchase: bool = True,
) -> float:
    """Value, at his first purchase, of one customer who is yet to be acquired.

    margin · (E[M] + E[M] · ∫ over (0, horizon] of e^(-delta·u) dE[X(u)]), delta = ln(1 + annual_discount_rate) per
    year: his first purchase now, and the repeats X that the purchase model expects of somebody of whom nothing else is
    known. E[M] is the mean spend per purchase over all customers; spend models are fitted on repeat purchases, so that
    the first one is taken to be worth as much as they are. What it cost to acquire him is not taken off.

    Parameters
    ----------
    model
        A `CLVModel` with parameters.
    horizon
        From the first purchase, in the model's time unit; None for one year, inf for the whole lifetime.
    annual_discount_rate, margin
        Instead of the model's.
    first_purchase
        Whether the first purchase is in it; with False it is the value of the repeats alone.

    Raises
    ------
    NotFitted, InvalidInput
        If the model has no parameters, or the horizon, rate or margin cannot be used.

    Warns
    -----
    ClvWarning
        If it is infinite, or the margin is above 1.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005), RFM and CLV: Using Iso-Value Curves for Customer Base
    Analysis. Journal of Marketing Research 42(4), 415-430.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    >>> purchases = clv.PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    >>> model = clv.CLVModel(purchases, spend, margin=0.30)
    >>> round(clv.economics.value_of_new_customer(model), 2)  # 0.3 · 35.22 · (1 + 1.419)
    25.56
    >>> round(clv.economics.value_of_new_customer(model, first_purchase=False), 2)
    14.99
    """
    clv_model(model)
    new = model.purchases.new_customer()
    factor = margin_of_new(model, margin)
    unit = model.purchases._unit
    ahead = units_per_year(unit) if horizon is None else one_or_endless(horizon)
    rate = model.annual_discount_rate if annual_discount_rate is None else annual_discount_rate
    counts = np.asarray(checked_first(first_purchase) + float(new.discounted_expected_purchases(ahead, rate)))
    mean = model.spend.population_mean
    if np.isinf(mean) and counts > 0 and factor != 0:
        warn(f"the mean spend of all customers is infinite at {model.spend!r}, and so is what a new one is worth")
    return float(money(counts, np.asarray(mean), factor))


def new_customer_value(
    summary: Any,
    by: Any = None,
    *,
    purchases: str | PurchaseFamily | PurchaseModel = "pareto_nbd",
    spend: str | SpendFamily | SpendModel = "gamma_gamma",
    horizon: float | None = None,
    annual_discount_rate: float = 0.10,
    margin: float | str = 1.0,
    first_purchase: bool | str = True,
    pooling: float | None = None,
    interval: float = 0.90,
    time_unit: str | None = None,
) -> NewCustomerValues:
    """Value of a customer not yet acquired, by channel, cohort or any other group, small groups leaning on the whole.

    For group g it is margin · (F_g + E[M | g] · ∫ over (0, horizon] of e^(-delta·u) dE[X(u) | g]): the first purchase
    now, and the repeats of the first ``horizon`` after it, whatever the age at which the group was seen. So a cohort of
    last month and one of last year are compared over the same time from acquisition; what the young one cannot show
    yet comes from the others.

    Each group has parameters of its own, ln θ_g ~ N(μ, diag(τ²)), μ those fitted to all customers. τ_j, how much groups
    differ in ln θ_j, is learnt from the groups (empirical Bayes: marginal likelihood by Laplace's method, with a weak
    prior against τ_j = 0), and θ_g is the mode given the group's own customers: its own fit if it is large, the whole's
    if it is small, in between by what its customers tell.

    Parameters
    ----------
    summary
        One row a customer: the columns that both models read (frequency, recency, T, monetary_value).
    by
        A column's name; one value a row, as a Series or array; or a dict or a frame of two columns that gives each
        customer_id its group. Customers without one are the group "(no group)". None: all customers alone.
    purchases, spend
        A family's name or value, or a model: a fitted one is not fitted again, its parameters are the whole's.
    horizon
        From the first purchase, in the summary's time unit; None for one year, inf (with a rate above 0) for the whole
        lifetime.
    annual_discount_rate
        0.10 for 10 % a year.
    margin
        A number, or a column of the summary, whose mean over the group's customers is then the group's margin.
    first_purchase
        True: F_g = E[M | g], the mean spend of *repeat* purchases, which is what the spend model is fitted on. False:
        F_g = 0, the repeats alone. A column's name, such as ``"first_amount"`` of a summary made with keep_state=True:
        the mean of that column over the group's customers, pooled in the same way.
    pooling
        τ of every log-parameter instead of learning it: 0 makes all groups the whole (complete pooling), 0.3 lets them
        differ by a factor of about 1.35; the larger, up to 3, the less is borrowed.
    interval
        Probability of the intervals, such as 0.9. They are of the *expected* value, that is of the average over many
        customers; a single customer varies far more. τ is taken as known: in forty simulated worlds each of ten unequal
        groups that differ not at all, by 0.2 and by 0.4 in ln θ_j, intervals of 90 % held 98, 92 and 93 % of the true
        values.
    time_unit
        Where the summary does not say it.

    Returns
    -------
    NewCustomerValues
        ``table`` has a row a group, sorted, and a last row "all".

    Raises
    ------
    NotEnoughData, UnitMismatch, InvalidInput
        As `CLVModel.fit`, and if groups, horizon, rate, margin, first_purchase, pooling or interval cannot be used.

    Warns
    -----
    ClvWarning
        If the fit to all customers is not to be trusted, or a margin is above 1.

    References
    ----------
    Efron, B. and Morris, C. (1973), Stein's Estimation Rule and Its Competitors: An Empirical Bayes Approach. Journal
    of the American Statistical Association 68(341), 117-130; (1975), Data Analysis Using Stein's Estimator and Its
    Generalizations, 70(350), 311-319. Carlin, B. P. and Louis, T. A. (2000), Bayes and Empirical Bayes Methods for Data
    Analysis, 2nd ed., chapter 3. Chung, Y. et al. (2013), A Nondegenerate Penalized Likelihood Estimator for Variance
    Parameters in Multilevel Models. Psychometrika 78(4), 685-709.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> cohorts = clv.economics.cohorts_of(summary)
    >>> found = clv.economics.new_customer_value(summary, cohorts, purchases="bg_nbd", margin=0.30)
    >>> print(found.table[["group", "customers", "value", "value_unpooled", "weight"]].round(2).to_string(index=False))
      group  customers  value  value_unpooled  weight
    1997-01        781  25.70           25.93    0.72
    1997-02        857  25.08           25.24    0.73
    1997-03        719  24.91           24.35    0.68
        all       2357  25.24           25.24    1.00
    """
    checked_interval(interval)
    tau = _checked_pooling(pooling)
    if not isinstance(first_purchase, str):
        checked_first(first_purchase)
    frame = frames.load(summary)
    whole = CLVModel(purchases, spend, annual_discount_rate, margin, time_unit).fit(frame)
    unit, frame, columns = whole._read(frame)
    ahead = units_per_year(unit) if horizon is None else one_or_endless(horizon)
    delta = questions.continuous_rate(annual_discount_rate, unit, ahead)
    if delta == 0 and math.isinf(ahead):
        raise InvalidInput(
            "a whole lifetime without discounting can be worth infinitely much: give annual_discount_rate above 0, or "
            "a finite horizon"
        )
    found = _groups(frame, by)
    parts = [_of_purchases(whole, columns, found, tau), _of_spend(whole, columns, found, tau)]
    if isinstance(first_purchase, str):
        parts.append(_of_first(frame, first_purchase, found, tau))
    how = "amount" if len(parts) == 3 else "spend" if first_purchase else "none"
    terms = Terms(whole.purchases.family, whole.spend.family, ahead, delta, how)
    return NewCustomerValues(
        table=_table(frame, columns, found, parts, terms, margin, float(interval)),
        parameters=_parameters(found, parts[:2]),
        spread={name: float(value) for part in parts for name, value in zip(part.names, part.spread, strict=True)},
        whole=whole,
        horizon=ahead,
        time_unit=unit,
        interval=float(interval),
        first_purchase=first_purchase,
        notes=found.notes,
    )


def checked_first(first_purchase: Any) -> bool:
    """Whether the first purchase counts.

    >>> checked_first(True)
    True
    """
    if not isinstance(first_purchase, (bool, np.bool_)):
        raise InvalidInput(f"first_purchase must be True or False; found {str(first_purchase)[:40]!r}")
    return bool(first_purchase)


def _checked_pooling(pooling: Any) -> float | None:
    if pooling is None:
        return None
    value = numbers(pooling, "pooling must be a number, how much ln of a parameter differs between groups")
    if value.ndim or not 0 <= value <= MOST:
        raise InvalidInput(
            f"pooling must be one number from 0 (all groups are the whole) to {MOST:g} (they differ by a factor of 20, "
            f"all but unpooled); found {str(pooling)[:40]}. None learns it from the groups"
        )
    return float(value)


def _groups(frame: Any, groups: Any) -> Groups:
    if groups is None or isinstance(groups, (str, Mapping)) or frames.kind(groups):
        return groups_of(frame, groups)
    if not hasattr(groups, "__len__") or np.ndim(groups) == 0:
        raise InvalidInput(f"by must be a column's name or one value per row; found {str(groups)[:40]!r}")
    if len(groups) != frames.n_rows(frame):
        raise InvalidInput(
            f"by must have one value per row of the summary: expected {frames.n_rows(frame)}, found {len(groups)}"
        )
    return groups_of(frame, groups)


def _counts(codes: Positions, wanted: Any, groups: int) -> Array:
    return np.bincount(codes[wanted], minlength=groups)[:groups].astype(np.float64)


def _of_purchases(whole: CLVModel, columns: dict[str, Array], groups: Groups, tau: float | None) -> Part:
    family, state, n = whole.purchases.family, whole.purchases._state, len(groups.names)
    repeaters = _counts(groups.codes, columns["frequency"] > 0, n)
    own = [columns[name] for name in family.statistics]
    at = np.log(state.values), state.covariance
    return pooled_part(family.log_likelihood, family.parameters, family.limits, own, groups.codes, repeaters, at, tau)


def _of_spend(whole: CLVModel, columns: dict[str, Array], groups: Groups, tau: float | None) -> Part:
    family, state, n = whole.spend.family, whole.spend._state, len(groups.names)
    paid = (columns["frequency"] > 0) & (columns["monetary_value"] > 0)
    own, codes = [columns[name][paid] for name in family.statistics], groups.codes[paid]
    at = np.log(state.values), state.covariance
    repeaters = _counts(groups.codes, paid, n)
    return pooled_part(family.log_likelihood, family.parameters, family.limits, own, codes, repeaters, at, tau)


def _of_first(frame: Any, column: str, groups: Groups, tau: float | None) -> Part:
    """ln of the mean first amount: groups pooled by the quasi-likelihood of a gamma distribution.

    ln L = −(y/m + ln m)/φ of an amount y with mean m and variance φ m², φ as it is over all customers: the mean alone
    is learnt, whatever the distribution. Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd ed., ch. 9.
    """
    y = frames.numeric(frame, column)
    wrong = ~(np.isfinite(y) & (y >= 0))
    statistics.refuse(frame, wrong, y, column, "is what first purchases brought, and must be finite and at least 0")
    mean = float(np.mean(y)) if len(y) else 0.0
    if mean == 0:
        raise InvalidInput(
            f"{column} must be above 0 for somebody: first purchases that bring nothing have no mean spend"
        )
    scatter = max(float(np.var(y)) / mean**2, 1e-6)

    def log_likelihood(y: Array, m: Array) -> tuple[Array, Array]:
        return -(y / m + np.log(m)) / scatter, (y / m - 1)[None] / scatter

    whole = np.array([math.log(mean)]), np.array([[scatter / len(y)]])
    customers = groups.sizes.astype(np.float64)
    return pooled_part(log_likelihood, (column,), (), [y], groups.codes, customers, whole, tau)


def _table(
    frame: Any,
    columns: dict[str, Array],
    groups: Groups,
    parts: Sequence[Part],
    terms: Terms,
    margin: Any,
    level: float,
) -> pd.DataFrame:
    import pandas as pd

    def rows(of_groups: Callable[[Part], Array], of_all: Callable[[Part], Array]) -> Array:
        return joined(parts, lambda part: np.concatenate([of_groups(part), of_all(part)[None]]))

    pooled = rows(lambda part: part.points, lambda part: part.centre)
    alone = rows(lambda part: part.own, lambda part: part.centre)
    covariances = blocks_of(parts, lambda part: np.concatenate([part.covariances, part.centre_covariance[None]]))
    repeats, spend, value = worth(pooled, terms)
    fitted = np.isfinite(alone).all(axis=1)
    unpooled = np.full(len(value), np.nan)
    unpooled[fitted] = worth(alone[fitted], terms)[2]
    given = blocks_of(parts, lambda part: part.given)
    own = weights(pooled[:-1], given, np.concatenate([part.spread for part in parts]), terms)
    factor = _margins(frame, margin, groups)
    between = np.sort(factor * ends(pooled, covariances, terms, level), axis=0)
    firsts = {"none": np.zeros(len(value)), "spend": spend, "amount": np.exp(pooled[:, -1])}
    notes = _notes(columns, groups, parts, terms.horizon)
    return pd.DataFrame(
        {
            "group": pd.Series([*groups.names, ALL], dtype=object),
            "customers": np.append(groups.sizes, frames.n_rows(frame)),
            "value": factor * value,
            "low": between[0],
            "high": between[1],
            "value_unpooled": factor * unpooled,
            "expected_purchases": repeats,
            "expected_spend": spend,
            "first_purchase": firsts[terms.first],
            "margin": factor,
            "weight": np.append(own, 1.0),
            "note": [
                *notes,
                "" if np.isfinite(between[:, -1]).all() else "how sure its fit is, is not known: no interval",
            ],
        }
    )


def _margins(frame: Any, margin: Any, groups: Groups) -> Array:
    """Of each group and of all: the number, or the mean of the column."""
    factor = statistics.margins(frame, margin)
    given.warn_above_1(np.asarray(factor))
    if np.ndim(factor) == 0:
        return np.full(len(groups.names) + 1, float(factor))
    return np.append(groups.sums(factor) / groups.sizes, np.mean(factor))


def _notes(columns: dict[str, Array], groups: Groups, parts: Sequence[Part], horizon: float) -> list[str]:
    """What keeps each group from speaking for itself."""
    n = len(groups.names)
    longest = np.zeros(n) if "T" in columns else np.full(n, math.inf)
    if n and "T" in columns:
        np.maximum.at(longest, groups.codes, columns["T"])
    came = _counts(groups.codes, columns["frequency"] > 0, n)
    return [_note(parts, g, float(came[g]), float(longest[g]), horizon) for g in range(n)]


def _note(parts: Sequence[Part], g: int, came: float, longest: float, horizon: float) -> str:
    if longest == 0:
        return "not observed for any time yet, so what is told of its purchases is the whole's"
    notes = [] if came else ["nobody came back yet"]
    why: dict[str, list[str]] = {}
    for what, part in zip(_OF, parts, strict=False):
        if came and part.reasons[g]:
            why.setdefault(part.reasons[g], []).append(what)
    notes += [f"no fit of its own of {' and '.join(of)}: {reason}" for reason, of in why.items()]
    if longest < _SHORT * horizon:
        notes.append(f"watched for at most {longest:.4g} of {horizon:.4g}")
    return "; ".join(notes)


def _parameters(groups: Groups, parts: Sequence[Part]) -> pd.DataFrame:
    import pandas as pd

    points = joined(parts, lambda part: np.concatenate([part.points, part.centre[None]]))
    index = pd.Index([*groups.names, ALL], dtype=object, name="group")
    return pd.DataFrame(np.exp(points), columns=[name for part in parts for name in part.names], index=index)
