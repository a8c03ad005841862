"""The words of a map's SELECT: texts of columns, dates, amounts and conditions as SQL."""

from __future__ import annotations

import re

from ..columns import literal, quoted
from .map_checks import Cell, Condition, Map

_SPACE = r"[\s\x{A0}\x{202F}]*"
_SIGN = r"[+\x{2212}-]?"
_THOUSANDS = {"": "", " ": r"[ \x{A0}\x{202F}]", "'": r"['\x{2019}]", ",": "[,]", ".": "[.]"}


def filled(columns: tuple[str, ...]) -> str:
    """The first of some columns that holds more than spaces, without those at its ends."""
    texts = [f"NULLIF(TRIM({quoted(column)}), '')" for column in columns]
    return texts[0] if len(texts) == 1 else f"COALESCE({', '.join(texts)})"


def text_of(cells: tuple[Cell, ...]) -> str:
    """The text that stands in the first of some cells that is filled; NULL where there are none."""
    texts = [_cell(cell) for cell in cells]
    if not texts:
        return "CAST(NULL AS VARCHAR)"
    return texts[0] if len(texts) == 1 else f"COALESCE({', '.join(texts)})"


def several_in(cells: tuple[Cell, ...]) -> str:
    """Whether the cell that is taken holds several different ids, where that leaves a line out."""
    if not any(cell.separator and not cell.first for cell in cells):
        return "FALSE"
    found = [
        f"WHEN {_cell(cell)} IS NOT NULL THEN "
        + (f"LEN(LIST_DISTINCT({_parts(cell)})) > 1" if cell.separator and not cell.first else "FALSE")
        for cell in cells
    ]
    return f"CASE {' '.join(found)} ELSE FALSE END"


def _cell(cell: Cell) -> str:
    if cell.value is not None:
        return literal(cell.value)
    text = f"{_parts(cell)}[1]" if cell.separator else quoted(cell.columns[0])
    return f"{literal(cell.prefix)} || {text}" if cell.prefix else text


def _parts(cell: Cell) -> str:
    """The ids between separators, without spaces at their ends and empty ones."""
    sign = re.escape(cell.separator or ";")
    pattern = rf"[^{sign}\s](?:[^{sign}]*[^{sign}\s])?"
    return f"REGEXP_EXTRACT_ALL({quoted(cell.columns[0])}, {literal(pattern)})"


def date_of(known: Map, text: str) -> str:
    """The moment that a text says in the formats of a map."""
    found = []
    if "iso" in known.dates:
        found.append(f"{'utc_time' if known.utc else 'written_time'}({text})")
    others = [written for written in known.dates if written != "iso"]
    # a format with %Y reads 24 as the year 24, and is asked about text with four digits in a row only
    long, short = ([written for written in others if ("%Y" in written) is whole] for whole in (True, False))
    if long:
        found += _read(known, f"IF(REGEXP_MATCHES({text}, '[0-9]{{4}}'), {text}, NULL)", long)
    if short:
        found += _read(known, text, short)
    return found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})"


def _read(known: Map, text: str, formats: list[str]) -> list[str]:
    if not known.utc:
        return [f"TRY_STRPTIME({text}, [{', '.join(map(literal, formats))}])"]
    made = []
    for written in formats:  # a day without a clock is no moment of UTC
        clock = " %H:%M:%S.%f" if "%H" in written or "%I" in written else ""
        made.append(f"utc_time(STRFTIME(TRY_STRPTIME({text}, {literal(written)}), '%Y-%m-%d{clock}'))")
    return made


def number_of(known: Map, text: str) -> str:
    """The exact number that a text says, without the sign or the three letters of a currency at its ends."""
    point = f"[{known.decimal}]"
    group = _THOUSANDS[known.thousands]
    whole = rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}|\d+" if group else r"\d+"
    number = rf"(?:{whole})(?:{point}\d*)?(?:[eE][+-]?\d+)?|{point}\d+"
    currency = r"\p{L}{0,3}\p{Sc}?"
    pattern = rf"^{_SIGN}\(?{_SPACE}{currency}{_SPACE}{_SIGN}({number}){_SPACE}{currency}{_SPACE}\)?$"
    digits = f"REGEXP_EXTRACT({text}, {literal(pattern)}, 1)"
    if group:
        digits = f"REGEXP_REPLACE({digits}, {literal(group)}, '', 'g')"
    if known.decimal == ",":
        digits = f"REPLACE({digits}, ',', '.')"
    minus = literal(r"^[^0-9]*[\x{2212}(-]")
    return f"money(IF(REGEXP_MATCHES({text}, {minus}), '-', '') || NULLIF({digits}, ''))"


def left_out_of(known: Map, indent: str) -> str:
    """Why a line is no part of the log, by what its map keeps and leaves out."""
    lines = [f"WHEN {_any(known, told)} THEN {literal(reason)}" for reason, told in known.leave_out]
    if known.keep:
        lines += [f"WHEN {_any(known, known.keep)} THEN NULL", f"ELSE {literal(known.not_kept)}"]
    if not lines:
        return "CAST(NULL AS VARCHAR)"
    return "CASE" + "".join(f"\n{indent}  {line}" for line in lines) + f"\n{indent}END"


def _any(known: Map, tables: tuple[tuple[Condition, ...], ...]) -> str:
    return " OR ".join(
        " AND ".join(_holds(known, each) for each in table)
        if len(tables) == 1 or len(table) == 1
        else f"({' AND '.join(_holds(known, each) for each in table)})"
        for table in tables
    )


def _holds(known: Map, condition: Condition) -> str:
    text = quoted(condition.columns[0])
    if condition.words:
        return f"LOWER({text}) IN ({', '.join(map(literal, condition.words))})"
    if condition.empty is not None:
        return f"{text} IS {'' if condition.empty else 'NOT '}NULL"
    number = number_of(known, text)
    bounds = [(">", condition.above), ("<", condition.below)]
    return " AND ".join(f"{number} {sign} {bound:f}" for sign, bound in bounds if bound is not None)
