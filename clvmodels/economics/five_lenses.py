"""The customer-base audit: five ways to look at the customers of a log, in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..inference import looks
from .cohorts import cohort_rows, wide
from .deciles_between import decile_rows
from .decomposition import PeriodChange, change_of
from .key_figures import kpi_table
from .orders_per_customer import order_rows
from .period_books import open_book
from .periods import checked_period
from .shown_tables import html_table, plain_table
from .windows import two_windows

if TYPE_CHECKING:
    import pandas as pd

_FIGURES = (
    "period", "complete", "customers", "new_customers", "orders", "orders_per_customer", "repeat_rate", "revenue",
    "average_order_value", "profit",
)  # fmt: skip
_MOST_ROWS, _MOST_COLUMNS = 12, 13  # of a table that is printed


@dataclass(frozen=True)
class CustomerAudit:
    """Five looks at the customers of a log; made by `audit`, printed as text or as tables in a notebook.

    Attributes
    ----------
    before, after
        Names of the two periods that are looked at.
    order_counts
        Lens 1, one period: how the customers of ``after`` differ, see `clvmodels.economics.order_counts`.
    change
        Lens 2, two periods: what changed from ``before`` to ``after``, see `clvmodels.economics.change_between`.
    deciles
        Lens 2 too: tenths of customers in both, see `clvmodels.economics.decile_change`.
    one_cohort
        Lens 3, one cohort: that which was asked for, by age; rows of ``cohorts``.
    cohorts
        Lens 4, cohorts compared: by age, see `clvmodels.economics.compute_cohorts`.
    by_calendar
        Lens 5, the whole: cohorts by period of the calendar.
    kpis
        Lens 5 too: key figures by period, see `clvmodels.economics.kpis`.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.economics.audit(clv.load_cdnow(sample=True), period="quarter", cohort="month")
    >>> found
    CustomerAudit of 6 periods and 3 cohorts; 1998-Q1 against 1998-Q2
    >>> len(found.deciles), found.one_cohort["cohort"].unique().tolist()
    (20, ['1997-01'])
    """

    before: str
    after: str
    order_counts: pd.DataFrame
    change: PeriodChange
    deciles: pd.DataFrame
    one_cohort: pd.DataFrame
    cohorts: pd.DataFrame
    by_calendar: pd.DataFrame
    kpis: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"CustomerAudit of {len(self.kpis)} periods and {self.cohorts['cohort'].nunique()} cohorts; "
            f"{self.before} against {self.after}"
        )

    def __str__(self) -> str:
        blocks = []
        for title, table, told in self._lenses():
            blocks.append("\n".join([title, *told, plain_table(table)]))
        return "\n\n".join(blocks)

    def _repr_html_(self) -> str:
        parts = []
        for title, table, told in self._lenses():
            parts.append(looks.card(title, *map(looks.line, told), html_table(table)))
        return looks.card("Customer-base audit", *parts)

    def _lenses(self) -> list[tuple[str, pd.DataFrame, list[str]]]:
        """Of each lens its title, the table to show, and what is said of it."""
        money = "revenue" in self.cohorts.columns
        of = "revenue" if money else "orders"
        tenths = self.deciles[self.deciles["sorted_by"] == "before"].drop(columns="sorted_by")
        shown = ["decile", "customers", *(f"{of}_{when}" for when in ("before", "after")), "active_after"]
        parts = "tenths" if len(tenths) == 10 else f"{len(tenths)} equal groups"
        own = self.one_cohort
        cohort = [name for name in ("age", "complete", "customers", "orders", "revenue", f"{of}_so_far") if name in own]
        per_head = wide(self.cohorts, of, per_head=True)
        calendar = wide(self.by_calendar, of, unfinished=True)
        name = own["cohort"].iloc[0]
        figures = self.kpis[[name for name in _FIGURES if name in self.kpis]]
        return [
            (f"Lens 1, one period: customers of {self.after} by number of orders", self.order_counts, []),
            (
                f"Lens 2, two periods: {parts} of the customers of {self.before}, and what they bought in {self.after}",
                tenths[list(dict.fromkeys(shown))],
                str(self.change).split("\n"),
            ),
            (
                f"Lens 3, one cohort: the {own['cohort_size'].iloc[0]:,} customers of {name}",
                _cut(own[list(dict.fromkeys(cohort))]),
                [],
            ),
            (f"Lens 4, cohorts compared: {of} per head by age", _cut(per_head.reset_index()), []),
            (f"Lens 5, the whole: {of} by cohort and period", _cut(calendar.reset_index()), []),
            ("Lens 5, the whole: key figures", _cut(figures), []),
        ]


def audit(
    log: object,
    *,
    period: str = "month",
    cohort: str = "quarter",
    before: object = None,
    after: object = None,
    follow: str | None = None,
    groups: int = 10,
    margin: float | None = None,
    cost: str | None = None,
    **reading: Any,
) -> CustomerAudit:
    """Look at the customers of a log through the five lenses of a customer-base audit.

    One period: how do its customers differ? Two periods: what changed, and who? One cohort: how did it develop since it
    was won? Cohorts compared: are later ones better or worse at the same age? And the whole: how is each period's
    revenue made of the cohorts? The log is read once. Source: Fader, Hardie & Ross (2022), The Customer-Base Audit.

    Parameters
    ----------
    log
        As for `summarize`, or what `read_purchases` gave.
    period
        Of the key figures and of the cohorts' tables: "week", "month", "quarter" or "year".
    cohort
        Customers of one cohort first bought in the same "week", "month", "quarter" or "year".
    before, after
        The two periods that are compared, see `change_between`; by default the last two whole years of the log, or
        quarters, months, weeks.
    follow
        Name of the cohort of the third lens, such as "1997-Q1"; by default the first one (in a log that begins in the
        middle of a shop's life it holds older customers too: follow a later one).
    groups
        Of `decile_change`.
    margin, cost
        As for `kpis`, for profit.
    **reading
        As for `summarize`.

    Returns
    -------
    CustomerAudit
        The tables of the lenses.

    Raises
    ------
    InvalidInput, NotEnoughData
        Whatever the tables refuse that it is made of; a log that holds no two whole weeks.
    NotAvailable
        If a margin is given and the log holds no money.

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.economics.audit(clv.load_cdnow(sample=True), period="quarter", cohort="month")
    >>> print("\\n".join(str(found).split("\\n")[:4]))
    Lens 1, one period: customers of 1998-Q2 by number of orders
    orders customers share_of_customers revenue share_of_revenue average_order_value
         1       195             65.0 %   7,918           44.0 %                40.6
         2        64             21.3 %   4,176           23.2 %               32.63

    """
    book = open_book("audit", log, margin, cost, reading)
    grain = book.purchases.facts["event_grain"]
    checked_period("period", period, grain)
    checked_period("cohort", cohort, grain)
    first, second = two_windows(book, before, after)
    by_age = cohort_rows(book, cohort, period, "age")
    followed = by_age["cohort"].iloc[0] if follow is None else follow
    if not isinstance(followed, str) or followed not in set(by_age["cohort"]):
        names = by_age["cohort"].unique()
        raise InvalidInput(
            f"follow must be one of the {len(names):,} cohorts, {names[0]} to {names[-1]}; found {follow!r}"
        )
    return CustomerAudit(
        first.name,
        second.name,
        order_rows(book, second),
        change_of(book, first, second),
        decile_rows(book, first, second, groups),
        by_age[by_age["cohort"] == followed].reset_index(drop=True),
        by_age,
        cohort_rows(book, cohort, period, "calendar"),
        kpi_table(book, period),
    )


def _cut(table: pd.DataFrame) -> pd.DataFrame:
    """The last rows and columns, where there are more than can be read."""
    kept = table.tail(_MOST_ROWS)
    fixed = 2 if "cohort" in table.columns else len(kept.columns)
    later = kept.columns[fixed:]
    return kept[[*kept.columns[:fixed], *later[-(_MOST_COLUMNS - 2) :]]]
