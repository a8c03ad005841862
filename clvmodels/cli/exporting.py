"""``clvmodels export``: a scored table in the layout that another system imports."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..destinations.contract import IDENTIFIERS
from ..destinations.targets import names
from .terminal import bar, say
from .writing import check_targets

WORDS = {
    "help": "write a scored table as a spreadsheet or as an advertising system imports it",
    "description": "Write a scored table for another system: csv for machines, xlsx for people, and lists of people\n"
    "for Google Ads (Customer Match) and Meta (value-based audiences), with e-mail addresses and telephones\n"
    "normalised and hashed as those systems ask. Says what became of every row.",
    "epilog": "examples: clvmodels export scored.csv --out scored.xlsx --target xlsx --currency-code EUR\n"
    "          clvmodels export scored.csv --out audience.csv --target meta_value_based --contacts people.csv",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "scored", metavar="SCORED", help="what forecast or score wrote: .csv, .parquet, or score's folder"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where it goes: .csv, or .xlsx for xlsx")
    parser.add_argument("--target", default="csv", choices=names(), help="for whom (default: csv)")
    parser.add_argument("--id", default="customer_id", metavar="COLUMN", help="the customers (default: customer_id)")
    parser.add_argument("--value", default="clv", metavar="COLUMN", help="the value of a customer (default: clv)")
    parser.add_argument("--currency-code", metavar="CODE", help="what the values are counted in, for xlsx")
    people = parser.add_argument_group("lists of people")
    people.add_argument(
        "--contacts", metavar="FILE", help="one row per customer with the columns below (default: SCORED has them)"
    )
    for name in IDENTIFIERS:
        people.add_argument(
            f"--{name.replace('_', '-')}", metavar="COLUMN", help=f"(default: {name}, where there is such a column)"
        )
    people.add_argument(
        "--phone-country",
        metavar="CODE",
        help="of telephones without a country code, such as 49; included if they carry it without a plus",
    )
    people.add_argument("--plain", action="store_true", help="not hashed: the other system does that itself")


def export(words: argparse.Namespace) -> None:
    """From a scored table to a file of another system."""
    from ..destinations.exporting import export as write

    sources = {"the scored table": words.scored} | ({"the contacts": words.contacts} if words.contacts else {})
    check_targets({"--out": Path(words.out)}, sources)
    columns: dict[str, Any] = {name: getattr(words, name) for name in IDENTIFIERS}
    with bar(("writing",)) as progress:
        progress("writing")
        found = write(
            words.scored,
            words.out,
            words.target,
            contacts=words.contacts,
            customer_id=words.id,
            value=words.value,
            phone_country=words.phone_country,
            hashed=not words.plain,
            currency=words.currency_code,
            **columns,
        )
    settings = "" if words.settings_file is None else f"SETTINGS FILE {words.settings_file}\n\n"
    title, *counts = str(found).split("\n")
    page = f"\n  as {found.page} says" if found.page else ""
    lines = "\n".join(counts)
    say(f"{settings}{title.upper()}{page}\n{lines}\n\nWrote {found.rows_written:,} rows to {words.out}")
