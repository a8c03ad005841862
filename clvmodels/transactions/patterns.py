"""Customers with the same history are one row: merged inside the engine, so that any number of them can be fitted."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import frames
from ..errors import InvalidInput, NotEnoughData
from . import sources, sql, state, summary_checks, summary_rules
from .columns import Columns, quoted
from .engine import connection
from .given_summary import columns_of, register_given
from .grouping import quality_of
from .summarize import grouped_by_customer, refuse_nothing, refuse_unknown, rfm_summary

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("frequency", "recency", "T")
CUSTOMERS = summary_rules.WEIGHT
_SETTINGS = (
    *("time_unit", "event_grain", "observation_start", "observation_end", "refunds", "tz", "date_format", "strict"),
)
_EXACT = 2.0**53  # whole numbers up to here are exact as doubles
_COUNTS = (
    *("lines", "lines_used", "lines_without_customer", "lines_without_date", "lines_unreadable_date"),
    *("lines_after_end", "customers_before_start", "customers_without_purchase"),
)


class Patterns(NamedTuple):
    """The distinct histories of customers, and how many customers have each: all that a fit needs to know.

    Attributes
    ----------
    purchases
        pandas.DataFrame: frequency, recency, T and ``customers``, in ascending order.
    spend
        pandas.DataFrame of those who came back: frequency, monetary_value and ``customers``; None without money.
    facts
        time_unit, event_grain, observation_start, observation_end, tz, refunds and version, as far as they are known;
        both frames carry them.
    counts
        customers, repeaters, and of a log its lines: lines, lines_used, lines_after_end, ...

    Examples
    --------
    >>> import clvmodels as clv
    >>> found = clv.patterns(clv.load_cdnow(sample=True), observation_end="1997-09-30")
    >>> found.counts["customers"], found.counts["repeaters"], len(found.purchases)
    (2357, 946, 1016)
    >>> found
    Patterns of 2,357 customers, times in weeks: 1,016 different histories; 946 came back, with 760 kinds of spend
    """

    purchases: pd.DataFrame
    spend: pd.DataFrame | None
    facts: dict[str, str | None]
    counts: dict[str, int | float]

    def __repr__(self) -> str:
        """How many customers in how many rows."""
        unit = self.facts.get("time_unit")
        times = f", times in {unit}s" if unit else ""
        spend = "" if self.spend is None else f", with {len(self.spend):,} kinds of spend"
        return (
            f"Patterns of {self.counts['customers']:,} customers{times}: {len(self.purchases):,} different histories; "
            f"{self.counts['repeaters']:,} came back{spend}"
        )


def patterns(
    source: object,
    *,
    weights: str | None = None,
    memory_limit: str | None = None,
    threads: int | None = None,
    **reading: Any,
) -> Patterns:
    """Merge customers with the same statistics, in the engine: what `CLVModel.fit` and its parts can be given.

    A fit needs of a customer (x, t_x, T) for purchases and (x, m_x) for spend, and the log-likelihood is the sum over
    distinct ones times how many customers have them. Ten million customers observed in days have less than a million
    distinct histories, and no row per customer ever reaches Python.

    Parameters
    ----------
    source
        A summary (a table with the columns frequency, recency and T, and monetary_value if there is money), or a log:
        a path or several (wildcards allowed) to Parquet or CSV files, or any table that `summarize` takes.
    weights
        Of a summary: the name of a column that says how many customers a row stands for.
    memory_limit
        What the engine may use, such as "1GB", before it spills to a temporary folder.
    threads
        How many the engine may use; by default as many as there are cores.
    **reading
        How a log is to be read, as for `summarize`: customer_id, date, amount, time_unit, observation_end, ...

    Returns
    -------
    Patterns
        ``purchases``, ``spend``, ``facts`` and ``counts``. They do not depend on the order of rows or on threads.

    Raises
    ------
    InvalidInput
        If a summary has a row that cannot be used, or a log cannot be read: what was found, how many, which first.
    NotEnoughData
        If there is no customer.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> summary = pandas.DataFrame({"frequency": [2, 0, 2], "recency": [30, 0, 30], "T": [38, 38, 38]})
    >>> clv.patterns(summary).purchases.to_dict("list")
    {'frequency': [0, 2], 'recency': [0.0, 30.0], 'T': [38.0, 38.0], 'customers': [1, 2]}

    The fit is that of all customers:

    >>> log = clv.load_cdnow(sample=True)
    >>> merged = clv.patterns(log, observation_end="1997-09-30")
    >>> clv.CLVModel("bg_nbd").fit(merged).purchases
    PurchaseModel('bg_nbd', time_unit='week'): r=0.2426, alpha=4.414, a=0.7929, b=2.426
    """
    with connection(memory_limit, threads) as con:
        source = sources.opened(source)
        found = columns_of(source)
        if is_summary(found):
            facts, counts, money = _of_summary(con, source, found, weights, reading)
        else:
            facts, counts, money = _of_log(con, source, weights, reading)
        weighted = weights is not None
        purchases = _merged(con, STATISTICS, weighted=weighted)
        spend = _merged(con, ("frequency", "monetary_value"), "frequency > 0", weighted=weighted) if money else None
    each = purchases[CUSTOMERS]
    counts |= {"customers": _number(each.sum()), "repeaters": _number(each[purchases["frequency"] > 0].sum())}
    if not counts["customers"]:
        raise NotEnoughData("there is no customer to fit: expected a summary with at least one row")
    told = {name: value for name, value in facts.items() if value is not None}
    if told:
        purchases = frames.attach_facts(purchases, facts)
        spend = spend if spend is None else frames.attach_facts(spend, facts)
    return Patterns(purchases, spend, facts, counts)


def is_summary(columns: list[str]) -> bool:
    """Whether a table with these columns is a summary, not a log."""
    return set(STATISTICS) <= set(columns)


def _of_summary(
    con: Any, source: object, found: list[str], weights: str | None, reading: Mapping[str, Any]
) -> tuple[dict[str, str | None], dict[str, int | float], bool]:
    """The view ``customers_read`` of a summary, every row of it checked."""
    if reading:
        raise InvalidInput(f"a summary has been read already: leave {', '.join(reading)} out, or pass the log itself")
    money = "monetary_value" in found
    names = (*STATISTICS, *(["monetary_value"] if money else []))
    facts = register_given(con, source, summary_checks.wanted(found, names, weights))
    summary_checks.check(con, names, weighted=weights is not None)
    return facts, {}, money


def _of_log(
    con: Any, log: object, weights: str | None, reading: Mapping[str, Any]
) -> tuple[dict[str, str | None], dict[str, int | float], bool]:
    """The view ``customers_read`` of a log."""
    if weights is not None:
        raise InvalidInput(f"weights are for a summary, whose rows may stand for several customers; found {weights!r}")
    refuse_unknown("patterns", reading)
    asked = {name: each.default for name, each in signature(rfm_summary).parameters.items()}
    asked.update(reading)
    names = Columns(*(asked[name] for name in ("customer_id", "date", "amount", "order_id")))
    met = grouped_by_customer(con, log, names, **{name: asked[name] for name in _SETTINGS}, report=False)
    options = met.options
    statistics = sql.statistics_sql(
        met.source.reading,
        time_unit=asked["time_unit"],
        event_grain=options["event_grain"],
        observation_end=options["observation_end"],
    )
    kept = sql.from_start_sql(options["event_grain"], options["observation_start"])
    con.execute(f"CREATE TEMP VIEW customers_read AS SELECT{statistics} FROM customers WHERE purchases > 0{kept}")
    n = con.execute("SELECT COUNT(*) FROM customers_read").fetchall()[0][0]
    quality = quality_of(met.counts, n, options, money=met.source.reading.money)
    refuse_nothing(quality)
    return state.facts_of(met.settings), {name: getattr(quality, name) for name in _COUNTS}, met.source.reading.money


def _merged(con: Any, statistics: tuple[str, ...], kept: str = "TRUE", *, weighted: bool) -> pd.DataFrame:
    """Distinct statistics in ascending order, and how many customers have them; rows of weight 0 count for nothing."""
    names = ", ".join(map(quoted, statistics))
    text = f"SELECT {names}, COUNT(*) AS {CUSTOMERS} FROM customers_read WHERE {kept} GROUP BY {names} ORDER BY {names}"
    if weighted:  # equal weights first, then the sum in their order, so that it does not depend on threads
        text = f"""
SELECT {names}, SUM({CUSTOMERS} * n ORDER BY {CUSTOMERS}) AS {CUSTOMERS}
FROM (
  SELECT {names}, {CUSTOMERS}, COUNT(*) AS n
  FROM customers_read
  WHERE {kept} AND {CUSTOMERS} > 0
  GROUP BY {names}, {CUSTOMERS}
) AS each
GROUP BY {names} ORDER BY {names}"""
    frame: pd.DataFrame = con.sql(text).to_arrow_table().to_pandas()
    for name in ("frequency", CUSTOMERS):
        if float(frame[name].max()) <= _EXACT and (frame[name] == frame[name].round()).all():
            frame[name] = frame[name].astype("int64")
    return frame


def _number(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)
