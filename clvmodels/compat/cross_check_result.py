"""What a cross-check found: tables, every customer's numbers from both packages, and where they part, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..inference import looks
from ..units import length

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = {
    "parameters": "Parameters: each package's own fit of these customers; apart by so many standard errors",
    "log_likelihoods": "Log-likelihoods: of the parameters that each found, as each computes it; below best by ours",
    "predictions": "Predictions: of all customers; apart by parts of ours; no answer: NaN, inf or negative there",
    "times": "Times: CPU seconds of the fits",
}
_ODD = ["nan", "infinite", "negative"]  # shown as one column, for reading
_HEADS = {"median_difference": "median apart", "largest_difference": "most apart", "no_answer": "no answer"}


@dataclass(frozen=True)
class CrossCheck:
    """This package and another one on the same customers; made by `cross_check`.

    Attributes
    ----------
    package, version
        The other package.
    titles
        The models, in words.
    n_customers, of_customers
        How many customers were compared, and how many the summary holds: less means a sample.
    horizon, time_unit
        How far ahead the predictions are, and the unit of all times; None of a spend model alone.
    agrees
        True if both find the same optimum (log-likelihoods within 0.001, parameters within 0.02 standard errors) and
        give, with the same parameters, every customer the same finite predictions (within 1e-6), and the other package
        with its own parameters a number to everybody who gets one here. Values (clv), whose conventions differ, do not
        enter.
    verdict
        The same in one sentence.
    sentences
        What was compared, where the two part, and why.
    parameters
        A row per parameter: part ("purchases" or "spend"), parameter, ours, theirs, standard_error (ours), apart_by
        (theirs − ours in those standard errors).
    log_likelihoods
        A row per part and whose parameters ("ours", "theirs"): by_ours, by_theirs (the two formulas), both of the
        purchase times in the summary's unit, or of the mean spend; below_best (by our formula).
    predictions
        A row per quantity (expected_purchases, p_alive, expected_spend, clv) and whose parameters ("same" or "own"):
        customers, total_ours and total_theirs (of those who get a finite number from both), median_difference and
        largest_difference (relative: |theirs − ours| / max(|ours|, a millionth of the mean of ours)), nan, infinite and
        negative (customers to whom the other package gives that, and we do not), worst_customer, worst_ours and
        worst_theirs (of the largest difference).
    customers
        A row per customer: its history, and for each quantity Q ``Q_ours`` and ``Q_theirs`` (each with its own
        parameters), ``Q_ours_same`` and ``Q_theirs_same`` (both with the same).
    times
        A row per part: ours, theirs (CPU seconds of the fits), times_faster.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> found = clv.cross_check(clv.PurchaseModel("bg_nbd"), summary)
    >>> found
    CrossCheck of BG/NBD against lifetimes 0.11.3: 2,357 customers, 52.18 weeks ahead; they agree
    >>> print(found.parameters[["parameter", "ours", "theirs", "standard_error"]].round(3).to_string(index=False))
    parameter  ours  theirs  standard_error
            r 0.243   0.243           0.013
        alpha 4.414   4.414           0.378
            a 0.793   0.793           0.186
            b 2.426   2.426           0.705
    """

    package: str
    version: str
    titles: tuple[str, ...]
    n_customers: int
    of_customers: int
    horizon: float | None
    time_unit: str | None
    agrees: bool
    verdict: str
    sentences: tuple[str, ...]
    parameters: pd.DataFrame
    log_likelihoods: pd.DataFrame
    predictions: pd.DataFrame
    customers: pd.DataFrame
    times: pd.DataFrame

    def __str__(self) -> str:
        lines = [self.verdict, *(f"- {sentence}" for sentence in self.sentences)]
        return "\n".join([*lines, *table_lines(self)])

    def __repr__(self) -> str:
        of = "" if self.n_customers == self.of_customers else f" of {self.of_customers:,}"
        ahead = (
            "" if self.horizon is None or self.time_unit is None else f", {length(self.horizon, self.time_unit)} ahead"
        )
        return (
            f"CrossCheck of {' and '.join(self.titles)} against {self.package} {self.version}: {self.n_customers:,}"
            f"{of} customers{ahead}; {'they agree' if self.agrees else 'they part'}"
        )

    def _repr_html_(self) -> str:
        parts = [looks.judged(self.agrees, self.verdict), looks.listed(self.sentences)]
        for name, title in _SHOWN.items():
            header, rows = _cells(name, getattr(self, name))
            parts += [looks.line(title), looks.table(header, rows)]
        return looks.card(f"Cross-check against {self.package} {self.version}", *parts)


def table_lines(found: CrossCheck) -> list[str]:
    """The tables as text, a heading and an empty line above each."""
    lines: list[str] = []
    for name, title in _SHOWN.items():
        header, rows = _cells(name, getattr(found, name))
        lines += ["", title, *_columns([header, *rows])]
    return lines


def _cells(name: str, table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """A table as text: a header, and rows."""
    shown = table
    if name == "predictions":
        odd = table[_ODD].sum(axis=1)
        shown = table.drop(columns=["customers", *_ODD, "worst_customer", "worst_ours", "worst_theirs"])
        shown = shown.assign(no_answer=odd)
    header = [_HEADS.get(str(column), str(column).replace("_", " ")) for column in shown.columns]
    rows = [
        [_cell(name, str(column), value) for column, value in zip(shown.columns, row, strict=True)]
        for row in shown.itertuples(index=False)
    ]
    return header, rows


def _cell(table: str, column: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return "–"
    if column == "no_answer":
        return f"{value:,}"
    if column in ("by_ours", "by_theirs", "total_ours", "total_theirs"):
        return f"{value:,.4f}" if column.startswith("by") else f"{value:,.2f}"
    if column in ("below_best", "apart_by", "median_difference", "largest_difference"):
        return "0" if value == 0 else f"{value:.2g}"
    if column == "times_faster":
        return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"
    if table == "times":
        return f"{value:.3f}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _columns(rows: list[list[str]]) -> list[str]:
    """Rows below one another: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = [all(not _numeric(cell) for cell in column[1:]) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if word else cell.rjust(width)
            for cell, width, word in zip(row, widths, words, strict=True)
        ).rstrip()
        for row in rows
    ]


def _numeric(cell: str) -> bool:
    return cell == "–" or cell[:1].isdigit() or cell[:1] == "-" or cell in ("inf", "nan")
