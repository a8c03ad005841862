"""What a comparison of ways to value customers found: tables, and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..inference import looks
from ..models.clv import CLVModel
from ..transactions.holdout import Split
from ..units import length
from ..validation import words

if TYPE_CHECKING:
    import pandas as pd

_ERROR, _SQUARED = "mean_absolute_error", "root_mean_squared_error"
_SHOWN = {
    "title": "method", "predicted": "predicted", "error_share": "off by", _ERROR: "mean absolute error",
    _SQUARED: "root mean squared error", "customers_off": "", "top_tenth_share": "top tenth brought",
    "lifetime_value": "lifetime value",
}  # fmt: skip


@dataclass(frozen=True)
class MethodComparison:
    """Simple formulas and models held against what a holdout brought; made by `compare_clv_methods`.

    Money is profit, margin × spend, or revenue where no margin was given.

    Attributes
    ----------
    table
        One row a method: ``method``, ``title``, ``kind`` ("formula" or "model"), ``predicted`` (total over the
        holdout, undiscounted), ``actual``, ``error`` (predicted − actual), ``error_share`` (error / actual),
        ``mean_absolute_error`` and ``root_mean_squared_error`` (per customer), ``customers_off`` (how many are off by
        more than ``tolerance``), ``top_tenth_share`` (what share of the actual the tenth of customers brought whom the
        method ranks highest; 0.1 where it ranks nobody), ``lifetime_value`` (total without a horizon, discounted where
        the method discounts; missing where it knows no lifetime), and ``note``: how it was brought to the holdout.
    customers
        One row a customer, in the log's kind of frame: customer_id, ``group`` (with ``by``), ``actual``, and a column
        for each method.
    groups
        One row per group and method, with ``group``, ``customers`` and the columns of ``table`` up to
        ``mean_absolute_error``; None without ``by``.
    models
        The models by name, fitted on the calibration part.
    split
        What the cut of the log found: quality of both parts, new customers.
    tolerance
        Beyond what ``customers_off`` counts, in money.
    settings
        What was asked for, as text.
    notes
        What else to know, in sentences: customers without a group, groups without a customer.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> found = clv.compare_clv_methods(log, calibration_end="1997-09-30", margin=0.30, models=["bg_nbd"])
    >>> found
    MethodComparison of 7 formulas and bg_nbd: 2,357 customers, calibration until 1997-09-30, holdout until 1998-06-30
    >>> found.duration, found.time_unit
    (39.0, 'week')
    >>> found.verdict.splitlines()[0]
    '2,357 customers known by 30 Sep 1997 brought a profit of 21,292.92 in the 39 weeks after it (undiscounted).'
    """

    table: pd.DataFrame
    customers: Any
    groups: pd.DataFrame | None
    models: Mapping[str, CLVModel]
    split: Split
    tolerance: float
    settings: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def duration(self) -> float:
        """Length of the holdout in the time unit."""
        return float(self.settings["duration"])

    @property
    def time_unit(self) -> str:
        """The unit of all times."""
        return self.settings["time_unit"]

    @property
    def verdict(self) -> str:
        """How far off each way was, in words: in total, customer by customer, and in whom it ranks highest."""
        fits = [f"{name}: {told}" for name, model in self.models.items() for told in words.of_fit(model.purchases)]
        return "\n".join([*self._told(), *fits, *self.notes])

    def _told(self) -> list[str]:
        rows = _records(self.table)
        cut, actual = words.day(self.settings["calibration_end"]), rows[0]["actual"]
        n, what = len(self.customers), self.settings["money"]
        sentences = [
            f"{words.counted(n, 'customer')} known by {cut} brought a {what} of {actual:,.2f} in the "
            f"{length(self.duration, self.time_unit)} after it (undiscounted)."
        ]
        sentences.append(_of_totals(rows))
        sentences.append(_of_customers(rows, actual / n))
        ranked = [row for row in rows if not math.isnan(row["top_tenth_share"])]
        if ranked:
            sentences.append(_of_the_top(ranked, what))
        sentences += _of_lifetimes(rows, self.settings)
        split = self.split
        if split.new_customers:
            told = (split.new_customers, split.new_customers_purchases, split.new_customers_spend)
            sentences.append(words.of_new_customers(*told))
        return sentences

    def __str__(self) -> str:
        names = self._headings()
        shown = self.table[list(names)].rename(columns=names)
        forms = {names[name]: _form(name) for name in names if name != "title"}
        table = shown.to_string(index=False, formatters=forms, na_rep="–")
        return f"{self.verdict}\n\n{table}"

    def _headings(self) -> dict[str, str]:
        return {**_SHOWN, "customers_off": f"customers off by more than {self.tolerance:,.2f}"}

    def __repr__(self) -> str:
        formulas = int((self.table["kind"] == "formula").sum())
        return (
            f"MethodComparison of {formulas} formulas and {', '.join(self.models)}: {len(self.customers):,} customers, "
            f"calibration until {self.settings['calibration_end']}, holdout until {self.settings['holdout_end']}"
        )

    def _repr_html_(self) -> str:
        rows = [
            [str(row[name]) if name == "title" else _form(name)(row[name]) for name in _SHOWN]
            for row in _records(self.table)
        ]
        sentences = [looks.line(sentence) for sentence in self.verdict.split("\n")]
        notes = [f"{row['title']}: {row['note']}" for row in _records(self.table)]
        small = [looks.line(note, small=True) for note in notes]
        return looks.card(
            "Ways to value customers", *sentences, looks.table(list(self._headings().values()), rows), *small
        )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _form(name: str) -> Any:
    forms = {"error_share": "+.1%", "top_tenth_share": ".1%", "customers_off": ",.0f", _ERROR: ",.2f", _SQUARED: ",.2f"}
    return lambda value: looks.number(value, forms.get(name, ",.0f"))


def _of_totals(rows: list[dict[str, Any]]) -> str:
    """Who is nearest in total, who is nearest of the others' kind, and who is farthest."""

    def said(row: dict[str, Any]) -> str:
        return f"{row['title']}, with {row['predicted']:,.0f} ({words.off_by(row['predicted'], row['actual'])})"

    order = sorted(rows, key=lambda row: abs(row["error"]))
    return f"Nearest in total is {said(order[0])}{_of_the_others(order, said)}; farthest is {said(order[-1])}."


