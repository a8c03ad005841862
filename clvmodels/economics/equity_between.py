"""Why customer equity changed between two dates: customers acquired, lost, and re-valued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..models import statistics
from ..models.predictive.intervals import checked_interval
from ..models.predictive.result import PredictiveDistribution
from ..numerics.arrays import Array, Positions
from ..validation.words import counted, day
from .equity import html_table, plain_table
from .groups import ALL, alike
from .two_dates import Dated, places, read_dated, refuse_other_terms, said, same

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("acquired", "retained", "dormant", "lost", "left")
_ACQUIRED, _RETAINED, _DORMANT, _LOST, _LEFT = range(len(PARTS))
_ALIVE = 0.5  # P(alive) below which a customer counts as lost, where nothing else is said


@dataclass(frozen=True)
class EquityChange:
    """Why customer equity changed between two dates; made by `equity_change`.

    Attributes
    ----------
    table
        Every customer of either date in one row: part ("acquired", "retained", "dormant", "lost", "left", and "all"),
        customers, equity_before, equity_after, change.
    steps
        From the one equity to the other: step ("before", "acquired", "lost", with ``earned`` also "realised",
        "re-valued", "after"), customers, amount, equity (after the step). The amounts between the first and the last
        add up to their difference. With futures also amount_low and amount_high.
    level
        P(alive) below which a customer counts as lost.
    before_end, after_end
        The two dates; None where a table does not say it.
    interval
        Probability of each interval of a step; None without.
    notes
        What to know.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> before = pandas.DataFrame({"customer_id": [1, 2], "p_alive": [0.9, 0.8], "clv": [50.0, 30.0]})
    >>> after = pandas.DataFrame({"customer_id": [1, 2, 3], "p_alive": [0.9, 0.2, 1.0], "clv": [55.0, 6.0, 20.0]})
    >>> found = clv.economics.equity_change(before, after)
    >>> found
    EquityChange: from 80 to 81
    >>> found.change
    1.0
    """

    table: pd.DataFrame
    steps: pd.DataFrame
    level: float
    before_end: str | None
    after_end: str | None
    interval: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Equity after less equity before."""
        return float(self.table["change"].iloc[-1])

    def told(self) -> list[str]:
        """What it says, in sentences.

        >>> import pandas
        >>> import clvmodels as clv
        >>> before = pandas.DataFrame({"customer_id": [1, 2], "p_alive": [0.9, 0.8], "clv": [50.0, 30.0]})
        >>> after = pandas.DataFrame({"customer_id": [1, 2, 3], "p_alive": [0.9, 0.2, 1.0], "clv": [55.0, 6.0, 20.0]})
        >>> print(clv.economics.equity_change(before, after).told()[0])
        Customer equity rose by 1 (+1.2 %), from 80 to 81.
        """
        first, last = (float(self.steps["amount"].iloc[i]) for i in (0, -1))
        when = (
            f"Between {day(self.before_end)} and {day(self.after_end)} customer"
            if self.before_end and self.after_end
            else "Customer"
        )
        moved = "rose" if self.change > 0 else "fell" if self.change < 0 else "changed"
        share = f" ({100 * (last / first - 1):+.1f} %)".replace("-", "−") if first > 0 else ""
        sentences = [
            f"{when} equity {moved} by {looks.figure(abs(self.change))}{share}, from {looks.figure(first)} to "
            f"{looks.figure(last)}.",
            *(
                f"{name.capitalize()}: {counted(customers, 'customer')}, {_signed(amount)}."
                for name, customers, amount in list(
                    zip(*(self.steps[column] for column in ("step", "customers", "amount")), strict=True)
                )[1:-1]
            ),
        ]
        if self.interval is not None:
            sentences.append(
                f"Between amount_low and amount_high a step lies with probability {100 * self.interval:g} %, the "
                "futures of the two dates taken as independent."
            )
        return [*sentences, *self.notes]

    def __repr__(self) -> str:
        first, last = (looks.figure(float(self.steps["amount"].iloc[i])) for i in (0, -1))
        return f"EquityChange: from {first} to {last}"

    def __str__(self) -> str:
        return "\n".join([*self.told(), "", plain_table(self.steps), "", plain_table(self.table)])

    def _repr_html_(self) -> str:
        tables = html_table(self.steps), html_table(self.table)
        return looks.card("Change of customer equity", *map(looks.line, self.told()), *tables)


