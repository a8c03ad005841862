"""A log grouped in the engine, or a summary read by it, handed out in ordered pieces of one size."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from inspect import signature
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..units import hours_in
from . import given_summary, rejected, sources, sql, state
from .columns import Columns, Source, quoted
from .engine import bytes_of, connection, plain_error, row
from .given_summary import Given
from .grouping import read_lines
from .id_text import check_type, default_parts, hash_sql
from .id_types import FRACTION, whole_numbers
from .moments import parse_moment, parse_zone
from .observation import last_date, observed, settings_of
from .refusals import refuse_left_over
from .summarize import one_of, rfm_summary
from .summary_rules import MONEY

STATISTICS = ("frequency", "recency", "T")
_ORDERED_AT_ONCE = 2_000_000  # customers: hardly a hundred MB, and a table of many is looked through but seldom
_EVENT_BYTES = 32  # of memory a line to be grouped: below, the engine spills too much; beyond, lines are read too often


@dataclass(frozen=True)
class Counts:
    """What became of every line and every customer.

    Attributes
    ----------
    lines, lines_used, lines_after_end, lines_rejected
        Lines of the log = lines_used + lines_after_end + lines_rejected; all 0 for a summary.
    customers, customers_scored, customers_rejected
        Customers met, which have a line that is used (of a summary: its rows) = customers_scored + customers_rejected.
    reasons
        Rejected lines and customers by their reason in words, those that there are.

    Examples
    --------
    >>> Counts(lines=9, lines_used=8, lines_rejected=1, customers=3, customers_scored=3).reasons
    {}
    """

    lines: int = 0
    lines_used: int = 0
    lines_after_end: int = 0
    lines_rejected: int = 0
    customers: int = 0
    customers_scored: int = 0
    customers_rejected: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Grouped:
    """Customers with their statistics, in the engine; made by `grouped` and gone with it.

    Attributes
    ----------
    kind
        "log" or "summary".
    money
        Whether there is a column monetary_value.
    facts
        time_unit, event_grain, observation_start, observation_end, tz, refunds and version; of a summary what it says
        of itself, None where it says nothing.
    counts
        `Counts` of lines and customers.
    id_type
        The engine's type of customer_id as it is handed out.
    parts
        Number of parts.
    """

    kind: str
    money: bool
    facts: dict[str, str | None]
    counts: Counts
    id_type: str
    parts: int
    _con: Any = field(repr=False)
    _select: str = field(repr=False)
    _rejects: str | None = field(repr=False)
    _view: str = field(repr=False)
    _part_rows: list[int] = field(repr=False)
    _has_refunds: bool = field(repr=False)
    _only: frozenset[int] | None = field(repr=False)

    def part_rows(self) -> list[int]:
        """Customers to score in each part."""
        return list(self._part_rows)

    def batches(self, part: int | None = None, rows: int = 131_072) -> Iterator[Any]:
        """The customers of a part (of all parts, if None) as Arrow record batches, ordered by customer_id.

        customer_id, frequency, recency, T, with money monetary_value, and of a summary the margin if one was asked
        for; exactly ``rows`` rows in each but the last, whatever the threads and the memory.

        Raises
        ------
        ClvError
            If memory or disk space do not suffice, or the part is not there.
        """
        self._refuse(part)
        where = "" if part is None else f" AND hash % {self.parts} = {part}"
        reader = _reader(self._con, f"{self._select}{where} ORDER BY 1", rows)
        return _of_size(reader, rows)

    def in_parts(self, parts: Sequence[int], rows: int = 131_072) -> Iterator[tuple[int, Iterator[Any]]]:
        """These parts in turn, each with its `batches`, which are to be read before the next part is asked for.

        The same rows, for less: customers are looked through and ordered many parts at a time.
        """
        for part in parts:
            self._refuse(part)
        for together in _together(parts, self._part_rows):
            wanted = _kept(frozenset(together), self.parts)
            stream = _Stream(_reader(self._con, f"{self._select} AND {wanted} ORDER BY hash % {self.parts}, 1", rows))
            for part in together:
                yield part, _of_size(stream.take(self._part_rows[part]), rows)

    def _refuse(self, part: int | None) -> None:
        if part is not None and not 0 <= part < self.parts:
            raise InvalidInput(f"part must be from 0 to {self.parts - 1}; found {part!r}")
        if self._only is not None and part not in self._only:
            raise InvalidInput(f"only the parts {sorted(self._only)} were read; found part={part!r}")

    def rejects(self) -> Any:
        """The rejected lines and customers as a pyarrow RecordBatchReader: what, customer_id, date, amount, reason.

        All are text, as they stand in the log, null where there is nothing; ``what`` is "line" or "customer". Lines
        come first, ordered by their columns, so that the same input gives the same rows in the same order.
        """
        import pyarrow as pa

        if self._rejects is None:
            raise InvalidInput("rejects are told by a run over all parts: leave out only_parts")
        self._con.execute(f"CREATE TABLE IF NOT EXISTS rejects AS {self._rejects}")
        order = ", ".join(f"{name} NULLS FIRST" for name in rejected.COLUMNS[1:])
        reader = _reader(self._con, f"SELECT * FROM rejects ORDER BY what DESC, {order}", 131_072)
        return pa.RecordBatchReader.from_batches(reader.schema, _of_size(reader, 131_072))

    def fingerprint(self) -> str:
        """What tells this content from other content, for inputs that are no files: frames, streams, queries.

        It covers the columns that are read, their types and all their rows, and depends on neither the order of the
        rows nor on how they are chunked. Equal content gives the same text under one version of the engine.
        """
        about = self._con.execute(f"DESCRIBE SELECT * FROM {self._view}").fetchall()
        names = ", ".join(quoted(name) for name, *_ in about)
        totals = self._con.execute(
            f"SELECT COUNT(*), SUM(CAST(h AS HUGEINT)), BIT_XOR(HASH(h, 1)), SUM(CAST(HASH(h, 2) AS HUGEINT)) "
            f"FROM (SELECT HASH({names}) AS h FROM {self._view}) AS hashed"
        ).fetchall()[0]
        types = [(name, sort) for name, sort, *_ in about]
        return hashlib.sha256(repr((types, totals)).encode()).hexdigest()

    def known(self) -> dict[str, Any]:
        """What a run that goes on needs to know of this one, for `grouped`'s ``known``: nothing but JSON values."""
        return {
            "kind": self.kind,
            "id_type": self.id_type,
            "parts": self.parts,
            "part_rows": self.part_rows(),
            "facts": dict(self.facts),
            "counts": asdict(self.counts),
            "has_refunds": self._has_refunds,
        }


