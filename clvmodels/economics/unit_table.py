"""Unit economics: what customers cost, what they are worth and when they pay back, channel by channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import frames
from ..errors import InvalidInput
from ..inference import looks
from ..numerics.arrays import Array
from . import given_numbers as given
from .groups import ALL
from .new_customer_result import NewCustomerValues
from .payback import Points, paid_back, points_of
from .shown_tables import html_table, plain_table
from .value_to_cost import checked_ratio, ratios

COLUMNS = ("group", "customers", "spend", "acquisition_cost")
LEFT_OUT = (
    "leaves out when the money comes back, overheads, how sure the value is, and that one more customer may cost more "
    "than the average one."
)
RULE_OF_THUMB = f"3:1 is a rule of thumb: it {LEFT_OUT}"
NOT_WORTH = "costs more than he is worth"
LATER = "pays back later than the curve reaches"
NO_VALUE = "no value is told"
NO_CURVE = "no curve is told"


@dataclass(frozen=True)
class UnitEconomics:
    """What customers cost and are worth, by group; made by `unit_economics`.

    Attributes
    ----------
    table
        One row a group and a last row ``"all"``: group, customers, spend, acquisition_cost; value of one new customer;
        net_value = value − acquisition_cost; ltv_to_cac = value / acquisition_cost; reaches_target (ltv_to_cac is at
        least ``ratio``; False where it is not known); highest_bid = value / ``ratio``; with a curve payback, in units
        of ``time_unit``, inf where a customer never pays back; note. What cannot be told is missing, and the note says
        why.
    ratio
        The target of ltv_to_cac.
    time_unit
        Of the payback; None without a curve.
    discounted
        Whether the payback counts profit at its worth at the beginning.

    Examples
    --------
    >>> from clvmodels import economics
    >>> costs = economics.acquisition_cost({"ads": 600, "fair": 200}, {"ads": 30, "fair": 2})
    >>> found = unit_economics(costs, {"ads": 90, "fair": 60})
    >>> found.table[["group", "ltv_to_cac", "reaches_target"]].values.tolist()
    [['ads', 4.5, True], ['fair', 0.6, False], ['all', 3.525, True]]
    >>> found.ratio, found.time_unit
    (3.0, None)
    """

    table: pd.DataFrame
    ratio: float
    time_unit: str | None
    discounted: bool

    def told(self) -> list[str]:
        """Say what it comes to, in sentences.

        >>> from clvmodels import economics
        >>> costs = economics.acquisition_cost({"ads": 600, "fair": 200}, {"ads": 30, "fair": 2})
        >>> print(unit_economics(costs, {"ads": 90, "fair": 60}).told()[0])
        A new customer costs 25 and is worth 88.12 on average: LTV:CAC is 3.52.
        """
        total = self.table.iloc[-1]
        cost, value, ratio = (float(total[name]) for name in ("acquisition_cost", "value", "ltv_to_cac"))
        sentences = []
        if not math.isnan(ratio):
            sentences.append(
                f"A new customer costs {looks.figure(cost)} and is worth {looks.figure(value)} on average: LTV:CAC is "
                f"{ratio:.3g}."
            )
        groups = self.table.iloc[:-1]
        known = groups[groups["ltv_to_cac"].notna()]
        if len(known):
            short = known[~known["reaches_target"]]
            which = f"; not {', '.join(map(str, short['group'][:5]))}" if len(short) else ""
            more = " and others" if len(short) > 5 else ""
            sentences.append(f"{len(known) - len(short)} of {len(known)} groups reach {self.ratio:g}:1{which}{more}.")
        sentences.append(RULE_OF_THUMB if self.ratio == 3 else f"{self.ratio:g}:1 {LEFT_OUT}")
        noted = groups[groups["note"] != ""]
        return [*sentences, *(f"{row.group}: {row.note}." for row in noted.itertuples(index=False))]

    def __str__(self) -> str:
        return "\n".join([*self.told(), "", plain_table(self.table.drop(columns="note"))])

    def __repr__(self) -> str:
        total = self.table.iloc[-1]
        ratio = looks.number(float(total["ltv_to_cac"]), ".3g")
        return f"UnitEconomics of {len(self.table) - 1} groups: {total['customers']:,} customers, LTV:CAC {ratio}"

    def _repr_html_(self) -> str:
        return looks.card("Unit economics", *map(looks.line, self.told()), html_table(self.table))


def unit_economics(
    costs: Any, value: Any, curve: Any = None, *, ratio: float = 3.0, discounted: bool = True
) -> UnitEconomics:
    """Lay out acquisition cost, value, LTV:CAC, highest bid and payback by channel or cohort in one table.

    As `ltv_to_cac`, `highest_bid` and `payback_period` say, group by group. In the row "all" the value, where it is not
    given, is the mean over groups weighted by their customers: what the average new customer of this mix is worth.

    Parameters
    ----------
    costs
        What `acquisition_cost` gave: group, customers, spend, acquisition_cost.
    value
        Of one new customer before acquisition, after margin, discounted: one number for all groups; one a group as a
        dict or Series; what `new_customer_value` gave; or a frame with the columns group and value. A value of "all"
        there is used for that row.
    curve
        How a new customer's profit adds up, for the payback: what `cash_curve` gives, one for all groups or one a group
        as a dict (with one for "all", if that row is to have a payback). It must go with the value: the same model,
        margin and discount rate, the first purchase counted in both or in neither.
    ratio
        Target of LTV:CAC, above 0; 3 by the rule of thumb.
    discounted
        Whether the payback counts profit at its worth at the beginning.

    Returns
    -------
    UnitEconomics
        ``table`` by group, and sentences.

    Raises
    ------
    InvalidInput
        If a table lacks a column, a value is missing or infinite, the ratio is not above 0, there is no value or curve
        for any group, or curves are in different units of time.

    Examples
    --------
    >>> import pandas
    >>> from clvmodels import economics
    >>> costs = economics.acquisition_cost({"ads": 600, "fair": 200}, {"ads": 30, "fair": 2})
    >>> curve = pandas.DataFrame({"time": [0, 12, float("inf")], "time_unit": "month"})
    >>> curve["cumulative_discounted_profit"] = [14.0, 50.0, 80.0]
    >>> found = unit_economics(costs, 80, curve)
    >>> print(found.table[["note", "group", "net_value", "ltv_to_cac", "payback"]].round(2).to_string(index=False))
                           note group  net_value  ltv_to_cac  payback
                                  ads       60.0         4.0     2.00
    costs more than he is worth  fair      -20.0         0.8      inf
                                  all       55.0         3.2     3.67
    """
    wanted = checked_ratio(ratio)
    frame = frames.load(costs)
    lacking = [name for name in COLUMNS if name not in frames.column_names(frame)]
    if lacking:
        raise InvalidInput(f"costs must be what acquisition_cost gave; found a table without {', '.join(lacking)}")
    names = list(frames.as_pandas(frames.column_of(frame, "group")))
    if not names or names[-1] != ALL:
        raise InvalidInput(f"costs must end with the row {ALL!r}, as acquisition_cost gives it; found {names[-3:]}")
    count, cost = frames.numeric(frame, "customers"), frames.numeric(frame, "acquisition_cost")
    worth = _values(value, names, count)
    bought_in = ratios(worth, cost)
    with np.errstate(invalid="ignore"):
        net = worth - cost
    columns: dict[str, Any] = {
        "group": names,
        "customers": count.astype(np.int64),
        "spend": frames.numeric(frame, "spend"),
        "acquisition_cost": cost,
        "value": worth,
        "net_value": net,
        "ltv_to_cac": bought_in,
        "reaches_target": bought_in >= wanted,
        "highest_bid": np.maximum(worth, 0.0) / wanted,
    }
    told = (
        frames.as_pandas(frames.column_of(frame, "note")) if "note" in frames.column_names(frame) else [""] * len(names)
    )
    notes = [[note] if note else [] for note in told]
    _note(notes, np.isnan(worth), NO_VALUE)
    _note(notes, np.isfinite(cost) & (net < 0), NOT_WORTH)
    unit = None
    if curve is not None:
        columns["payback"], unit = _paybacks(curve, names, cost, discounted, notes)
    columns["note"] = ["; ".join(each) for each in notes]
    return UnitEconomics(pd.DataFrame(columns), wanted, unit, bool(discounted))


def _values(value: Any, names: list[Any], count: Array) -> Array:
    """The value of a new customer of each group; that of all is their mean where it is not told."""
    if isinstance(value, NewCustomerValues):
        value = value.table
    if frames.kind(value):
        value = frames.load(value)
        keys = list(frames.as_pandas(frames.column_of(value, "group")))
        found = dict(zip(keys, _finite(frames.numeric(value, "value")), strict=True))
        if len(found) < len(keys):
            raise InvalidInput(f"value must have one row a group; found {len(keys) - len(found)} repeated")
    elif isinstance(value, (Mapping, pd.Series)):
        each = list(value.values()) if isinstance(value, Mapping) else value.to_numpy()
        found = dict(zip(value.keys(), _finite(each), strict=True))
    else:
        return np.full(len(names), given.one("value", value, given.real))
    if not any(name in found for name in names):
        raise InvalidInput(
            f"value must name the groups of costs: found {', '.join(map(repr, list(found)[:5])) or 'none'}, expected "
            f"{', '.join(map(repr, names[:5]))}"
        )
    each = np.array([found.get(name, np.nan) for name in names])
    if ALL not in found:
        there = count[:-1] > 0
        weights = count[:-1][there]
        each[-1] = np.sum(weights * each[:-1][there]) / np.sum(weights) if weights.size else np.nan
    return each


def _finite(values: Any) -> list[float]:
    found = given.real("value", values)
    if found.ndim != 1:
        raise InvalidInput(f"value must be one number a group; found {str(values)[:60]}")
    return list(found.tolist())


def _paybacks(
    curve: Any, names: list[Any], cost: Array, discounted: bool, notes: list[list[str]]
) -> tuple[Array, str | None]:
    """When the customers of each group pay back, in which unit; what cannot be told is noted."""
    if not frames.kind(curve) and not isinstance(curve, Mapping):
        raise InvalidInput(f"curve must be what cash_curve gave, or a dict of those by group; found {str(curve)[:60]}")
    curves = dict.fromkeys(names, curve) if frames.kind(curve) else dict(curve)
    if not any(name in curves for name in names):
        raise InvalidInput(f"curve must name the groups of costs; found {', '.join(map(repr, list(curves)[:5]))}")
    times, units = np.full(len(names), np.nan), set()
    known: dict[int, Points] = {}  # of each curve once, which may be that of all groups
    for i, name in enumerate(names):
        if name not in curves:
            if name != ALL:
                notes[i].append(NO_CURVE)
            continue
        if not np.isfinite(cost[i]):
            times[i] = cost[i]  # nobody came for the money: it never comes back; or no cost is told
            continue
        own = curves[name]
        if id(own) not in known:
            known[id(own)] = points_of(own, discounted)
        found = paid_back(known[id(own)], float(cost[i]), bool(discounted))
        units.add(found.time_unit)
        if found.time is not None:
            times[i] = found.time
        elif found.outcome == "never":
            times[i] = np.inf
            if NOT_WORTH not in notes[i]:
                notes[i].append("never pays back")
        else:
            notes[i].append(LATER)
    if len(units) > 1:
        raise InvalidInput(f"all curves must be in one unit of time; found {', '.join(sorted(units))}")
    return times, next(iter(units), None)


def _note(notes: list[list[str]], where: Any, text: str) -> None:
    for i in np.flatnonzero(where):
        notes[i].append(text)
