"""What a customer of each arm will have been worth at a horizon, and how sure that is."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import frames
from ..errors import NotAvailable, NotEnoughData, UnitMismatch, warn
from ..families.contract import PurchaseFamily
from ..inference.influence import curvature_at, scores_along, slopes, sums_of_products
from ..inference.patterns import Patterns, indexed
from ..models import questions, statistics
from ..models.cash_flows import money
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import one_or_endless
from ..numerics.arrays import Array, Positions
from ..validation.words import counted
from .arm_values import ArmValues
from .estimates import Estimates

Theta = tuple[float, ...]

_ONE = np.ones(1)  # share × 1 × what is expected: nothing where the share is nothing
ONLY_IN_PART = (
    "Go by what was observed: the projection reads the whole history of each customer, from before the start too, and "
    "so shows a change that lasts only in part, and lets one go on in part that does not."
)
_LONGER = 1.1  # times the age since the start: histories that began before it


class Ahead(NamedTuple):
    """The customers who have a history, as far as purchases to come depend on it: every distinct row once.

    ``history`` are the statistics of P(alive) and of the likelihood; ``future`` those on which the purchases of
    somebody alive depend, with the time that is left to the horizon.
    """

    history: tuple[Array, ...]
    of_customer: Positions
    future: tuple[Array, ...]
    left: Array
    of_history: Positions
    customers: Array  # behind each row of history


class Together(NamedTuple):
    """Means of k arms that share their parameters, and what n customers have to do with them.

    ``influence``, of shape (k, n), is what each customer moves each mean by, per unit of weight; ``loose``, of shape
    (k,), how far a mean moves along a unit of what the customers do not determine.
    """

    means: Array
    sizes: Array
    influence: Array
    loose: Array
    notes: tuple[str, ...]


def projected(values: ArmValues, model: CLVModel, horizon: Any, *, per_arm: bool) -> Estimates:
    """Mean value per customer of each arm from his start to the horizon: what was seen, and what is expected.

    With a the time since the customer's own start and h the horizon his value is

        V = so far + e^(-delta·a) · margin · E[M | m_x, x] · ∫ over (0, h − a] of e^(-delta·u) dE[purchases in
        (T, T + u] | history],

    discounted to his start. Somebody who has not bought yet has no history for a model to go by: to him no purchases to
    come are given. The covariance of the means holds that other customers might have come, and that these would have
    led to other parameters, by the influence of each customer (`clvmodels.inference.influence`), times n/(n − 1). It
    does not need that customers behave as the model says; the means do. In arms of some fifty customers the interval of
    one mean leans: where few big spenders came, mean and variance are both too low. Differences of arms of like size do
    not lean.

    Of a campaign to customers who had bought before, the model reads the whole history as that of one kind of
    behaviour. A change that the campaign made and that lasts is then fully in ``so far`` and only in part in what is
    expected: of an NBD with n purchases more since the start the future rises by n/(alpha + T) a time unit, not by n/a.

    Parameters
    ----------
    values
        The customers of the experiment; ``so_far`` up to the horizon, for those who are older.
    model
        What is fitted: its parts without parameters, in the time unit of ``values``. Parts that have parameters are
        taken as known. Its margin and rate are not read: those of ``values`` hold.
    horizon
        Time units after the own start; inf for ever.
    per_arm
        Whether each arm has parameters of its own (arms that brought different customers) or all arms have one set
        (arms that customers of one population were sent to), which makes their means correlated.

    Returns
    -------
    Estimates
        ``measure`` is "projected", ``freedom`` customers − 1; what to know of it stands in ``notes``.

    Raises
    ------
    NotEnoughData
        If nobody of an arm that is fitted by itself came back, or paid.
    NotAvailable
        If a mean is infinite.
    UnitMismatch, InvalidInput
        If the model is in another time unit, or the horizon or the summary cannot be used.

    Warns
    -----
    ClvWarning
        As `PurchaseModel.fit` and `SpendModel.fit` do.

    Source: Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), 415-430; Newey & McFadden
    (1994), Handbook of Econometrics 4, section 6.

    Examples
    --------
    Two arms of 600 customers who spend 25 and 35 at a purchase, seen for half a year and projected to a whole one.
    Their true means are 62.1 and 87.0:

    >>> import pandas
    >>> import clvmodels as clv
    >>> purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 1.0, "alpha": 35.0}, time_unit="week")
    >>> parts = []
    >>> for seed, v in enumerate([12.5, 17.5]):
    ...     spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": v})
    ...     log, summary = clv.CLVModel(purchases, spend).simulate(600, observation=26, seed=seed)
    ...     parts.append(summary.assign(total=log.groupby("customer_id")["amount"].sum().to_numpy()))
    >>> summary = pandas.concat(parts, ignore_index=True)
    >>> summary["customer_id"], so_far, age = range(1200), summary["total"].to_numpy(), np.full(1200, 26.0)
    >>> which, time = np.repeat([0, 1], 600), {"window": 26.0, "time_unit": "week", "observation_end": "2024-12-31"}
    >>> values = ArmValues(("old", "new"), which, age > 0, so_far, so_far, age, summary, **time, delta=0.0, margin=1.0)
    >>> found = projected(values, clv.CLVModel("nbd"), 52.0, per_arm=True)
    >>> found.means.round(1), np.sqrt(np.diag(found.covariance)).round(1)
    (array([61.2, 85.6]), array([3. , 4.5]))
    """
    ahead = one_or_endless(horizon)
    unit = model.purchases.time_unit
    if unit not in (None, values.time_unit):
        raise UnitMismatch(
            f"the model was made for time_unit={unit!r}, the experiment is in {values.time_unit!r}: leave time_unit "
            "out of the model, or compare the arms with the model's"
        )
    k = len(values.names)
    groups = [np.array([i]) for i in range(k)] if per_arm else [np.arange(k)]
    means, covariance = np.zeros(k), np.zeros((k, k))
    notes: list[str] = _of_all(values, model, ahead)
    for group in groups:
        found = together(values, model, ahead, group)
        means[group], covariance[np.ix_(group, group)] = found.means, covariance_of(found)
        notes += found.notes
        notes += [
            f"What {values.names[i]} is worth at the horizon depends on parameters that its customers do not "
            "determine, so its interval has no end: observe longer, take a simpler family, or one set of parameters "
            "for all arms."
            for i in group[np.isinf(np.diag(covariance)[group])]
        ]
    sizes = np.bincount(values.arm, minlength=k).astype(np.float64)
    return Estimates("projected", values.names, means, covariance, sizes, sizes - 1.0, tuple(notes))


def covariance_of(found: Together) -> Array:
    """Σ ψψ' over customers, times n/(n − 1) of each arm; inf where a mean hangs on what is not determined."""
    scale = np.sqrt(found.sizes / np.maximum(found.sizes - 1, 1.0))
    covariance = sums_of_products(found.influence * scale[:, None])
    undecided = found.loose > np.sqrt(np.diag(covariance))
    covariance[undecided, undecided] = np.inf
    return covariance