def equity_change(
    before: Any,
    after: Any,
    *,
    value: str = "clv",
    level: float = _ALIVE,
    earned: Any = None,
    futures: tuple[PredictiveDistribution, PredictiveDistribution] | None = None,
    interval: float | None = None,
) -> EquityChange:
    """Split the change of customer equity between two dates into customers acquired, lost and re-valued.

    Every customer of either table belongs to one part, and with his values V₀ before and V₁ after (0 where he is not
    in the table) the parts' changes Σ (V₁ − V₀) add up to that of the whole:

    - acquired: only in the table after;
    - retained: in both, P(alive) after at least ``level`` (those who were below it before have come back);
    - dormant: in both, P(alive) below the level at both dates;
    - lost: in both, P(alive) at least the level before, and below it after;
    - left: only in the table before: deleted, or no longer looked at.

    The steps from one equity to the other are: acquired; lost (lost and left: what they were worth, less what is still
    expected of them); and re-valued (retained and dormant: a longer history, purchases that came or did not, the
    horizon moved on, new parameters if the model was fitted anew). With ``earned`` what the passing of time alone took
    out of the future of these, −Σ earned, is a step of its own, realised, and re-valued is the rest. Of all customers
    known before, the lost ones included, E[V₁] = (V₀ − earned)·(1 + annual_discount_rate)^years, if the model is right,
    was not fitted anew and looks ahead over the whole residual lifetime: expected is then the interest alone. Read lost
    and re-valued together: who disappointed is taken out, so that those who remain are re-valued upwards on average.

    Parameters
    ----------
    before, after
        What `CLVModel.predict` returned at the earlier and at the later date, or any tables with customer_id and the
        value; joined by customer_id, where 7 and "7" are one customer if one side holds numbers and the other text.
        Horizon, rate, margin and time unit must be the same where the tables say them. Without p_alive nobody is lost
        or dormant, only gone from the table. Under BG/NBD P(alive) of who bought once is 1, so that he is never lost.
    value
        The column of values.
    level
        P(alive) below which a customer counts as lost, above 0 and at most 1.
    earned
        What of each customer's value before was expected to be earned until the later date: a column of before, or one
        value a row. Over 13 weeks it is ``clv_13`` of ``model.predict(summary, horizon=[13, 520])``, whose value is
        ``clv_520``.
    futures
        What `CLVModel.predict_distribution` gave for the two summaries, before and after, of the same horizon, rate
        and margin as the tables: then every step has an interval. Between its ends lies the difference of what
        customers will bring, counted from either date. The two are taken as independent, though the later one is
        largely the same future: the intervals are wider rather than too narrow.
    interval
        Probability of these intervals, 0.9 if left out.

    Returns
    -------
    EquityChange
        ``table`` (customers by part), ``steps`` (money from one date to the other), notes.

    Raises
    ------
    UnitMismatch
        If the tables are in different time units.
    InvalidInput
        If a table lacks customer_id or the value, repeats a customer or has values missing or infinite; if nobody is
        in both; if horizon, rate or margin differ, or before is the later one; if level, earned, futures or interval
        cannot be used.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> early = clv.rfm_summary(log, time_unit="week", observation_end="1997-03-01")
    >>> late = clv.rfm_summary(log, time_unit="week", observation_end="1997-05-31")
    >>> model = clv.CLVModel("bg_nbd", margin=0.30).fit(late)
    >>> change = clv.economics.equity_change(model.predict(early), model.predict(late))
    >>> change.table[["part", "customers"]].values.tolist()
    [['acquired', 693], ['retained', 1393], ['dormant', 36], ['lost', 235], ['left', 0], ['all', 2357]]
    """
    first, second = read_dated(before, value, "before"), read_dated(after, value, "after")
    notes = refuse_other_terms(first, second)
    if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level <= 1:
        raise InvalidInput(
            f"level must be a probability above 0 and at most 1, for example 0.5; found {str(level)[:40]}"
        )
    where = places(first, second)
    old, new, back = _parts(first, second, where, float(level))
    n = _counts(old, new)
    left, came = _sums(old, first.values), _sums(new, second.values)
    released = None if earned is None else _earned(first, earned, old)
    steps = _steps(n, left, came, float(np.sum(first.values)), float(np.sum(second.values)), released)
    level_of = None
    if futures is not None:
        level_of = 0.9 if interval is None else interval
        steps = _with_ends(steps, futures, (first, second), (old, new), value, level_of, released)
    elif interval is not None:
        raise InvalidInput(
            "an interval of a change needs futures=(model.predict_distribution(summary_before, ...), "
            "model.predict_distribution(summary_after, ...)): two tables of expectations do not tell it"
        )
    if first.alive is None or second.alive is None:
        notes = (*notes, "without p_alive in both tables nobody counts as lost or dormant")
    if back:
        notes = (*notes, f"Of the retained {counted(back, 'customer')} had P(alive) below {level:g} before.")
    return EquityChange(
        _table(n, left, came, first, second), steps, float(level), first.end, second.end, level_of, notes
    )


