"""What a command reads: files, or a table or a query of a database."""

from __future__ import annotations

import argparse

from ..errors import InvalidInput
from ..transactions.databases import FILES, Database, is_database


def add_database(parser: argparse.ArgumentParser) -> None:
    """The options that say what to read of a database, for a command that reads a log or a summary."""
    if not any(action.dest in ("log", "summary") for action in parser._actions):
        return
    database = parser.add_argument_group(
        "a database",
        f"What is read may also be a DuckDB file ({', '.join(FILES)}) or postgresql://user@host:port/database (the\n"
        "password best in PGPASSWORD or ~/.pgpass), with one of:",
    )
    database.add_argument("--table", metavar="NAME", help="a table or a view, such as orders or shop.orders")
    database.add_argument("--query", metavar="SQL", help="one SELECT in the database's own SQL; it can only read")


def resolve(words: argparse.Namespace) -> None:
    """Put what the library is to read into ``source``; what stands in its place among the words holds no password."""
    name = next((name for name in ("log", "summary") if hasattr(words, name)), None)
    if name is None:
        return
    given = getattr(words, name)
    files = given if isinstance(given, list) else [given]
    if not any(map(is_database, files)):
        if words.table or words.query:
            raise InvalidInput(
                f"--table and --query are for a DuckDB file ({', '.join(FILES)}) or postgresql://...; found {files[0]}"
            )
        words.source = files if len(files) > 1 else files[0]
        return
    if len(files) > 1:
        raise InvalidInput(f"a database is read by itself; found {len(files)} things to read")
    words.source = Database(files[0], words.table, words.query)
    what = f"table {words.table}" if words.table else "a query"
    shown = f"{what} of {words.source.shown}"
    setattr(words, name, [shown] if isinstance(given, list) else shown)
