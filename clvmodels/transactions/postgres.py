"""PostgreSQL: addresses that never show a password, connections, and what the server's errors mean."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from ..errors import InvalidInput, NotAvailable
from .columns import quoted

PREFIXES = ("postgresql://", "postgres://")
_WORD = r"[^:@/?#\s]*"
_ADDRESS = re.compile(
    rf"postgres(?:ql)?://(?:(?P<user>{_WORD})(?::(?P<password>{_WORD}))?@)?(?P<hosts>[^@/?#\s]*)"
    r"(?:/(?P<path>[^@?#]*))?(?:\?(?P<settings>[^@#\s]*))?"
)
_SECRET_SETTING = re.compile(r"(?:^|&)(?:password|sslpassword|oauth_client_secret)=([^&]*)")

_SECRET_WORD = re.compile(r"([?&](?:password|sslpassword|oauth_client_secret)=)[^&\s'\"]*")
_USER_AND_PASSWORD = re.compile(r"(\w[\w+.-]*:/{1,2}[^\s/:@]*):\S*@")  # a path has one slash of the two left


def is_address(where: str) -> bool:
    """Whether a place is a PostgreSQL server's address.

    >>> is_address("postgresql://host/db"), is_address("shop.duckdb")
    (True, False)
    """
    return where.lower().startswith(PREFIXES)


def parts_of(address: str) -> re.Match[str]:
    """User, password, hosts, path and settings of an address; what libpq could misread is refused, and never shown.

    Raises
    ------
    InvalidInput
        Without a word of the address, since it cannot be told which part of it is the password.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or re.search(r"%(?![0-9A-Fa-f]{2})", address):
        raise InvalidInput(
            "the address must be written as postgresql://user:password@host:port/database (it is not shown here, since "
            "it may hold a password): in names and passwords write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, "
            "% as %25"
        )
    return found


def shown(address: str) -> str:
    """An address as it may be shown: without password and settings.

    >>> shown("postgresql://ann:secret@host:5432/shop?sslmode=require")
    'postgresql://ann@host:5432/shop'
    >>> shown("postgresql://ann:sec/r@t@host")
    'postgresql://...'
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return "postgresql://..."
    user = f"{found['user']}@" if found["user"] else ""
    path = f"/{found['path']}" if found["path"] else ""
    return f"postgresql://{user}{found['hosts']}{path}"


def without_passwords(text: str) -> str:
    """A text in which an address may stand, of whatever kind and wherever it was put, as it may be shown.

    >>> without_passwords("no folder mysql:/ann:sec@ret@host/shop?password=secret&ssl=1")
    'no folder mysql:/ann@host/shop?password=...&ssl=1'
    """
    return _SECRET_WORD.sub(r"\1...", _USER_AND_PASSWORD.sub(r"\1@", text))


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A connection that is rolled back and closed afterwards, unless its user commits.

    Raises
    ------
    NotAvailable
        If the driver is not installed.
    InvalidInput
        If the server cannot be reached, or refuses.
    """
    parts_of(address)
    dbapi = _driver()
    try:
        con = dbapi.connect(address)
    except dbapi.Error as error:
        raise InvalidInput(
            f"no connection to {shown(address)}: {reason(error, address)}. Is the address right, and does the server "
            "run? A password may also stand in PGPASSWORD or ~/.pgpass"
        ) from None
    try:
        yield con
    finally:
        con.rollback()
        con.close()


def _driver() -> Any:
    try:
        import adbc_driver_postgresql.dbapi as dbapi
    except ImportError:
        raise NotAvailable("PostgreSQL needs its driver: pip install 'clvmodels[postgres]'") from None
    return dbapi


def reason(error: BaseException, address: str) -> str:
    """What the server or the driver says went wrong, in one line, without any secret of the address."""
    diagnosed = dict(getattr(error, "details", None) or [])
    told = diagnosed.get(b"PG_DIAG_MESSAGE_PRIMARY")
    if told:
        text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    else:
        text = str(error)
        for mark in ("ERROR:", "FATAL:", "Failed to connect:", "[libpq]"):
            if mark in text:
                text = text.split(mark, 1)[1]
                break
        text = text.strip().split("\n", 1)[0]
    return scrubbed(text.strip().rstrip("."), address)


def scrubbed(text: str, address: str) -> str:
    """A text without the address and its secrets, as they are written and as they are meant."""
    found = parts_of(address)
    secrets = [found["password"] or "", *_SECRET_SETTING.findall(found["settings"] or "")]
    secrets += [unquote(secret) for secret in secrets] + [os.environ.get("PGPASSWORD", "")]
    text = text.replace(address, shown(address))
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def table_parts(table: str) -> list[str]:
    """The parts of a table's name; dots within double quotes are its own.

    >>> table_parts('orders'), table_parts('shop.orders'), table_parts('shop."my.table"')
    (['orders'], ['shop', 'orders'], ['shop', 'my.table'])
    """
    parts = re.findall(r'(?:^|\.)(?:"((?:[^"]|"")*)"|([^".]*))(?=\.|$)', table)
    whole = ".".join(quoted(inner.replace('""', '"')) if inner else plain for inner, plain in parts)
    names = [inner.replace('""', '"') or plain for inner, plain in parts]
    if whole != table or len(names) > 2 or not all(names) or "\0" in table:
        raise InvalidInput(
            f"table must be the name of a table, as orders or shop.orders; found {table!r}. Names that hold dots are "
            'written in double quotes: shop."my.orders"'
        )
    return names


def identifier(table: str) -> str:
    """A table's name as SQL, each part quoted whatever is in it.

    >>> print(identifier("shop.we ird;DROP"))
    "shop"."we ird;DROP"
    """
    return ".".join(map(quoted, table_parts(table)))


def tables(cursor: Any) -> list[str]:
    """The tables and views that the user may read, those of public without its name."""
    cursor.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    )
    return [written(schema, name, "public") for schema, name in cursor.fetchall()]


def written(schema: str, name: str, usual: str) -> str:
    """A table's name as `table_parts` reads it."""
    parts = [part if not re.search(r'[."]', part) else quoted(part) for part in (schema, name)]
    return parts[1] if schema == usual else ".".join(parts)
