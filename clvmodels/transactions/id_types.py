"""The identifiers of a log in the type of those of a summary: a customer must not become two."""

from __future__ import annotations

import re
from typing import Any

from ..errors import InvalidInput
from .columns import Source
from .id_text import WHOLE_NUMBER

# why an identifier is no whole number: a float that is none or too large to be exact, a text such as 007
FRACTION = "customer_id <> FLOOR(customer_id) OR ABS(customer_id) > 9007199254740992"
_OTHER_TEXT = f"NOT REGEXP_MATCHES(customer_id, {WHOLE_NUMBER})"
_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


def whole_numbers(con: Any, sort: str, *, all_text: bool) -> bool:
    """Whether all ``customers`` are whole numbers in another dress: text of a CSV file, or floats, as some are missing.

    ``sort`` is that of `Reading.customer`.
    """
    if sort != "float" and not all_text:
        return False
    other = FRACTION if sort == "float" else f"{_OTHER_TEXT} OR TRY_CAST(customer_id AS BIGINT) IS NULL"
    query = f"SELECT COUNT(*) FROM customers WHERE customer_id IS NOT NULL AND ({other})"
    return bool(con.execute(query).fetchall()[0][0] == 0)


def ids_like(con: Any, source: Source, table: str, what: str) -> str:
    """The text that casts a table's identifiers to the type of those of the table ``known``.

    Raises
    ------
    InvalidInput
        If they are of another sort, or some do not fit.
    """
    wanted = _type(con, "known")
    found = _type(con, table)
    sort = _sort(wanted)
    cast = f"TRY_CAST(customer_id AS {wanted})"
    misfit = f"{cast} IS NULL"
    if sort == "whole" and source.all_text:  # a CSV file knows text only; 007 is no number
        misfit += f" OR {_OTHER_TEXT}"
    elif sort == "whole" and _sort(found) == "float":
        misfit += f" OR {FRACTION}"
    elif _sort(found) != sort:
        misfit = "TRUE"
    elif wanted == found:
        return "customer_id"
    lines, bad = con.execute(
        f"SELECT COUNT(*), COUNT(CASE WHEN {misfit} THEN 1 END) FROM {table} WHERE customer_id IS NOT NULL"
    ).fetchall()[0]
    if bad:
        first = con.execute(
            f"SELECT CAST(MIN(customer_id) AS VARCHAR) FROM {table} WHERE customer_id IS NOT NULL AND ({misfit})"
        ).fetchall()[0][0]
        raise InvalidInput(
            f"identifiers must be of one type: those of the summary are {wanted}, and of {what} ({found}) {bad:,} of "
            f"{lines:,} are not, first {source.names.customer_id}={first!r}. Convert them first: 1 and '1' would be "
            "two customers"
        )
    return cast


def _type(con: Any, table: str) -> str:
    rows = con.execute(f"DESCRIBE SELECT customer_id FROM {table}").fetchall()
    return str(rows[0][1])


def _sort(name: str) -> str:
    if _WHOLE.fullmatch(name):
        return "whole"
    return {"FLOAT": "float", "DOUBLE": "float"}.get(name, name.split("(")[0])
