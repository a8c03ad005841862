"""A summary with state, read back: its rows in the engine, its facts, and what it cannot be if it is to be updated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .. import frames
from ..errors import InvalidInput
from ..versions import version_of
from . import sql, state
from .columns import Source
from .moments import parse_moment, parse_start

AGAIN = "Make it anew with summarize(..., keep_state=True)"
SETTINGS = ("time_unit", "event_grain", "observation_start", "observation_end", "tz", "refunds")


@dataclass(frozen=True)
class Known:
    """What a summary says of itself, and the columns that an update reads, as an Arrow table."""

    table: Any
    answer: str  # "pandas" or "arrow"
    settings: dict[str, str | None]
    counts: dict[str, int]
    start: date | None
    end: date | datetime
    money: bool
    closed: bool

    @property
    def grain(self) -> str:
        """The event grain."""
        return str(self.settings["event_grain"])

    @property
    def refunds(self) -> str:
        """The rule for refunds."""
        return str(self.settings["refunds"])


def read_known(summary: object) -> Known:
    """The summary as an update needs it.

    Raises
    ------
    InvalidInput
        If it has no facts, no columns of state, or is of another version of this package.
    """
    frame, answer = _frame(summary)
    names = frames.column_names(frame)
    missing = [name for name in (frames.CUSTOMER_ID, "frequency", "recency", *state.EVENTS) if name not in names]
    facts = frames.read_facts(frame)
    if missing:
        raise InvalidInput(
            f"the summary has no column {missing[0]!r}, without which it cannot be updated; the columns found are "
            f"{', '.join(map(repr, names[:30])) or 'none'}. {AGAIN}"
        )
    absent = [name for name in (*SETTINGS, "version", state.CUSTOMERS) if name not in facts]
    if absent:
        found = ", ".join(facts) or "none"
        raise InvalidInput(
            f"the summary does not say its {absent[0]}, so it cannot be updated (facts found: {found}). polars, CSV "
            f"and merges lose facts: keep the summary as pandas, Arrow or Parquet. {AGAIN}"
        )
    if facts["version"] != version_of("clvmodels"):
        raise InvalidInput(
            f"the summary was made by clvmodels {facts['version']}, this is {version_of('clvmodels')}, and what the "
            f"columns of state hold may differ. {AGAIN}"
        )
    settings = {name: facts[name] for name in SETTINGS}
    sql_grain, refunds = settings["event_grain"], settings["refunds"]
    if sql_grain not in sql.GRAINS or refunds not in sql.REFUNDS:
        raise InvalidInput(f"the summary's facts are damaged: event_grain {sql_grain!r}, refunds {refunds!r}. {AGAIN}")
    end = parse_moment("observation_end", settings["observation_end"], None)
    money = "first_amount" in names
    closed = state.has_closed(end, event_grain=str(sql_grain), refunds=str(refunds), money=money)
    wanted = state.columns(money=money, closed=closed)
    lost = [name for name in wanted if name not in names]
    if lost:
        raise InvalidInput(f"the summary has lost the column {lost[0]!r}, without which it cannot be updated. {AGAIN}")
    table = _arrow(frame, (frames.CUSTOMER_ID, "frequency", "recency", *wanted))
    _refuse_inexact(table)
    try:
        counts = {name: int(facts.get(name) or 0) for name in (state.CUSTOMERS, state.BEFORE_START, state.OPEN_REFUNDS)}
    except ValueError:
        raise InvalidInput(f"the summary's facts are damaged: a count is no number. {AGAIN}") from None
    start = parse_start(settings["observation_start"])
    return Known(table, answer, settings, counts, start, end, money, closed)


def register_known(con: Any, known: Known) -> None:
    """Make the table ``known`` of ticks and exact amounts; refuse rows that are missing, doubled or damaged."""
    con.register("summary", known.table)
    event = sql.GRAINS[known.grain][0]
    ticks = {
        name: event.replace("local_time", name) for name in (*state.EVENTS, *([state.CLOSED] if known.closed else []))
    }
    amounts = {name: state.exact(name) for name in (state.AMOUNTS if known.money else ())}
    columns = {**ticks, **amounts, **({"last_event_has_refund": "last_event_has_refund"} if known.money else {})}
    con.execute(
        "CREATE TEMP TABLE known AS SELECT customer_id, CAST(frequency AS BIGINT) + 1 AS purchases, recency"
        f"{''.join(f', {text} AS {name}' for name, text in columns.items())} FROM summary"
    )
    rows, ids, missing = con.execute(
        "SELECT COUNT(*), COUNT(DISTINCT customer_id), COUNT(*) - COUNT(customer_id) FROM known"
    ).fetchall()[0]
    if missing:
        raise InvalidInput(f"customer_id is missing in {missing:,} of {rows:,} rows of the summary. {AGAIN}")
    if ids < rows:
        first = con.execute(
            "SELECT customer_id FROM known GROUP BY customer_id HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 1"
        ).fetchall()[0][0]
        raise InvalidInput(
            f"every customer must be in the summary once: {rows - ids:,} of {rows:,} rows repeat one, first "
            f"customer_id={first!r}. {AGAIN}"
        )
    if rows != known.counts[state.CUSTOMERS]:
        raise InvalidInput(
            f"the summary was made of {known.counts[state.CUSTOMERS]:,} customers and has {rows:,} rows now: those "
            "left out would be taken for new ones. Update the whole summary, and choose rows afterwards"
        )
    held = [name for name in columns if name != state.CLOSED]
    where = " OR ".join(f"{name} IS NULL" for name in ["purchases", "recency", *held])
    bad = con.execute(f"SELECT COUNT(*), MIN(customer_id) FROM known WHERE {where}").fetchall()[0]
    if bad[0]:
        raise InvalidInput(
            f"the columns of state must be there for every customer; {bad[0]:,} of {rows:,} rows lack some, first "
            f"customer_id={bad[1]!r}. {AGAIN}"
        )


def refuse_other_zone(known: Known, source: Source, what: str) -> None:
    """Refuse a log whose days are counted in another zone than the summary's."""
    if source.reading.zone != known.settings["tz"]:
        raise InvalidInput(
            f"the summary's dates have the time zone {known.settings['tz']}, those of {what} {source.reading.zone}: "
            "convert them to that of the summary first"
        )


