"""What a command reads: files, an export of another system, or a table or a query of a database."""

from __future__ import annotations

import argparse

from ..errors import InvalidInput
from ..transactions.databases import FILES, Database, is_database
from ..transactions.systems.layouts import names
from ..transactions.systems.system_log import SystemLog, named


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


def add_system(parser: argparse.ArgumentParser) -> None:
    """The options of exports of other systems, for a command that reads a log."""
    system = parser.add_argument_group(
        "an export of another system",
        "A file as a shop or a payment system exports it needs no preparation: say which system it is from. Items\n"
        "are brought together to orders, cancelled and test orders left out, and it is said how many and why.",
    )
    system.add_argument(
        "--source",
        metavar="NAME",
        help=f"{', '.join(names())}; a file of your own that describes another layout, map.toml; or auto, to go by "
        "the names of the columns",
    )
    system.add_argument(
        "--rates",
        metavar="FILE",
        help="of several currencies: a CSV file with the columns currency, rate (what one unit is worth in "
        "--to-currency) and, if rates change, date (from which on)",
    )
    system.add_argument("--to-currency", metavar="CODE", help="the currency that amounts are converted to, such as EUR")


def resolve(words: argparse.Namespace) -> None:
    """Put what the library is to read into ``source``; what stands in its place among the words holds no password."""
    name = next((name for name in ("log", "summary") if hasattr(words, name)), None)
    if name is None:
        return
    given = getattr(words, name)
    files = given if isinstance(given, list) else [given]
    system = _system_of(words, files)
    if not any(map(is_database, files)):
        if words.table or words.query:
            raise InvalidInput(
                f"--table and --query are for a DuckDB file ({', '.join(FILES)}) or postgresql://...; found {files[0]}"
            )
        words.source = _export(words, files, system) if system else files if len(files) > 1 else files[0]
        return
    if system:
        raise InvalidInput(f"--source {system} is for files that a system exports; found the database {files[0]}")
    if len(files) > 1:
        raise InvalidInput(f"a database is read by itself; found {len(files)} things to read")
    words.source = Database(files[0], words.table, words.query)
    what = f"table {words.table}" if words.table else "a query"
    shown = f"{what} of {words.source.shown}"
    setattr(words, name, [shown] if isinstance(given, list) else shown)


def beside(words: argparse.Namespace) -> dict[str, str]:
    """What else is read with the log, by what it is: nothing of it may be written over."""
    return {"the rates": words.rates} if getattr(words, "rates", None) else {}


def like(words: argparse.Namespace, files: str | None) -> str | SystemLog | None:
    """Other files, read as the log is."""
    if files is None or not isinstance(words.source, SystemLog):
        return files
    return _export(words, [files], words.source.source)


def _system_of(words: argparse.Namespace, files: list[str]) -> str | None:
    """The system said; None where a settings file says one and what is read is a summary."""
    from ..transactions.given_summary import columns_of
    from ..transactions.log_files import CSV, PARQUET
    from ..transactions.patterns import is_summary

    system: str | None = getattr(words, "source", None)
    if system is None:
        given = [option for option in ("rates", "to_currency") if getattr(words, option, None)]
        if given and set(given) & words.given:
            raise InvalidInput(
                f"--{given[0].replace('_', '-')} goes with --source: say which system the export is from"
            )
        return None
    flat = all(file.lower().endswith((*CSV, *PARQUET)) for file in files)
    if "source" not in words.given and flat and is_summary(columns_of(files)):
        return None
    return system


def _export(words: argparse.Namespace, files: list[str], system: str) -> SystemLog:
    """The export, by the name of its layout: what was recognised is told under the log's heading, and not warned of."""
    log = SystemLog(tuple(files), system, getattr(words, "tz", None), words.rates, words.to_currency, reports=[])
    chosen, _, words.chosen = named(log)
    return chosen
