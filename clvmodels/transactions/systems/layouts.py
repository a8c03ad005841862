"""What a system's export looks like and how it becomes a log: a layout is one file, such as ``shopify.sql``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...errors import InvalidInput
from .maps import map_text

_FOLDER = Path(__file__).parent
_HEADER = re.compile(r"^-- (title|page|files|needs|may have|one of): (.*)$", re.MULTILINE)
_NAME = re.compile(r'"((?:[^"]|"")+)"')
_COLUMN = re.compile(r'"((?:[^"]|"")+)"\s*(.*)')


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
        the engine's type (CSV is read as VARCHAR whatever stands here).
    one_of
        Columns of `may_have`, in groups: of each group one at least must be there.
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
    one_of: tuple[tuple[str, ...], ...] = ()

    def lacks(self, found: Iterable[str]) -> list[str]:
        """What a file with these columns lacks of this layout, in quotes; of a group, its columns with "or"."""
        there = set(found)
        return [
            " or ".join(map(repr, group))
            for group in (*((name,) for name in self.needs), *self.one_of)
            if not there.intersection(group)
        ]


def names() -> list[str]:
    """The systems that are known."""
    return sorted(path.stem for path in _FOLDER.iterdir() if path.suffix in (".sql", ".toml"))


def layout(source: object) -> Layout:
    """The layout of a source: one of `names`, or a path that ends in .toml.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    if isinstance(source, str) and source.lower().endswith(".toml"):
        return layout_of(Path(source).stem, map_text(source))
    if not isinstance(source, str) or source not in names():
        known = ", ".join([*names(), "auto"])
        raise InvalidInput(f"source must be one of {known}, or the path of a map ending in .toml; found {source!r}")
    preset = _FOLDER / f"{source}.sql"
    return layout_of(
        source, preset.read_text(encoding="utf-8") if preset.is_file() else map_text(_FOLDER / f"{source}.toml")
    )


def layout_of(name: str, text: str) -> Layout:
    """The layout that a file's text describes: a header comment, then one SELECT.

    The header has one line a column, with the engine's type after it unless that is VARCHAR:

    >>> made = layout_of("shop", '''-- title: A shop
    ... -- page: https://shop.example/exports
    ... -- files: json
    ... -- needs: "Order number"
    ... -- may have: "items" STRUCT(id VARCHAR, total VARCHAR)[]
    ... SELECT ...''')
    >>> made.needs, made.may_have
    ({'Order number': 'VARCHAR'}, {'items': 'STRUCT(id VARCHAR, total VARCHAR)[]'})
    """
    lines = _HEADER.findall(text)
    head = dict(lines)
    columns: dict[str, dict[str, str]] = {"needs": {}, "may have": {}}
    for word, said in lines:
        if word in columns:
            found = _COLUMN.fullmatch(said.strip())
            if found is None:
                raise InvalidInput(f'a column stands in double quotes, one a line, as in -- {word}: "id"; found {said}')
            columns[word][found[1].replace('""', '"')] = found[2] or "VARCHAR"
    return Layout(
        name=name,
        title=head["title"],
        page=head["page"],
        files=tuple(sort.strip() for sort in head["files"].split(",")),
        needs=columns["needs"],
        may_have=columns["may have"],
        sql=text,
        one_of=tuple(
            tuple(name.replace('""', '"') for name in _NAME.findall(said)) for word, said in lines if word == "one of"
        ),
    )