def _parts(before: Dated, after: Dated, where: Positions, level: float) -> tuple[Positions, Positions, int]:
    """The part of each row of before and of after, and how many of the retained were below the level before."""
    old = np.full(len(where), _LEFT, dtype=np.intp)
    new = np.full(len(after.values), _ACQUIRED, dtype=np.intp)
    both = np.flatnonzero(where >= 0)
    then = now = np.ones(len(both), dtype=bool)
    if before.alive is not None and after.alive is not None:
        then, now = before.alive[both] >= level, after.alive[where[both]] >= level
    old[both] = np.where(now, _RETAINED, np.where(then, _LOST, _DORMANT))
    new[where[both]] = old[both]
    return old, new, int(np.sum(now & ~then))


def _sums(codes: Positions, values: Array) -> Array:
    """The sum of each part."""
    return np.array([np.sum(values[codes == part]) for part in range(len(PARTS))])


def _counts(old: Positions, new: Positions) -> Positions:
    """Customers of each part: those before, and who was acquired."""
    n = np.bincount(old, minlength=len(PARTS))
    n[_ACQUIRED] = np.sum(new == _ACQUIRED)
    return n


def _earned(before: Dated, earned: Any, old: Positions) -> float:
    """What was expected to be earned from the retained and dormant between the dates."""
    each = statistics.per_row(before.frame, earned, "earned")
    statistics.refuse(before.frame, ~np.isfinite(each), each, "earned", "must be finite")
    return float(np.sum(each[(old == _RETAINED) | (old == _DORMANT)]))


def _amounts(left: Any, came: Any, released: float | None) -> list[Any]:
    """What each step between before and after adds, from sums by part; of one future or, in rows, of many."""
    change = came - left
    lost = change[..., _LOST] + change[..., _LEFT]
    kept = change[..., _RETAINED] + change[..., _DORMANT]
    if released is None:
        return [came[..., _ACQUIRED], lost, kept]
    return [came[..., _ACQUIRED], lost, np.full_like(kept, -released), kept + released]


def _steps(n: Positions, left: Array, came: Array, before: float, after: float, released: float | None) -> pd.DataFrame:
    import pandas as pd

    kept, start, stop = n[_RETAINED] + n[_DORMANT], n.sum() - n[_ACQUIRED], n.sum() - n[_LEFT]
    names = ["acquired", "lost", *([] if released is None else ["realised"]), "re-valued"]
    many = [n[_ACQUIRED], n[_LOST] + n[_LEFT], *([] if released is None else [kept]), kept]
    amounts = [float(amount) for amount in _amounts(left, came, released)]
    return pd.DataFrame(
        {
            "step": ["before", *names, "after"],
            "customers": [int(count) for count in (start, *many, stop)],
            "amount": [before, *amounts, after],
            "equity": [*np.cumsum([before, *amounts]).tolist(), after],
        }
    )