def together(values: ArmValues, model: CLVModel, horizon: float, group: Any) -> Together:
    """Project those arms of ``group`` (indices, rising), which share their parameters; their customers in order."""
    names, k = [values.names[i] for i in group], len(group)
    rows = np.flatnonzero(np.isin(values.arm, group))
    arm = np.searchsorted(group, values.arm[rows])
    sizes = np.bincount(arm, minlength=k).astype(np.float64)
    bought = np.flatnonzero(_has_history(values)[rows])
    frame, age = values.summary.iloc[rows[bought]], values.age[rows[bought]]
    purchases, spend, notes = _fitted(model, values.time_unit, frame, names)
    history = statistics.read(frame, purchases.family.statistics, purchases.family.time)
    paid = statistics.read(frame, spend.family.statistics)

    ahead = ahead_of(purchases.family, history, np.maximum(horizon - age, 0.0))
    _refuse_endless(horizon, values.delta, names, purchases)
    count = expected(purchases.family, ahead, values.delta, purchases._state.values)[ahead.of_customer]
    each = spend.family.expected_spend(*paid.values(), *spend._state.values)
    discount = values.margin * np.exp(-values.delta * age)
    _refuse_infinite(count, each, names, spend)
    worth = values.so_far[rows].astype(np.float64)
    worth[bought] += money(count, each, discount)
    means = np.bincount(arm, weights=worth, minlength=k) / sizes

    influence = np.where(arm == np.arange(k)[:, None], (worth - means[arm]) / sizes[arm], 0.0)
    share = np.where(arm[bought] == np.arange(k)[:, None], discount / sizes[arm[bought]], 0.0)
    open_ = np.zeros(k)  # how far a mean moves along what the data do not determine
    if model.purchases._fitted is None:
        moved, loose = _through_purchases(purchases, ahead, values.delta, money(each, _ONE, share))
        influence[:, bought] += moved[:, ahead.of_customer]
        open_ = np.maximum(open_, loose)
    if model.spend._fitted is None:
        payers, moved, loose = _through_spend(spend, paid, money(count, _ONE, share))
        influence[:, bought[payers]] += moved
        open_ = np.maximum(open_, loose)
    return Together(means, sizes, influence, open_, tuple(notes))


