"""Simulation of the future of many customers: purchases, spend and value, each customer's and their totals.

For every draw of the parameters each customer is alive or not, has rates and a spend level of his own, and buys: three
sources of what is not known, of which any may be left out. Customers are taken in blocks, so that memory holds their
results but never an array of customers by draws; a block has random numbers of its own, so that results depend neither
on how many threads there are nor on memory. Draw d of every customer has the same parameters: what customers have in
common does not average out in a total.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ...errors import InvalidInput, NotAvailable
from ...families.contract import PurchaseFamily, SpendFamily
from ...numerics.arrays import Array
from . import shares
from .blocks import AT_ONCE, Moments, Question, Watch, block
from .shares import SOURCES, Shares

_WAITING = 64  # blocks whose totals are held until they are added in order


@dataclass(frozen=True, eq=False)
class Future:
    """What customers may do, by quantity: ``"purchases"``, and with a spend family ``"spend"`` and ``"clv"``.

    Attributes
    ----------
    mean
        E[quantity | history] over all draws, of shape (customers,): a mean of expectations given the customer's rates,
        not of the simulated values, so it has less noise than they have. inf where it is infinite.
    quantile
        Of shape (quantiles, customers): the smallest value that at least the share q of the draws does not exceed.
    none
        Share of the draws in which the quantity is 0, of shape (customers,).
    total
        Sum over customers, one value a draw: of shape (draws,), or (draws, groups).
    share
        Tells what of the variance comes from where; asked once, when `shares` is first looked at.

    Examples
    --------
    >>> from clvmodels.families import purchase_family
    >>> history = {"frequency": np.array([0.0, 2.0]), "recency": np.array([0.0, 30.43]), "T": np.array([38.86, 38.86])}
    >>> thetas = np.tile([0.243, 4.414, 0.793, 2.426], (4000, 1))
    >>> found = simulate_future(purchase_family("bg_nbd"), None, thetas, None, history, 39.0, 0.0, 1.0, seed=1)
    >>> found.mean["purchases"].round(2), found.quantile["purchases"], found.none["purchases"].round(2)
    (array([0.2 , 1.21]), array([[0., 0.],
           [0., 1.],
           [1., 4.]]), array([0.86, 0.44]))
    """

    mean: Mapping[str, Array]
    quantile: Mapping[str, Array]
    none: Mapping[str, Array]
    total: Mapping[str, Array]
    share: Callable[[], Mapping[str, Shares]]

    @cached_property
    def shares(self) -> Mapping[str, Shares]:
        """What of the variance comes from where (see :class:`~clvmodels.models.predictive.shares.Shares`)."""
        return self.share()

    @property
    def quantities(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.mean)


def simulate_future(
    purchase_family: PurchaseFamily,
    spend_family: SpendFamily | None,
    purchase_thetas: Array,
    spend_thetas: Array | None,
    statistics: Mapping[str, Any],
    horizon: Any,
    delta: float,
    margin: Any = 1.0,
    *,
    seed: int,
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    groups: Any = None,
    sources: Sequence[str] = SOURCES,
    threads: int | None = None,
    watch: Watch | None = None,
) -> Future:
    """Simulate what customers do in (T, T + horizon], once for each draw of the parameters.

    Spend is the sum of the amounts, and the value margin · Σ over purchases at T + u of e^(-delta·u) · amount.

    Parameters
    ----------
    purchase_family, spend_family
        The families; without a spend family there are purchases alone.
    purchase_thetas, spend_thetas
        Parameters, of shape (draws, parameters); equal rows where the parameters are taken as known.
    statistics
        Columns of the summary by name, each of shape (customers,), those of both families.
    horizon
        Length of the time ahead in the time unit, finite and ≥ 0: one number, or one a customer.
    delta
        Continuous discount rate per time unit.
    margin
        One number, or one a customer.
    seed
        Equal seeds give equal results. Customers are taken in the order of their statistics.
    quantiles
        Each above 0 and below 1.
    groups
        Whole numbers 0, 1, 2, ..., one a customer, by which totals are kept apart.
    sources
        Of what is not known: ``"customer"`` (his rates, spend level, and whether he is alive) and ``"chance"`` (what he
        makes of them); ``"parameters"`` is said by the rows of the thetas themselves. Without ``"chance"`` a quantity
        is its expectation given rates, level, and being alive or not. Without ``"customer"`` rates and level are at
        their means given history and that he is alive, which is not quite the mean of what follows from them; whether
        he is alive is then chance, and without chance too a factor P(alive).
    threads
        How many work at once; the processors of the machine, but not more than 8, if None.
    watch
        ``(customers, values)`` is called for every block with the positions of its customers and, by quantity, an array
        of customers by draws, for what needs all draws of a customer. Several threads call it at once. The same seed
        shows the same draws again.

    Returns
    -------
    Future
        Per customer in the given order.

    Raises
    ------
    NotAvailable
        If a family does not provide draws of rates or of spend levels.
    InvalidInput
        If an argument has the wrong shape or range.

    Examples
    --------
    >>> from clvmodels.families import gamma_gamma, purchase_family
    >>> history = {"frequency": np.array([0.0, 2.0]), "recency": np.array([0.0, 30.43]), "T": np.array([38.86, 38.86]),
    ...            "monetary_value": np.array([np.nan, 22.35])}
    >>> thetas, money = np.tile([0.243, 4.414, 0.793, 2.426], (4000, 1)), np.tile([6.25, 3.74, 15.44], (4000, 1))
    >>> found = simulate_future(purchase_family("bg_nbd"), gamma_gamma.FAMILY, thetas, money, history, 52.0, 0.0018,
    ...                         0.3, seed=1)
    >>> found.mean["clv"].round(1), found.total["clv"].shape
    (array([ 2.5, 10.9]), (4000,))
    """
    question = _asked(
        purchase_family, spend_family, purchase_thetas, spend_thetas, statistics, horizon, delta, margin, seed,
        quantiles, groups, sources, watch,
    )  # fmt: skip
    n, names = len(question.order), question.names
    mean = {name: np.zeros(n) for name in names}
    none = {name: np.zeros(n) for name in names}
    quantile = {name: np.zeros((len(question.levels), n)) for name in names}
    total = {name: np.zeros((question.draws, question.n_groups)) for name in names}
    expected = {name: np.zeros(question.draws) for name in names}
    within, chance = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)

    size = max(1, AT_ONCE // question.draws)
    blocks = range(-(-n // size))

    def work(i: int) -> dict[str, Moments]:
        return block(question, i, question.order[i * size : (i + 1) * size], mean, none, quantile)

    threads = min(os.cpu_count() or 1, 8) if threads is None else threads
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        for first in range(0, len(blocks), _WAITING):
            for done in pool.map(work, blocks[first : first + _WAITING]):
                for name, moments in done.items():
                    total[name][:, moments.groups] += moments.sums
                    expected[name] += moments.expected
                    within[name] += moments.within
                    chance[name] += moments.chance

    return Future(
        mean,
        quantile,
        none,
        total if groups is not None else {name: values[:, 0] for name, values in total.items()},
        partial(_shared, question, mean["purchases"], expected, within, chance),
    )


def _shared(
    question: Question,
    size: Array,
    expected: Mapping[str, Array],
    within: Mapping[str, float],
    chance: Mapping[str, float],
) -> dict[str, Shares]:
    """Shares of the variance: ``size`` is what each customer is expected to buy, the others were added up by name."""
    if question.customer:
        of_parameters = shares.of_parameters(
            question.purchases, question.spend, question.history, question.spent, question.margin,
            question.thetas, question.money, question.horizon, question.delta, size,
        )  # fmt: skip
    else:
        of_parameters = {name: shares.of_totals(expected[name], within[name]) for name in expected}
    n = len(size)
    return {name: shares.shared(n, of_parameters[name], within[name], chance[name]) for name in expected}


def _asked(
    purchases: PurchaseFamily,
    spend: SpendFamily | None,
    purchase_thetas: Any,
    spend_thetas: Any,
    statistics: Mapping[str, Any],
    horizon: Any,
    delta: Any,
    margin: Any,
    seed: int,
    quantiles: Sequence[float],
    groups: Any,
    sources: Sequence[str],
    watch: Watch | None,
) -> Question:
    unknown = [source for source in sources if source not in SOURCES]
    if unknown:
        raise InvalidInput(f"sources must be among {', '.join(SOURCES)}; found {unknown[0]!r}")
    _able(purchases, spend, "customer" in sources)
    ahead = np.asarray(horizon, dtype=np.float64)
    wrong = ~(np.isfinite(ahead) & (ahead >= 0))
    if wrong.any():
        raise InvalidInput(
            "horizon must be finite and at least 0, because what some customers do without end is never all simulated; "
            f"{np.sum(wrong)} of {ahead.size} are not, first {ahead[wrong].flat[0]:g}. Give a long one, for example 10 "
            "years"
        )
    if not math.isfinite(delta):
        raise InvalidInput(f"delta must be finite; found {delta!r}")
    levels = np.asarray(quantiles, dtype=np.float64)
    if levels.ndim != 1 or not np.all((levels > 0) & (levels < 1)):
        raise InvalidInput(
            f"quantiles must each be above 0 and below 1, for example (0.05, 0.5, 0.95); found {quantiles}"
        )
    history = _columns(statistics, purchases.statistics)
    n = len(history[0])
    spent = _columns(statistics, spend.statistics, n) if spend else ()
    thetas = _draws(purchase_thetas, purchases)
    money = _draws(spend_thetas, spend) if spend else ()
    if money and len(money[0]) != len(thetas[0]):
        raise InvalidInput(
            f"purchases and spend must have equally many draws; found {len(thetas[0])} and {len(money[0])}"
        )
    codes = np.zeros(n, dtype=np.int64) if groups is None else np.asarray(groups)
    if codes.shape != (n,) or not np.issubdtype(codes.dtype, np.integer) or np.min(codes, initial=0) < 0:
        raise InvalidInput(f"groups must be whole numbers ≥ 0, one for each of {n} customers")
    margins = np.asarray(margin, dtype=np.float64)
    if margins.shape not in ((), (n,)):
        raise InvalidInput(f"margin must be one number or one for each of {n} customers; found shape {margins.shape}")
    if not np.isfinite(margins).all():
        raise InvalidInput(f"margin must be finite: {np.sum(~np.isfinite(margins))} of {margins.size} are not")
    different, which = np.unique(np.column_stack(thetas), axis=0, return_inverse=True)
    return Question(
        purchases=purchases,
        spend=spend,
        thetas=thetas,
        distinct=tuple(different.T.copy()) if len(different) < len(which) else thetas,
        which=which.ravel(),
        money=money,
        history=history,
        spent=spent,
        margin=np.broadcast_to(margins, (n,)),
        groups=codes.astype(np.int64),
        n_groups=int(np.max(codes, initial=0)) + 1,
        order=np.lexsort((*spent[::-1], *history[::-1])),
        horizon=np.broadcast_to(ahead, n),
        delta=float(delta),
        seed=seed,
        levels=levels,
        customer="customer" in sources,
        chance="chance" in sources,
        watch=watch,
        names=("purchases", "spend", "clv") if spend else ("purchases",),
    )


def _able(purchases: PurchaseFamily, spend: SpendFamily | None, customer: bool) -> None:
    rates = "draw_rates_alive" if customer else "expected_rates_alive"
    lacking = [
        f"{family.name} cannot give predictive money ({name}): the family does not provide it"
        for family, names in (
            (purchases, (rates, "purchases_of_rates", "simulate_of_rates")),
            (spend, ("draw_level", "simulate_of_level")),
        )
        if family is not None
        for name in names
        if getattr(family, name) is None
    ]
    if lacking:
        raise NotAvailable(lacking[0])


def _columns(statistics: Mapping[str, Any], names: Sequence[str], n: int | None = None) -> tuple[Array, ...]:
    missing = [name for name in names if name not in statistics]
    if missing:
        raise InvalidInput(f"statistics must hold {', '.join(names)}; {missing[0]!r} is missing")
    columns = tuple(np.asarray(statistics[name], dtype=np.float64) for name in names)
    n = columns[0].size if n is None else n
    for name, column in zip(names, columns, strict=True):
        if column.shape != (n,):
            raise InvalidInput(f"statistics must have one value for each of {n} customers; {name!r}: {column.shape}")
    return columns


def _draws(thetas: Any, family: PurchaseFamily | SpendFamily) -> tuple[Array, ...]:
    values = np.asarray(thetas, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(family.parameters) or not len(values):
        raise InvalidInput(
            f"draws of the parameters of {family.name} must be of shape (draws, {len(family.parameters)}), one draw or "
            f"more; found {values.shape}"
        )
    if not (np.isfinite(values) & (values > 0)).all():
        raise InvalidInput(f"parameters of {family.name} must be finite and above 0 in every draw")
    return tuple(np.ascontiguousarray(values.T))