def _frame(summary: object) -> tuple[frames.Frame, str]:
    """Parquet as Arrow, answered in pandas; frames as they are."""
    if isinstance(summary, str | Path) and Path(summary).suffix.lower() == ".parquet" and Path(summary).is_file():
        import pyarrow as pa
        from pyarrow import parquet

        try:
            return parquet.ParquetFile(summary).read(), "pandas"
        except (pa.ArrowException, OSError) as error:
            raise InvalidInput(f"{str(summary)!r} could not be read as Parquet: is it complete?") from error
    frame = frames.load(summary)
    return frame, "arrow" if frames.kind(frame) == "arrow" else "pandas"


def _arrow(frame: frames.Frame, names: tuple[str, ...]) -> Any:
    import pyarrow as pa

    columns = {}
    for name in names:
        column = frames.column_of(frame, name)
        try:
            plain = pa.Array.from_pandas(column) if hasattr(column, "iloc") else column
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise InvalidInput(f"column {name!r} of the summary holds values of several types. {AGAIN}") from error
        if pa.types.is_dictionary(plain.type):
            plain = plain.cast(plain.type.value_type)
        columns[name] = plain
    return pa.table(columns)


def _refuse_inexact(table: Any) -> None:
    import pyarrow as pa

    kinds = {
        "frequency": (pa.types.is_integer, "whole numbers"),
        "recency": (pa.types.is_floating, "numbers"),
        **dict.fromkeys((*state.EVENTS, state.CLOSED), (_is_moment, "dates or timestamps")),
        **dict.fromkeys(state.AMOUNTS, (pa.types.is_decimal, "exact decimals")),
        "last_event_has_refund": (pa.types.is_boolean, "true or false"),
    }
    for field in table.schema:
        if field.name in kinds and not kinds[field.name][0](field.type) and table.num_rows:
            if field.name == state.CLOSED and pa.types.is_null(field.type):
                continue
            raise InvalidInput(
                f"column {field.name!r} of the summary must hold {kinds[field.name][1]}; found {field.type}. {AGAIN}"
            )


def _is_moment(sort: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_date(sort) or pa.types.is_timestamp(sort))
