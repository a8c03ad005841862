"""What a system's export looks like and how it becomes a log: a layout is one file, such as ``shopify.sql``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import InvalidInput

_FOLDER = Path(__file__).parent
_HEADER = re.compile(r"^-- (title|page|files|needs|may have): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Layout:
    """One system's export.

    Attributes
    ----------
    name, title
        ``"shopify"``, and what to call it in a sentence.
    page
        The vendor's page that describes it.
    files
        The sorts of file it comes in: "csv", "json", "parquet".
    needs, may_have
        Its columns: those without which it is not this layout, and those that are read where they are there; each with
        the engine's type (VARCHAR in CSV).
    sql
        A SELECT over the view ``raw`` that gives customer_id, date, amount, currency, order_id and left_out, why a line
        is no part of the log (NULL where it is).
    """

    name: str
    title: str
    page: str
    files: tuple[str, ...]
    needs: dict[str, str]
    may_have: dict[str, str]
    sql: str


def names() -> list[str]:
    """The systems that are known."""
    return sorted(path.stem for path in _FOLDER.glob("*.sql"))


def layout(source: object) -> Layout:
    """The layout of a source: one of `names`, or a path that ends in .toml.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    if not isinstance(source, str) or source not in names():
        known = ", ".join([*names(), "auto"])
        raise InvalidInput(f"source must be one of {known}, or the path of a map ending in .toml; found {source!r}")
    text = (_FOLDER / f"{source}.sql").read_text(encoding="utf-8")
    head = dict(_HEADER.findall(text))
    return Layout(
        name=source,
        title=head["title"],
        page=head["page"],
        files=tuple(_listed(head["files"])),
        needs=dict.fromkeys(_listed(head["needs"]), "VARCHAR"),
        may_have=dict.fromkeys(_listed(head.get("may have", "")), "VARCHAR"),
        sql=text,
    )


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