@contextmanager
def grouped(
    source: object,
    *,
    model_statistics: Sequence[str] | None = None,
    time: str = "continuous",
    margin: str | None = None,
    memory_limit: str | None = None,
    threads: int | None = None,
    temp_directory: str | Path | None = None,
    partitions: int | None = None,
    only_parts: Collection[int] | None = None,
    known: Mapping[str, Any] | None = None,
    **reading: Any,
) -> Iterator[Grouped]:
    """Group a log in the engine, or read a summary with it, and hand the customers out in ordered pieces.

    Lines and customers that cannot be used do not stop the job: they are rejects, with their reason.

    Parameters
    ----------
    source
        A log or a summary, in anything that `summarize` takes. It is a summary if it has all statistics.
    model_statistics
        The columns of a summary that a model reads; frequency, recency, T and monetary_value by default. A summary may
        be without the last.
    time
        "continuous" or "discrete", the model's: in discrete time all is whole periods.
    margin
        The column of a summary that holds the margin, if one does: it is handed out as well.
    memory_limit, threads, temp_directory
        Limits of the engine, see `connection`.
    partitions
        Number of parts; by default one for each begun 250,000 customers.
    only_parts
        Read only the customers of these parts; ``known`` (or ``partitions``) must then say how many parts there are.
    known
        What `Grouped.known` gave in an earlier run over the same input: it is not found out again.
    **reading
        Keywords of `rfm_summary`: how a log is read. ``customer_id`` names that column of a summary too.

    Yields
    ------
    Grouped
        Usable within the ``with``.

    Raises
    ------
    InvalidInput, NotEnoughData
        If the input, or a setting, cannot be used as it is.

    Examples
    --------
    >>> import pandas
    >>> log = pandas.DataFrame({"customer_id": [7, 7, 8, None], "date": ["2024-01-01", "2024-01-15", "", "2024-01-02"]})
    >>> with grouped(log, amount=None) as found:
    ...     print(found.counts.lines_used, found.counts.reasons)
    ...     print([batch.to_pylist() for batch in found.batches()])
    2 {'no customer': 1, 'no date': 1}
    [[{'customer_id': 7, 'frequency': 1, 'recency': 2.0, 'T': 2.0}]]
    """
    parts = _parts(partitions, only_parts, known)
    only = None if only_parts is None or len(set(only_parts)) == parts else frozenset(only_parts)
    unknown = [name for name in reading if name not in signature(rfm_summary).parameters or name == "log"]
    if unknown:
        raise TypeError(f"grouped() got an unexpected keyword argument {unknown[0]!r}")
    with connection(memory_limit, threads, temp_directory) as con:
        source = sources.opened(source)
        statistics = tuple(model_statistics or (*STATISTICS, MONEY))
        if set(statistics) - {MONEY} <= set(given_summary.columns_of(source)):
            given = given_summary.read_summary(
                con,
                source,
                customer_id=reading.get("customer_id", "customer_id"),
                statistics=statistics,
                time=time,
                margin=margin,
                kept=_kept(only, parts),
            )
            yield _of_summary(con, given, parts, only, known)
        else:
            if margin is not None:
                raise InvalidInput(f"a log has no columns that are one value a customer; asked for was {margin!r}")
            yield _of_log(con, source, _settings(**reading), parts, only, known, memory_limit)


