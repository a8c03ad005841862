"""What `predict_distribution` gives: quantiles of every customer, of all together, and decisions made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ... import frames
from ...errors import InvalidInput
from ...inference.looks import figure
from ...numerics.arrays import Array
from .. import statistics
from ..time_units import numbers
from . import decisions
from .simulation import Simulation

_MOST_TOTALS = 20_000_000  # groups times draws


@dataclass(frozen=True, eq=False)
class PredictiveDistribution:
    """Predictive distributions of what customers will do in (T, T + horizon], given their history.

    Attributes
    ----------
    table
        One row a customer, of the caller's kind and in his order: customer_id (if there is one) and for each quantity
        ``<quantity>_mean`` and ``<quantity>_q05`` and so on. Quantities are ``purchases`` (a count, its quantiles from
        exact probabilities), ``spend`` (the sum of their amounts, before margin, undiscounted) and ``clv`` (margin ×
        the sum of their discounted amounts).
    total
        The same for the sum over all customers, a pandas row a quantity, with ``sd``. It is no sum of quantiles: those
        do not add. Customers share the parameters, so they err together.
    interval_source
        Where the uncertainty of the parameters comes from: ``"posterior"`` (that the model carries), ``"covariance"``
        (a normal distribution of ln θ around the fit) or ``"parameters as given"`` (none); of purchases and of spend
        apart where they differ.
    horizon, draws, sources, quantiles, quantities
        As asked for.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CLVModel("bg_nbd").fit(summary)
    >>> future = model.predict_distribution(summary, horizon=39, draws=200, quantiles=(0.05, 0.5, 0.95))
    >>> list(future.table.columns)[:5]
    ['customer_id', 'purchases_mean', 'purchases_q05', 'purchases_q50', 'purchases_q95']
    >>> future.total["quantity"].tolist(), future.interval_source
    (['purchases', 'spend', 'clv'], 'covariance')
    """

    table: Any
    total: pd.DataFrame
    _share: Callable[[], pd.DataFrame] = field(repr=False)
    interval_source: str
    horizon: Any
    draws: int
    sources: tuple[str, ...]
    quantiles: tuple[float, ...]
    quantities: tuple[str, ...]
    _simulation: Simulation = field(repr=False)
    _frame: Any = field(repr=False)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Where the variance comes from: a pandas row for the average customer and one for the total, by quantity.

        The shares that come from the parameters, from what the customer is like (his own rates, whether he is still
        there, his spend level) and from chance. They add up to 1.

        >>> future = _example()
        >>> future.shares[["parameters", "customer", "chance"]].sum(axis=1).round(6).unique()
        array([1.])
        """
        return self._share()

    def __repr__(self) -> str:
        n = self._simulation.customers
        return f"PredictiveDistribution of {n:,} customers, {self.draws} draws, parameters from: {self.interval_source}"

    def __str__(self) -> str:
        return "\n".join([repr(self), self.total.to_string(index=False, float_format=figure)])

    def _repr_html_(self) -> str:
        from ..looks import predictive_distribution

        return predictive_distribution(self)

    def prob_value_exceeds(self, threshold: Any, quantity: str = "clv") -> Any:
        """P(value > threshold | history) of each customer, a Series.

        Parameters
        ----------
        threshold
            In the log's money (purchases: a count): one number, or one a row as a column name, Series or array.
        quantity
            ``"clv"``, ``"spend"`` or ``"purchases"``.

        Raises
        ------
        InvalidInput
            If the threshold is not a number, or the quantity was not predicted.

        Examples
        --------
        >>> future = _example()
        >>> future.prob_value_exceeds(50).round(1).tolist()
        [0.8, 0.2]
        """
        limit = self._per_row(threshold, "threshold")
        return self._series(decisions.exceeds(self._show(quantity), self._simulation.customers, limit), "exceeds")

    def prob_rank_in_top(self, fraction: float, quantity: str = "clv") -> Any:
        """P(the customer will be among the ``fraction`` of customers with the highest value), a Series.

        Ranks are taken anew in each draw, in which all share the parameters; equal values share the places. The
        probabilities add up to fraction × customers.

        Parameters
        ----------
        fraction
            Above 0 and below 1: 0.1 for the top tenth.
        quantity
            ``"clv"``, ``"spend"`` or ``"purchases"``.

        Raises
        ------
        InvalidInput
            If the fraction is not between 0 and 1, or the quantity was not predicted.

        Examples
        --------
        >>> future = _example()
        >>> future.prob_rank_in_top(0.5).round(1).tolist()
        [0.8, 0.2]
        """
        if isinstance(fraction, bool) or not isinstance(fraction, (int, float, np.floating)) or not 0 < fraction < 1:
            raise InvalidInput(
                f"fraction must lie between 0 and 1, for example 0.1 for the top tenth; found {fraction!r}"
            )
        n = self._simulation.customers
        if not n:
            return self._series(np.zeros(0), "rank_in_top")
        return self._series(decisions.in_top(self._show(quantity), n, self.draws, fraction), "rank_in_top")

    def expected_loss(self, cost: Any, uplift: float = 1.0, quantity: str = "clv") -> Any:
        """What a wrong decision about each customer costs on average, if treating him costs ``cost``.

        Treating brings uplift × value − cost. Who is treated loses E[max(cost − uplift·value, 0)] on average, who is
        left alone E[max(uplift·value − cost, 0)]; the smaller of the two is what perfect knowledge of his future would
        be worth.

        Parameters
        ----------
        cost
            Of treating a customer, in the log's money: one number, or one a row as a column name, Series or array.
        uplift
            The share of his value that treatment brings: 1 if all of it, 0.05 if it raises his value by 5 %.
        quantity
            ``"clv"`` or ``"spend"``.

        Returns
        -------
        frame
            Of the caller's kind: customer_id (if there is one), loss_if_treated, loss_if_left, treat (whether treating
            loses less, that is whether uplift × E[value] > cost).

        Raises
        ------
        InvalidInput
            If the cost or uplift is not a number, or the quantity was not predicted.

        Examples
        --------
        >>> future = _example()
        >>> future.expected_loss(cost=60)["treat"].tolist()
        [True, False]
        """
        price, share = self._per_row(cost, "cost"), _checked_uplift(uplift)
        treated, left = decisions.losses(self._show(quantity), self._simulation.customers, price, share)
        columns = {"loss_if_treated": treated, "loss_if_left": left, "treat": treated < left}
        return frames.table(self._identified(columns), self._frame)

    def total_by(self, groups: Any) -> pd.DataFrame:
        """`total` for each group of customers: a pandas row a group and quantity.

        Parameters
        ----------
        groups
            A column name of the summary, or one value a row (Series or array); rows without a value are a group too.

        Raises
        ------
        InvalidInput
            If there is no such column, there are not as many values as rows, or a Series has another index.

        Examples
        --------
        >>> future = _example()
        >>> future.total_by(["new", "old"])[["group", "customers", "quantity"]].values.tolist()[0]
        ['new', 1, 'purchases']
        """
        names, codes, sizes = self._groups(groups)
        found = self._simulation.run((0.5,), groups=codes)
        endless = {
            quantity: np.bincount(codes, np.isinf(found.mean[quantity]), minlength=len(names)) > 0
            for quantity in self.quantities
        }
        rows = []
        for g, name in enumerate(names):
            for quantity in self.quantities:
                told = {"group": name, "customers": int(sizes[g]), "quantity": quantity}
                drawn = found.total[quantity][:, g]
                rows.append(told | described(drawn, self.quantiles, bool(endless[quantity][g])))
        heads = ["group", "customers", "quantity", "mean", "sd", *map(quantile_name, self.quantiles)]
        return pd.DataFrame(rows, columns=heads)

    def compare(self, groups: Any, a: Any, b: Any, quantity: str = "clv") -> GroupComparison:
        """Compare two groups' mean value: how much, how sure, and the probability that A's is higher.

        In each draw the mean value of A's customers less that of B's; all share the parameters of the draw.

        Parameters
        ----------
        groups
            As for `total_by`.
        a, b
            Two of its values; None for customers without one.
        quantity
            ``"clv"``, ``"spend"`` or ``"purchases"``.

        Raises
        ------
        InvalidInput
            If there is no such group, or the quantity was not predicted.

        Examples
        --------
        >>> future = _example()
        >>> print(future.compare(["new", "old"], "old", "new").probability_a_beats_b < 0.5)
        True
        """
        names, codes, sizes = self._groups(groups)
        if quantity not in self.quantities:
            raise _not_predicted(quantity, self.quantities)
        i, j = _place(names, a), _place(names, b)
        drawn = self._simulation.run((0.5,), groups=codes).total[quantity]
        mean_a, mean_b = drawn[:, i] / sizes[i], drawn[:, j] / sizes[j]
        return compared(a, b, quantity, mean_a, mean_b, self.quantiles)

    # Inner workings

    def _show(self, quantity: str) -> decisions.Show:
        if quantity not in self.quantities:
            raise _not_predicted(quantity, self.quantities)
        return lambda look: self._simulation.show(quantity, look)

    def _per_row(self, given: Any, what: str) -> Any:
        if isinstance(given, str) or np.ndim(given) > 0:
            values = statistics.per_row(self._frame, given, what)
            statistics.refuse(self._frame, np.isnan(values), values, what, "must be a number")
            return values
        value = float(numbers(given, f"{what} must be a number or the name of a column"))
        if np.isnan(value):
            raise InvalidInput(f"{what} must be a number; found nan")
        return value

    def _series(self, values: Array, name: str) -> Any:
        return frames.series(values, name, self._frame)

    def _identified(self, columns: dict[str, Any]) -> dict[str, Any]:
        ids = frames.identifiers(self._frame)
        return columns if ids is None else {"customer_id": ids, **columns}

    def _groups(self, groups: Any) -> tuple[list[Any], Any, Any]:
        column = _column(self._frame, groups)
        if len(column) != self._simulation.customers:
            raise InvalidInput(
                f"groups must have one value per row of the summary: expected {self._simulation.customers}, "
                f"found {len(column)}"
            )
        statistics.refuse_other_index(self._frame, groups, "groups")
        codes, names = pd.factorize(column, sort=True, use_na_sentinel=False)
        if len(names) * self.draws > _MOST_TOTALS:
            raise InvalidInput(
                f"{len(names):,} groups times {self.draws:,} draws are too many totals: expected at most "
                f"{_MOST_TOTALS:,}; use coarser groups or fewer draws"
            )
        return list(names), codes, np.bincount(codes, minlength=len(names))


