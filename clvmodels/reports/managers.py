"""The section of a report for managers: equity, concentration, tiers, customers at risk, and LTV:CAC."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..economics.customer_base import LEVEL, Overview
from ..errors import ClvError
from ..units import span
from ..validation import words
from . import cells
from .cells import Cell, Table
from .pictures import Picture, Wanted, draw


class Section(NamedTuple):
    """What the page shows; ``at_risk`` is a table, or none where nobody is at risk."""

    day: str
    sentences: list[str]
    tables: list[Table]
    pictures: list[Picture]
    not_drawn: list[str]
    at_risk: list[Table]
    model: str


def _scored(found: Overview) -> tuple[Any, ...]:
    return (found.scored,)


def _tiers(found: Overview) -> tuple[Any, ...]:
    return (found.scored, found.tier)


WANTED = (
    Wanted("How value is spread over customers", "plot_concentration", _scored, {}),
    Wanted("Where the value lies", "plot_segment_value", _tiers, {}),
)


def section(found: Overview) -> Section:
    """Sentences, tables and pictures of an overview."""
    drawn, missing = [], []
    for wanted in WANTED:
        try:
            drawn.append(draw(wanted, found))
        except ClvError as error:
            missing.append(f"{wanted.heading} ({error})")
    end = found.equity.observation_end
    return Section(
        "the end of observation" if end is None else words.day(end),
        found.told(),
        [_equity(found), _tier_table(found)],
        drawn,
        missing,
        [_at_risk(found)] if len(found.at_risk) else [],
        found.model,
    )


def _equity(found: Overview) -> Table:
    table = found.equity.table
    ends = [name for name in ("equity_low", "equity_high") if name in table]
    rows = [
        (
            cells.outside(row["group"]),
            cells.number(row["customers"], ",.0f"),
            cells.number(row["equity"], ",.0f"),
            *(cells.number(row[name], ",.0f") for name in ends),
            cells.number(row["share_of_customers"], ".1%"),
            cells.number(row["share_of_equity"], ".1%"),
            cells.number(row["equity_per_customer"], ",.2f"),
        )
        for row in table.to_dict("records")
    ]
    names = {"equity_low": "from", "equity_high": "to"}
    heads = (found.grouped_by.capitalize() or "Group", "Customers", "Value", *(names[name] for name in ends))
    shares = ("of customers", "of value", "Value each")
    told = (
        []
        if not ends
        else [
            f"What the customers of a row bring will lie between “from” and “to” with a probability of "
            f"{100 * (found.equity.interval or 0):g} %, as far as the model is right. The ends do not add up."
        ]
    )
    kind = "revenue" if found.equity.margin == 1 else "profit"
    ahead = span(found.equity.horizon, found.equity.time_unit)
    by = f", by {found.grouped_by}" if found.grouped_by else ""
    return Table(
        f"What customers are worth ({kind} in the {ahead} ahead){by}", (*heads, *shares), rows, told, sortable=False
    )


def _tier_table(found: Overview) -> Table:
    rows = [
        (
            cells.text(row["tier"]),
            cells.number(row["value_from"], ",.2f"),
            cells.number(row["customers"], ",.0f"),
            cells.number(row["value"], ",.0f"),
            cells.number(row["share_of_value"], ".1%"),
            cells.number(row["value_per_customer"], ",.2f"),
            cells.number(row["mean_p_alive"], ".0%"),
        )
        for row in found.tiers.to_dict("records")
    ]
    header = ("Tier", "From a value of", "Customers", "Value", "of value", "Value each", "Still customers")
    told = ["“Still customers” is the mean probability that a customer of the tier has not left for good."]
    return Table("Tiers of customers by value", header, rows, told, sortable=False)


def _at_risk(found: Overview) -> Table:
    table = found.at_risk
    named = "customer_id" in table
    rows = [
        (
            cells.outside(row["customer_id"]) if named else cells.text(f"row {i}"),
            cells.number(row["clv"], ",.2f"),
            cells.number(row["p_alive"], ".0%"),
            _date(row["falls_below_on"]),
            Cell(str(row["note"]), None, "note"),
        )
        for i, row in enumerate(table.to_dict("records"), start=1)
    ]
    shown, there = len(table), found.at_risk_customers
    caption = f"The {shown:,} of highest value, of {there:,} at risk" if shown < there else f"All {there:,} at risk"
    header = ("Customer", "Value", "Still a customer", f"Below {100 * LEVEL:g} % on", "What that means")
    told = [
        "“Still a customer” is the probability, by the model, that the customer has not left for good. It falls with "
        "each day without a purchase; the date is when it falls, or fell, below that level."
    ]
    return Table(caption, header, rows, told)


def _date(value: Any) -> Cell:
    return cells.number(None) if value is None or value != value else Cell(str(value)[:10], None, "date")