@dataclass(frozen=True)
class _Settings:
    names: Columns
    time_unit: str
    event_grain: str
    observation_start: object
    observation_end: object
    refunds: str
    tz: str | None
    date_format: str | None
    strict: bool


def _settings(
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    time_unit: str = "week",
    event_grain: str = "day",
    observation_start: object = None,
    observation_end: object = None,
    refunds: str = "net",
    order_id: str | None = None,
    tz: str | None = None,
    date_format: str | None = None,
    strict: bool = False,
) -> _Settings:
    hours_in(time_unit)
    one_of("event_grain", event_grain, tuple(sql.GRAINS))
    one_of("refunds", refunds, sql.REFUNDS)
    names = Columns(customer_id, date, amount, order_id)
    return _Settings(
        names, time_unit, event_grain, observation_start, observation_end, refunds, parse_zone(tz), date_format, strict
    )


def _parts(partitions: object, only_parts: Collection[int] | None, known: Mapping[str, Any] | None) -> int | None:
    """The number of parts, where it is said beforehand."""
    if partitions is not None and (
        isinstance(partitions, bool) or not isinstance(partitions, int) or not 1 <= partitions <= 100_000
    ):
        raise InvalidInput(f"partitions must be a whole number from 1 to 100,000; found {partitions!r}")
    parts: int | None = partitions if known is None else known["parts"]
    if only_parts is None:
        return parts
    if parts is None:
        raise InvalidInput("only_parts needs to know how many parts there are: pass known or partitions")
    odd = [part for part in only_parts if not 0 <= part < parts]
    if odd:
        raise InvalidInput(f"only_parts must lie from 0 to {parts - 1}; found {odd[0]!r}")
    return parts