@dataclass(frozen=True)
class GroupComparison:
    """The mean value of two groups of customers, held against each other.

    Attributes
    ----------
    a, b, quantity
        What was compared.
    mean_a, mean_b
        Expected mean value of a customer of each.
    difference
        Quantile -> of the difference A − B.
    probability_a_beats_b
        Probability that A's mean is higher than B's; half of it where both are equal.

    Examples
    --------
    >>> print(compared("A", "B", "clv", np.array([3.0, 4.0, 5.0, 6.0]), np.array([3.0, 3.0, 6.0, 3.0]), (0.5,)))
    mean clv of a customer: A 4.5, B 3.75; A beats B with probability 0.625 (difference: 50 % 0.5)
    """

    a: Any
    b: Any
    quantity: str
    mean_a: float
    mean_b: float
    difference: dict[float, float]
    probability_a_beats_b: float

    def __str__(self) -> str:
        between = ", ".join(f"{100 * q:g} % {figure(value)}" for q, value in self.difference.items())
        return (
            f"mean {self.quantity} of a customer: {self.a} {figure(self.mean_a)}, {self.b} {figure(self.mean_b)}; "
            f"{self.a} beats {self.b} with probability {self.probability_a_beats_b:.3f} (difference: {between})"
        )


def compared(
    a: Any, b: Any, quantity: str, mean_a: Array, mean_b: Array, quantiles: Sequence[float]
) -> GroupComparison:
    """Hold the draws of two means against each other."""
    apart = mean_a - mean_b
    wins = float(np.mean(apart > 0) + np.mean(apart == 0) / 2)
    between = dict(zip(quantiles, (float(v) for v in np.quantile(apart, quantiles)), strict=True))
    return GroupComparison(a, b, quantity, float(mean_a.mean()), float(mean_b.mean()), between, wins)


