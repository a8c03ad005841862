"""What a scored table is about, for somebody who opens it as a spreadsheet."""

from __future__ import annotations

import math
from typing import Any

from ..units import length
from .contract import Order
from .tables import numbers, text

MEANINGS = {
    "customer_id": "the customer, as in the log",
    "p_alive": "the probability that the customer still buys at all, at the end of observation",
    "expected_purchases": "how many purchases to expect until the horizon",
    "expected_spend": "what to expect the customer to spend on one purchase, before margin",
    "clv": "what the customer's purchases until the horizon are worth today: margin × spend × discounted purchases",
    "frequency": "repeat purchases made so far (the first one is not counted)",
    "recency": "time from the first to the last purchase",
    "T": "time from the first purchase to the end of observation",
    "monetary_value": "mean spend of the repeat purchases",
    "observation_end": "the last day that was looked at",
    "horizon": "how far ahead is counted, in time units",
    "time_unit": "the unit of horizon and of times",
    "interval": "the probability that the truth lies between the two ends",
    "interval_source": "where the uncertainty of the parameters comes from",
}
_ENDS = {"_low": "the lower end of the interval of", "_high": "the upper end of the interval of"}


def meaning(name: str) -> str:
    """What a column means, in one line.

    >>> meaning("clv_low")
    'the lower end of the interval of clv'
    """
    if name in MEANINGS:
        return MEANINGS[name]
    for ending, what in _ENDS.items():
        stem = name.removesuffix(ending)
        if stem != name and stem in MEANINGS:
            return f"{what} {stem}"
    return "a column of the table that was given"


def facts_of(order: Order, total: Any) -> list[tuple[str, Any]]:
    """What to know of the numbers: those that are known, each with its name."""
    unit = _known(order, "time_unit")
    horizon = _number(_known(order, "horizon"))
    rate, margin = _number(_known(order, "annual_discount_rate")), _known(order, "margin")
    lines: list[tuple[str, Any]] = [("Customers", order.table.num_rows)]
    if total is not None:
        lines.append((f"Sum of {order.value}", float(total)))
    lines.append(("Currency", order.currency))
    lines.append(("Observed until", _known(order, "observation_end")))
    if horizon is not None:
        ahead = "the whole residual lifetime" if math.isinf(horizon) else f"{horizon:,.10g}"
        lines.append(("Looking ahead", length(horizon, unit) if unit and not math.isinf(horizon) else ahead))
    lines.append(("Discount", None if rate is None else f"{100 * rate:.6g} % a year"))
    share = _number(margin)
    lines.append(("Margin", margin if share is None else "1 (values are revenue)" if share == 1 else f"{share:.6g}"))
    level = _number(_known(order, "interval"))
    lines.append(("Intervals", None if level is None else f"{100 * level:.6g} %"))
    lines.append(("Clock", _known(order, "tz")))
    return [(what, said) for what, said in lines if said is not None]


def _known(order: Order, name: str) -> str | None:
    """A fact that the table says of itself, or that all of its rows say in a column."""
    import pyarrow.compute as pc

    told = order.facts.get(name)
    if told is not None or name not in order.table.schema.names:
        return told
    said = pc.unique(order.table[name])
    if len(said) != 1 or said[0].as_py() is None:
        return None
    return str(numbers(order.table, name)[0].as_py() if name in ("horizon", "interval") else text(said)[0].as_py())


def _number(said: str | None) -> float | None:
    try:
        return None if said is None else float(said)
    except ValueError:
        return None