def _kept(only: frozenset[int] | None, parts: int | None) -> str:
    """The condition on the hash of a customer of one of the parts."""
    if only is None:
        return "TRUE"
    return f"hash % {parts} IN ({', '.join(map(str, sorted(only)))})" if only else "FALSE"


def _of_log(
    con: Any,
    log: object,
    settings: _Settings,
    parts: int | None,
    only: frozenset[int] | None,
    known: Mapping[str, Any] | None,
    memory_limit: str | None,
) -> Grouped:
    source = sources.register(con, log, settings.names, settings.tz, settings.date_format)
    reading = source.reading
    id_type = {name: sort for name, sort, *_ in con.execute("DESCRIBE SELECT * FROM log").fetchall()}["customer_id"]
    check_type(id_type, source.names.customer_id)
    start, end = observed(settings.observation_start, settings.observation_end, reading.zone)
    if known is None:
        met = read_lines(con, source, refunds=settings.refunds, until=end, strict=settings.strict, leave_out=True)
        has_refunds = bool(met.get("refund_lines"))
        if end is None:
            end = last_date(met["last_day"])
    else:
        end = parse_moment("observation_end", known["facts"]["observation_end"], None)
        has_refunds, met = known["has_refunds"], {}
        _known_lines(con, source, _kept(only, parts))
    lines = known["counts"]["lines_used"] * (len(only) / known["parts"] if only else 1) if known else met["lines_used"]
    passes = 1 if memory_limit is None else math.ceil(max(lines, 1) * _EVENT_BYTES / bytes_of(memory_limit))
    _group(con, source, settings, start, end, has_refunds, passes)
    whole = known["id_type"] == "BIGINT" if known else whole_numbers(con, reading.customer, all_text=source.all_text)
    if reading.customer == "float" and not whole:
        _refuse_fractions(con, source.names.customer_id)
    facts = state.facts_of(
        settings_of(
            time_unit=settings.time_unit,
            event_grain=settings.event_grain,
            observation_start=start,
            observation_end=end,
            tz=reading.zone,
            refunds=settings.refunds,
        )
    )
    columns = (*STATISTICS, *((MONEY,) if reading.money else ()))
    counts = Counts(**known["counts"]) if known else _log_counts(con, met)
    rejects = rejected.customers_sql("customers", reading.customer, rejected.CUSTOMERS)
    if counts.lines_rejected:  # else a long log would be read once more for nothing
        rejects = f"{rejected.lines_sql(source, end)} UNION ALL {rejects}"
    return _made(
        con,
        kind="log",
        columns=columns,
        sort=reading.customer,
        whole=whole and (source.all_text or reading.customer == "float"),
        facts=facts,
        counts=counts,
        parts=parts,
        part_rows=known["part_rows"] if known else None,
        rejects=rejects,
        view="log",
        has_refunds=has_refunds,
        only=only,
    )


def _known_lines(con: Any, source: Source, kept: str) -> None:
    """The lines again, of the customers wanted: they were counted and judged before."""
    usable = " AND amount IS NOT NULL" if source.reading.money else ""
    text = f"SELECT * FROM ({sql.lines_sql(source.reading)}) AS read WHERE customer_id IS NOT NULL{usable}"
    if kept != "TRUE":
        hashed = hash_sql("customer_id", source.reading.customer)
        text = (
            f"SELECT * EXCLUDE (hash) FROM (SELECT *, {hashed} AS hash FROM ({text}) AS usable) AS hashed WHERE {kept}"
        )
    con.execute(f"CREATE TEMP VIEW lines AS {text}")