def ahead_of(family: PurchaseFamily, history: Mapping[str, Array], left: Array) -> Ahead:
    """Merge customers with equal histories and equal time left, and histories with equal futures.

    >>> from clvmodels.families import purchase_family
    >>> x, zero = np.array([1.0, 1.0, 1.0]), np.zeros(3)
    >>> found = ahead_of(purchase_family("nbd"), {"frequency": x, "recency": np.array([3.0, 5.0, 3.0]), "T": x + 8}, x)
    >>> found.customers, len(found.left)
    (array([2., 1.]), 1)
    """
    if not len(left):
        nothing = np.zeros(0, dtype=np.intp)
        return Ahead(tuple(history.values()), nothing, tuple(history.values()), left, nothing, left)
    rows, of_customer = indexed((*history.values(), left))
    known = family.statistics if family.statistics_ahead is None else family.statistics_ahead
    places = [family.statistics.index(name) for name in known]
    future, of_history = indexed([*(rows[i] for i in places), rows[-1]])
    spread = dict(zip(known, future[:-1], strict=True))
    zeros = np.zeros(len(future[-1]))  # of what the future does not depend on
    columns = tuple(spread.get(name, zeros) for name in family.statistics)
    customers = np.bincount(of_customer).astype(np.float64)
    return Ahead(rows[:-1], of_customer, columns, future[-1], of_history, customers)


def expected(family: PurchaseFamily, ahead: Ahead, delta: float, theta: Theta) -> Array:
    """Discounted expected purchases in the time that is left, of every row of ``ahead.history``."""
    if not len(ahead.left):
        return np.zeros(0)
    alive = np.exp(family.log_p_alive(*ahead.history, *theta))
    return money(
        alive,
        questions.discounted(family, ahead.left, delta, ahead.future, theta, np.ones(len(ahead.left)))[
            ahead.of_history
        ],
    )


def _through_purchases(model: PurchaseModel, ahead: Ahead, delta: float, weights: Array) -> tuple[Array, Array]:
    """What each row of histories moves each mean by, through the parameters of purchases: shape (arms, rows).

    ``weights``, of shape (arms, customers), make a mean of the expected purchases of customers. Also how far each mean
    moves along what is not determined.
    """
    family, theta = model.family, model._state.values
    merged = np.stack([np.bincount(ahead.of_customer, each, len(ahead.customers)) for each in weights])

    def means(at: Theta) -> Array:
        return np.asarray(np.sum(merged * expected(family, ahead, delta, at), axis=1))

    patterns = Patterns(ahead.history, ahead.customers)
    directions, loose = _directions(model, patterns, slopes(means, theta))
    return scores_along(family.log_likelihood, ahead.history, theta, directions), loose


