"""The section of a report for managers: equity, concentration, tiers, customers at risk, and LTV:CAC."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..economics.customer_base import Overview
from ..errors import ClvError
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
    heads = ("Group", "Customers", "Value", *(names[name] for name in ends))
    shares = ("of customers", "of value", "Value each")
    told = (
        []
        if not ends
        else ["“from” and “to” hold what will happen with the probability said above; they do not add up."]
    )
    return Table("What groups of customers are worth", (*heads, *shares), rows, told, sortable=False)


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
    header = ("Tier", "From a value of", "Customers", "Value", "of value", "Value each", "Mean P(alive)")
    return Table("Tiers of customers by value", header, rows, sortable=False)


def _at_risk(found: Overview) -> Table:
    table = found.at_risk
    named = "customer_id" in table
    rows = [
        (
            cells.outside(row["customer_id"]) if named else cells.text(f"row {i}"),
            cells.number(row["clv"], ",.2f"),
            cells.number(row["p_alive"], ".0%"),
            _date(row["falls_below_on"]),
            cells.text(row["note"]),
        )
        for i, row in enumerate(table.to_dict("records"), start=1)
    ]
    shown, there = len(table), found.at_risk_customers
    caption = f"The {shown:,} dearest of {there:,}" if shown < there else f"All {there:,}"
    return Table(caption, ("Customer", "Value", "P(alive)", "Below a half on", "If nothing is bought"), rows)


def _date(value: Any) -> Cell:
    return cells.number(None) if value is None or value != value else cells.text(str(value)[:10])