def _group(
    con: Any,
    source: Source,
    settings: _Settings,
    start: date | None,
    end: date | datetime,
    has_refunds: bool,
    passes: int,
) -> None:
    """The table ``customers``: one row a customer with id, statistics, hash of the id, and why it is not scored."""
    reading, grain = source.reading, settings.event_grain
    asked: dict[str, Any] = {
        "event_grain": grain,
        "refunds": settings.refunds if has_refunds else "",
        "observation_end": end,
        "days": start is not None,
    }
    left = settings.strict and has_refunds and settings.refunds != "drop"
    statistics = sql.statistics_sql(reading, time_unit=settings.time_unit, event_grain=grain, observation_end=end)
    text = f"""
SELECT customer_id,{statistics},
  {hash_sql("customer_id", reading.customer)} AS hash,
  CAST({rejected.customer_reason(grain, start)} AS TINYINT) AS reason{", left_events, left_total" if left else ""}
FROM ({sql.customers_sql(reading, **asked, told=left)}) AS met"""
    if passes == 1:
        con.execute(f"CREATE TABLE customers AS {text}")
    else:
        _in_passes(con, text, passes)
    if left:
        found = row(con, "SELECT SUM(left_events) AS left_events, SUM(left_total) AS left_total FROM customers")
        refuse_left_over(con, source, found, sql.events_sql(reading, **asked), grain)


def _in_passes(con: Any, text: str, passes: int) -> None:
    """The same over some of the customers at a time: reading the lines again costs less than spilling their events."""
    sort = con.execute("SELECT COUNT(*) FROM duckdb_views() WHERE view_name = 'lines' AND temporary").fetchall()[0][0]
    con.execute(f"ALTER {'VIEW' if sort else 'TABLE'} lines RENAME TO every_line")
    for k in range(passes):
        some = f"SELECT * FROM every_line WHERE HASH(customer_id) % {passes} = {k}"
        con.execute(f"CREATE OR REPLACE TEMP VIEW lines AS {some}")
        con.execute(f"{'INSERT INTO' if k else 'CREATE TABLE'} customers {'' if k else 'AS '}{text}")
    con.execute("CREATE OR REPLACE TEMP VIEW lines AS SELECT * FROM every_line")


def _log_counts(con: Any, met: dict[str, Any]) -> Counts:
    lines = {
        rejected.LINES[sql.WITHOUT_CUSTOMER]: met["lines_without_customer"],
        rejected.LINES[sql.WITHOUT_DATE]: met["lines_without_date"],
        rejected.LINES[sql.UNREADABLE_DATE]: met["lines_unreadable_date"],
        rejected.LINES[sql.UNUSABLE_AMOUNT]: met["lines_unusable_amount"],
    }
    return _counts(
        con,
        rejected.CUSTOMERS,
        {why: count for why, count in lines.items() if count},
        lines=met["lines"],
        lines_used=met["lines_used"],
        lines_after_end=met["lines_after_end"],
        lines_rejected=sum(lines.values()),
    )


def _counts(con: Any, words: Mapping[int, str], reasons: dict[str, int], **lines: int) -> Counts:
    found = dict(con.execute("SELECT reason, COUNT(*) FROM customers GROUP BY reason ORDER BY reason").fetchall())
    scored = found.pop(sql.USED, 0)
    return Counts(
        **lines,
        customers=scored + sum(found.values()),
        customers_scored=scored,
        customers_rejected=sum(found.values()),
        reasons={**reasons, **{words[code]: count for code, count in found.items()}},
    )


def _of_summary(
    con: Any, given: Given, parts: int | None, only: frozenset[int] | None, known: Mapping[str, Any] | None
) -> Grouped:
    words = given.reasons
    whole = known["id_type"] == "BIGINT" if known else whole_numbers(con, given.sort, all_text=given.all_text)
    if given.sort == "float" and not whole:
        _refuse_fractions(con, "customer_id")
    return _made(
        con,
        kind="summary",
        columns=given.columns,
        sort=given.sort,
        whole=whole and (given.all_text or given.sort == "float"),
        facts=given.facts,
        counts=known["counts"] if known else _counts(con, words, {}),
        parts=parts,
        part_rows=known["part_rows"] if known else None,
        rejects=rejected.customers_sql("customers", given.sort, words),
        view="given",
        has_refunds=False,
        only=only,
    )