def described(draws: Array, quantiles: Sequence[float], endless: bool) -> dict[str, float]:
    """Mean, standard deviation and quantiles of draws of a total, by column name.

    With ``endless`` the mean is infinite, as one of the customers' is, which draws hide.
    """
    found = np.quantile(draws, quantiles)
    between = {quantile_name(q): float(v) for q, v in zip(quantiles, found, strict=True)}
    mean, sd = (np.inf, np.inf) if endless else (float(np.mean(draws)), float(np.std(draws)))
    return {"mean": mean, "sd": sd, **between}


def quantile_name(q: float) -> str:
    """How a quantile is called in a column.

    >>> quantile_name(0.05), quantile_name(0.5), quantile_name(0.975)
    ('q05', 'q50', 'q97.5')
    """
    return f"q{100 * q:02.4g}" if 100 * q >= 10 else f"q0{100 * q:.4g}"


def _not_predicted(quantity: Any, quantities: Sequence[str]) -> InvalidInput:
    return InvalidInput(f"quantity must be one of {', '.join(quantities)}; found {str(quantity)[:40]!r}")


def _checked_uplift(uplift: Any) -> float:
    share = numbers(uplift, "uplift must be one number, for example 0.05")
    if share.ndim or not np.isfinite(share):
        raise InvalidInput(f"uplift must be one finite number, for example 0.05; found {str(uplift)[:40]}")
    return float(share)


def _place(names: Sequence[Any], group: Any) -> int:
    """Where a group stands among the names; a missing value is found by any other missing value."""
    missing = pd.api.types.is_scalar(group) and pd.isna(group)
    for i, name in enumerate(names):
        if pd.isna(name) == missing and (missing or name == group):
            return i
    raise InvalidInput(f"there is no group {group!r}: found {', '.join(map(repr, names[:10]))}")


def _column(frame: Any, groups: Any) -> pd.Series[Any]:
    """The group of each row: a column's name, or the values themselves."""
    if isinstance(groups, str):
        groups = frames.column_of(frame, groups)
    column: pd.Series[Any] = frames.as_pandas(groups).reset_index(drop=True)
    return column


def _example() -> PredictiveDistribution:
    """Two customers, for the examples above."""
    from ..clv import CLVModel
    from ..purchase import PurchaseModel
    from ..spend import SpendModel

    parameters = {"r": 0.55, "alpha": 10.6, "s": 0.6, "beta": 11.7}
    purchases = PurchaseModel.from_parameters("pareto_nbd", parameters, time_unit="week")
    spend = SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    seen = {"frequency": [5, 1], "recency": [38.0, 30.0], "T": [39.0, 39.0], "monetary_value": [40.0, 30.0]}
    return CLVModel(purchases, spend).predict_distribution(pd.DataFrame(seen), horizon=52)