def _table(n: Positions, left: Array, came: Array, before: Dated, after: Dated) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(
        {
            "part": [*PARTS, ALL],
            "customers": np.append(n, n.sum()),
            "equity_before": np.append(left, np.sum(before.values)),
            "equity_after": np.append(came, np.sum(after.values)),
        }
    )
    return table.assign(change=table["equity_after"] - table["equity_before"])


def _with_ends(
    steps: pd.DataFrame,
    futures: Any,
    tables: tuple[Dated, Dated],
    parts: tuple[Positions, Positions],
    value: str,
    interval: float,
    released: float | None,
) -> pd.DataFrame:
    """The steps with an interval each, from as many futures of either date."""
    levels = checked_interval(interval)
    one, other = _checked_futures(futures, tables, value)
    left, came = (_totals(future, codes) for future, codes in zip((one, other), parts, strict=True))
    # the same seed draws alike for both dates: in another order the draws of the later one are apart from the others
    came = came[np.random.default_rng(np.random.SeedSequence(len(came))).permutation(len(came))]
    drawn = np.column_stack([left.sum(axis=1), *_amounts(left, came, released), came.sum(axis=1)])
    low, high = np.quantile(drawn, levels, axis=0)
    return steps.assign(amount_low=low, amount_high=high)


def _totals(future: PredictiveDistribution, codes: Positions) -> Array:
    """Draws of the value of each part, of shape (draws, parts)."""
    found = future._simulation.run((0.5,), groups=codes).total["clv"]
    return np.pad(found, ((0, 0), (0, len(PARTS) - found.shape[1])))


def _checked_futures(futures: Any, tables: tuple[Dated, Dated], value: str) -> tuple[Any, Any]:
    if (
        not isinstance(futures, (tuple, list))
        or len(futures) != 2
        or not all(isinstance(future, PredictiveDistribution) for future in futures)
    ):
        raise InvalidInput(
            "futures must be two results of CLVModel.predict_distribution, of the summary before and of that after; "
            f"found {type(futures).__name__}"
        )
    one, other = futures
    if value != "clv" or not all("clv" in future.quantities for future in futures):
        raise InvalidInput("futures tell of clv: they need it among their quantities, and value must be 'clv'")
    common = {
        "draws": (one.draws, other.draws),
        "horizon": (one.horizon, other.horizon),
        "discount rate": (one._simulation.delta, other._simulation.delta),
    }
    for name, (a, b) in common.items():
        if np.ndim(a) == np.ndim(b) == 0 and a != b:
            raise InvalidInput(f"both futures must have the same {name}; found {a!r} before and {b!r} after")
    for future, table, which in zip(futures, tables, ("before", "after"), strict=True):
        ids = frames.identifiers(future._frame)
        ours, theirs = alike(
            frames.as_pandas(frames.identifiers(table.frame)), frames.as_pandas([] if ids is None else ids)
        )
        if not ours.equals(theirs):
            raise InvalidInput(
                f"the future of {which} must have the customers of the table, in its order: make both of one summary"
            )
        end = said(future._frame, "observation_end")
        if table.end is not None and end is not None and end != table.end:
            raise InvalidInput(f"the future of {which} must begin where the table does, {table.end}; found {end}")
        horizon = said(table.frame, "horizon")
        if np.ndim(future.horizon) == 0 and horizon is not None and not same(horizon, str(future.horizon)):
            raise InvalidInput(
                f"the future of {which} must have the horizon of the table, {horizon}; found {future.horizon!r}"
            )
    return one, other


def _signed(amount: float) -> str:
    return f"{'+' if amount >= 0 else '−'}{looks.figure(abs(amount))}"