def _made(
    con: Any,
    *,
    kind: str,
    columns: tuple[str, ...],
    sort: str,
    whole: bool,
    facts: dict[str, str | None],
    counts: Counts | Mapping[str, Any],
    parts: int | None,
    part_rows: list[int] | None,
    rejects: str,
    view: str,
    has_refunds: bool,
    only: frozenset[int] | None,
) -> Grouped:
    if not isinstance(counts, Counts):
        counts = Counts(**counts)
    parts = parts or default_parts(counts.customers_scored)
    customer = "CAST(customer_id AS BIGINT)" if whole else "customer_id"
    handed = ", ".join('CAST("frequency" AS BIGINT) AS frequency' if c == "frequency" else quoted(c) for c in columns)
    select = f"SELECT {customer} AS customer_id, {handed} FROM customers WHERE reason = {sql.USED}"
    if part_rows is None:
        by_part = f"SELECT hash % {parts}, COUNT(*) FROM customers WHERE reason = {sql.USED} GROUP BY 1"
        found = dict(con.execute(by_part).fetchall())
        part_rows = [found.get(part, 0) for part in range(parts)]
    return Grouped(
        kind=kind,
        money=MONEY in columns,
        facts=facts,
        counts=counts,
        id_type=con.execute(f"DESCRIBE {select}").fetchall()[0][1],
        parts=parts,
        _con=con,
        _select=select,
        _rejects=rejects if only is None else None,
        _view=view,
        _part_rows=part_rows,
        _has_refunds=has_refunds,
        _only=only,
    )


def _refuse_fractions(con: Any, column: str) -> None:
    found = con.execute(f"SELECT COUNT(*), MIN(customer_id) FROM customers WHERE {FRACTION}").fetchall()[0]
    raise InvalidInput(
        f"column {column!r} must hold identifiers that are whole numbers or text; {found[0]:,} customers have a "
        f"fraction or a float too large to be exact, first {found[1]!r}. Convert them to text first"
    )


def _reader(con: Any, query: str, rows: int) -> Any:
    """One reader, one cursor: a connection has one answer at a time."""
    import duckdb

    try:
        return con.cursor().sql(query).to_arrow_reader(rows)
    except duckdb.Error as error:
        raise plain_error(error) from error


def _together(parts: Sequence[int], rows: Sequence[int]) -> Iterator[list[int]]:
    """The parts, as many at a time as may be ordered at once."""
    found: list[int] = []
    held = 0
    for part in parts:
        if found and held + rows[part] > _ORDERED_AT_ONCE:
            yield found
            found, held = [], 0
        found.append(part)
        held += rows[part]
    if found:
        yield found


class _Stream:
    """The batches of a reader, taken by numbers of rows."""

    def __init__(self, reader: Any) -> None:
        self._batches = iter(reader)
        self._left: Any = None

    def take(self, rows: int) -> Iterator[Any]:
        """The next rows, so many."""
        while rows:
            batch = self._left if self._left is not None and self._left.num_rows else next(self._batches)
            yield batch.slice(0, rows)
            self._left = batch.slice(rows)
            rows -= min(rows, batch.num_rows)


def _of_size(reader: Any, rows: int) -> Iterator[Any]:
    """The rows of a reader in batches of exactly one size, but the last: the engine's own depend on its threads."""
    import pyarrow as pa

    pending: list[Any] = []
    held = 0
    try:
        for batch in reader:
            pending.append(batch)
            held += batch.num_rows
            while held >= rows:
                table = pa.Table.from_batches(pending)
                yield from table.slice(0, rows).combine_chunks().to_batches()
                held -= rows
                pending = table.slice(rows).to_batches()
    except (pa.ArrowException, OSError, RuntimeError) as error:
        raise plain_error(error) from error
    if held:
        yield from pa.Table.from_batches(pending).combine_chunks().to_batches()
