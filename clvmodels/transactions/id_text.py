"""The fixed text form of a customer's identifier, and the part of the output it belongs to.

Parts must be the same whatever read the log, and in every version of it: so they rest on the MD5 of a text that is
laid down here, not on an engine's own hash.
"""

from __future__ import annotations

import hashlib
import re

from ..errors import InvalidInput

CUSTOMERS_A_PART = 250_000

_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_CANONICAL = re.compile(r"VARCHAR|ENUM\(.*|DECIMAL\(.*|UUID|DATE|TIMESTAMP(_S|_MS|_NS)?|BOOLEAN", re.DOTALL)
WHOLE_NUMBER = "'^(0|-?[1-9][0-9]*)$'"


def check_type(engine_type: str, column: str) -> None:
    """Refuse an identifier's type that has no text form of its own.

    >>> check_type("BIGINT", "customer_id")
    """
    if "NULL" in engine_type or engine_type in ("FLOAT", "DOUBLE"):  # whether all floats are whole is found out later
        return
    if engine_type.endswith("]") or not (_WHOLE.fullmatch(engine_type) or _CANONICAL.fullmatch(engine_type)):
        raise InvalidInput(
            f"column {column!r} must hold identifiers that have one text form (whole numbers, text, decimals, dates, "
            f"timestamps without a zone, UUIDs); found {engine_type}. Convert them to text first"
        )


def text_sql(name: str, sort: str) -> str:
    """The text of an identifier: whole floats as whole numbers, all else as the engine's canonical text.

    ``sort`` is that of `Reading.customer`: "text", "float" or "other".
    """
    if sort == "text":
        return name
    return f"CAST(TRY_CAST({name} AS BIGINT) AS VARCHAR)" if sort == "float" else f"CAST({name} AS VARCHAR)"


def hash_sql(name: str, sort: str) -> str:
    """The first 8 hexadecimal digits of the MD5 of the identifier's UTF-8 text, as a number."""
    return f"CAST('0x' || SUBSTR(MD5({text_sql(name, sort)}), 1, 8) AS UINTEGER)"


def part_of(text: str, parts: int) -> int:
    """The part of ``parts`` that a customer belongs to: the first 8 hex digits of md5(text), modulo ``parts``.

    >>> part_of("1042", 4)
    2
    """
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8], 16) % parts


def default_parts(customers: int) -> int:
    """One part for each begun 250,000 customers, at least one.

    >>> default_parts(0), default_parts(250_000), default_parts(1_000_000)
    (1, 1, 4)
    """
    return max(1, -(-customers // CUSTOMERS_A_PART))