def _through_spend(model: SpendModel, paid: Mapping[str, Array], weights: Array) -> tuple[Positions, Array, Array]:
    """The same for the parameters of spend: who paid more than once, and what each of them moves each mean by."""
    family, phi = model.family, model._state.values

    def means(at: Theta) -> Array:
        return np.asarray(np.sum(money(family.expected_spend(*paid.values(), *at), _ONE, weights), axis=1))

    x, m = paid.values()
    payers = np.flatnonzero((x > 0) & (m > 0))
    columns = x[payers], m[payers]
    directions, loose = _directions(model, Patterns(columns, np.ones(len(payers))), slopes(means, phi))
    return payers, scores_along(family.log_likelihood, columns, phi, directions), loose


def _directions(model: PurchaseModel | SpendModel, patterns: Patterns, moves: Array) -> tuple[Array, Array]:
    """H⁻¹G of each mean, a row each, and how far a step of 1 along a flat direction of H moves each mean."""
    covariance = model._state.covariance
    if covariance is not None and np.all(np.isfinite(covariance)):
        return moves @ covariance, np.zeros(len(moves))
    curvature = curvature_at(model.family.log_likelihood, patterns, model._state.values)
    flat = curvature.directions[:, ~curvature.sharp]
    return moves @ curvature.inverse, np.max(np.abs(moves @ flat), axis=1, initial=0.0)


def _fitted(model: CLVModel, unit: str, frame: Any, names: list[str]) -> tuple[PurchaseModel, SpendModel, list[str]]:
    """Both parts with parameters: those that were given, or fitted on these customers."""
    whose, notes = " and ".join(names), []
    purchases, spend = model.purchases, model.spend
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if purchases._fitted is None:
                purchases = PurchaseModel(purchases.family, unit).fit(frame)
            if spend._fitted is None:
                spend = SpendModel(spend.family).fit(frame)
        except NotEnoughData as error:
            raise NotEnoughData(f"no value of {whose} can be projected: {error}") from error
    for warning in caught:
        warn(f"{whose}: {warning.message}")
    for part, given in (purchases, model.purchases), (spend, model.spend):
        if given._fitted is None and not part.fit_report.converged:
            notes.append(f"{whose}, {part.family.title}: {part.fit_report.verdict}")
    return purchases, spend, notes


def _refuse_endless(horizon: float, delta: float, names: list[str], model: PurchaseModel) -> None:
    """Raise where a lifetime's purchases are to be added up without end and without discounting, and are infinite."""
    why = questions.why_infinite(model.family, model._state.values)
    if math.isinf(horizon) and delta <= 0 and (why is not None or delta < 0):
        raise NotAvailable(
            f"the projected value of {' and '.join(names)} is infinite: without end, and not discounted"
            f"{'' if why is None else ', ' + why}. Give a finite horizon or an annual_discount_rate above 0"
        )


def _refuse_infinite(count: Array, each: Array, names: list[str], spend: SpendModel) -> None:
    """Raise where expected spend is infinite of somebody who will buy."""
    endless = np.isinf(each) & (count > 0)
    if endless.any():
        raise NotAvailable(
            f"the projected value of {' and '.join(names)} is infinite: the expected spend of {endless.sum()} of "
            f"{len(each)} customers is, at {spend!r}. Look for a few enormous amounts, or give a fitted spend model"
        )


def _has_history(values: ArmValues) -> Any:
    """Who has ever bought: the others have no frequency."""
    return ~np.isnan(frames.numeric(values.summary, "frequency"))


def _of_all(values: ArmValues, model: CLVModel, horizon: float) -> list[str]:
    """What to know of the projection as a whole."""
    never, notes = int(np.sum(~_has_history(values))), []
    given = [part for part in (model.purchases, model.spend) if part._fitted is not None]
    if given:
        which = " and ".join(part.family.title for part in given)
        notes.append(f"The parameters of {which} were given and are taken as known: intervals do not hold their error.")
    buyers = _has_history(values)
    long, since = frames.numeric(values.summary, "T")[buyers].sum(), values.age[buyers].sum()
    if long > _LONGER * since and np.any(values.age[buyers] < horizon):
        notes.append(ONLY_IN_PART)
    if never:
        notes.append(
            f"{counted(never, 'customer')} never bought and {'counts' if never == 1 else 'count'} with no value, now "
            "and at the horizon."
        )
    return notes
