"""What must be true of every row of a summary, checked in the engine; the first row that is wrong is told."""

from __future__ import annotations

import re
from typing import Any

from .. import frames
from ..errors import InvalidInput
from .columns import quoted
from .summary_rules import WEIGHT, rules_of, weight_rule

_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*")


def wanted(found: list[str], statistics: tuple[str, ...], weights: str | None) -> dict[str, str]:
    """Our name -> the summary's, of the columns to read: the identifier if it is there, statistics and weights."""
    if weights is not None and not isinstance(weights, str):
        raise InvalidInput(f"weights must be the name of a column of the summary; found {type(weights).__name__}")
    ids = {frames.CUSTOMER_ID: frames.CUSTOMER_ID} if frames.CUSTOMER_ID in found else {}
    names = ids | {name: name for name in statistics} | ({WEIGHT: weights} if weights is not None else {})
    for theirs in names.values():
        if found.count(theirs) != 1:
            listed = ", ".join(map(repr, found[:30]))
            raise InvalidInput(
                f"the summary must have the column {theirs!r} once, and has it {found.count(theirs)} times; the "
                f"columns found are {listed}"
            )
    return names


def check(con: Any, statistics: tuple[str, ...], *, weighted: bool) -> None:
    """Make the view ``customers_read`` of the view ``given``: its numbers as doubles, NaN where there is none.

    Raises
    ------
    InvalidInput
        If a column holds no numbers, a row breaks a rule, or a customer has two rows.
    """
    types = {name: sort for name, sort, *_ in con.execute("DESCRIBE SELECT * FROM given").fetchall()}
    numbers = (*statistics, *([WEIGHT] if weighted else []))
    ids = [frames.CUSTOMER_ID] if frames.CUSTOMER_ID in types else []
    read = ", ".join([*ids, *(_number(con, name, types[name]) for name in numbers)])
    con.execute(f"CREATE TEMP VIEW customers_read AS SELECT {read} FROM given")
    rules = [*rules_of(statistics), *([weight_rule()] if weighted else [])]
    counts = ", ".join(f"COUNT(CASE WHEN {rule.wrong} THEN 1 END)" for rule in rules)
    rows, *wrong = con.execute(f"SELECT COUNT(*), {counts} FROM customers_read").fetchall()[0]
    for rule, n in zip(rules, wrong, strict=True):
        if n:
            who, row = _first(con, rule.wrong, bool(ids))
            raise InvalidInput(rule.refusal(n, rows, who, row))
    if ids:
        _refuse_duplicates(con, rows)


def _number(con: Any, name: str, sort: str) -> str:
    """A column as doubles. Text, as CSV files hold it, must be numbers."""
    if sort == "VARCHAR":
        odd = f"{quoted(name)} <> '' AND TRY_CAST({quoted(name)} AS DOUBLE) IS NULL"
        found = con.execute(f"SELECT {quoted(name)} FROM given WHERE {odd} LIMIT 1").fetchall()
        if found:
            raise InvalidInput(f"column {name!r} must hold numbers; found text, such as {found[0][0]!r}")
        cast = f"TRY_CAST({quoted(name)} AS DOUBLE)"
    elif _NUMBER.fullmatch(sort) or "NULL" in sort:
        cast = f"CAST({quoted(name)} AS DOUBLE)"
    else:
        raise InvalidInput(f"column {name!r} must hold numbers; found {sort}")
    return f"COALESCE({cast}, CAST('NaN' AS DOUBLE)) AS {quoted(name)}"


def _first(con: Any, condition: str, named: bool) -> tuple[str, dict[str, Any]]:
    """What the first such row is called, and what stands in it."""
    con.execute("SET preserve_insertion_order = true")
    text = f"SELECT * FROM (SELECT *, ROW_NUMBER() OVER () - 1 AS place FROM customers_read) WHERE {condition} LIMIT 1"
    cursor = con.execute(text)
    row = dict(zip((column[0] for column in cursor.description), cursor.fetchall()[0], strict=True))
    return f"customer_id={row[frames.CUSTOMER_ID]!r}" if named else f"row {row['place']}", row


def _refuse_duplicates(con: Any, rows: int) -> None:
    distinct = con.execute("SELECT COUNT(*) FROM (SELECT DISTINCT customer_id FROM given) AS ids").fetchall()[0][0]
    if distinct == rows:
        return
    con.execute("SET preserve_insertion_order = true")
    first = con.execute("""
SELECT customer_id
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY place) AS nth
      FROM (SELECT customer_id, ROW_NUMBER() OVER () AS place FROM given) AS placed) AS numbered
WHERE nth > 1 ORDER BY place LIMIT 1""").fetchall()[0][0]
    raise InvalidInput(
        f"a summary has one row per customer: {rows - distinct} of {rows} rows repeat a customer_id, first "
        f"customer_id={first!r}. Summarise the whole log at once, or drop the duplicates"
    )