def _of_customers(rows: list[dict[str, Any]], mean: float) -> str:
    """Who is nearest customer by customer; and whether small absolute errors mean anything."""

    def said(row: dict[str, Any]) -> str:
        return f"{row['title']} ({row[_SQUARED]:,.2f})"

    order = sorted(rows, key=lambda row: row[_SQUARED])
    told = (
        f"Customer by customer the smallest root mean squared error is that of {said(order[0])}"
        f"{_of_the_others(order, said)}."
    )
    least = min(rows, key=lambda row: row[_ERROR])
    told += f" The smallest mean absolute error is that of {least['title']} ({least[_ERROR]:,.2f})"
    if mean <= least[_ERROR]:
        return f"{told}; a forecast of 0 for everybody would be off by {mean:,.2f}: judge nobody by it."
    if mean < max(row[_ERROR] for row in rows):
        return f"{told}; a forecast of 0 for everybody would be off by {mean:,.2f}."
    return f"{told}."


def _of_the_top(rows: list[dict[str, Any]], what: str) -> str:
    def said(row: dict[str, Any]) -> str:
        return f"{row['title']} ({100 * row['top_tenth_share']:.0f} %)"

    order = sorted(rows, key=lambda row: -row["top_tenth_share"])
    return (
        f"The tenth of customers ranked highest brought the largest share of the {what} with {said(order[0])}"
        f"{_of_the_others(order, said)}; a method that ranks nobody has 10 %."
    )


def _of_the_others(order: list[dict[str, Any]], said: Any) -> str:
    """The first of the other kind, as a clause."""
    other = next((row for row in order if row["kind"] != order[0]["kind"]), None)
    return "" if other is None else f", of the {other['kind']}s {said(other)}"


def _of_lifetimes(rows: list[dict[str, Any]], settings: Mapping[str, str]) -> list[str]:
    """What the methods say without a horizon; nothing where none says anything."""
    known = [row for row in rows if not math.isnan(row["lifetime_value"])]
    if not known:
        return []
    told = "; ".join(f"{row['title']} {row['lifetime_value']:,.0f}" for row in known)
    rate = 100 * float(settings["annual_discount_rate"])
    return [
        f"Over a whole lifetime, which no holdout can judge: {told} (models and retention rates discounted at "
        f"{rate:g} % a year)."
    ]
