"""A map, a TOML file of a user's, as a layout: the readable ``SELECT`` that it means.

Nothing of a map is run: names become quoted identifiers, and values become literals.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ...errors import InvalidInput
from ..columns import quoted
from .map_checks import Map, checked, groups, named
from .map_words import date_of, filled, left_out_of, number_of, several_in, text_of

_WRITTEN = {name: f"written_{name}" for name in ("date", "amount", "refund")}
_LONGEST = 1_000_000  # bytes of a map that are read


def map_text(path: str | Path) -> str:
    """The text of a map's layout, in the grammar of the layouts' own .sql files.

    Parameters
    ----------
    path
        A TOML file. Its keys are title, page, files, not_kept, one_line_an_order, may_be_missing and the tables
        columns, also_called, formats, keep and leave_out.

    Raises
    ------
    InvalidInput
        If the file is not there or no TOML, or if one of its keys is unknown, missing or of the wrong sort.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "till.toml"
    ...     size = file.write_text('''
    ... [columns]
    ... customer_id = "card"
    ... date = "day"
    ... amount = "paid"
    ... ''')
    ...     text = map_text(file)
    >>> print(text[: text.index("), written")])
    -- title: till
    -- page: the map till.toml
    -- files: csv, json, parquet
    -- needs: "card"
    -- needs: "day"
    -- needs: "paid"
    --
    -- Made from a map: a line of the file is a line of the log.
    WITH filled AS (
      SELECT
        NULLIF(TRIM("card"), '') AS "card",
        NULLIF(TRIM("day"), '') AS "day",
        NULLIF(TRIM("paid"), '') AS "paid"
      FROM raw
    <BLANKLINE>
    """
    return _rendered(checked(_loaded(str(path)), str(path)))


def _loaded(path: str) -> dict[str, Any]:
    if not Path(path).is_file():
        raise InvalidInput(f"no map found at {path!r}: source must be the path of a TOML file, or a system's name")
    try:
        with open(path, "rb") as opened:
            content = opened.read(_LONGEST + 1)
        if len(content) > _LONGEST:
            raise InvalidInput(f"the map {path!r} is longer than {_LONGEST:,} bytes: it is no map of columns")
        return tomllib.loads(content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidInput(f"the map {path!r} could not be read as TOML: {said}") from error


def _rendered(known: Map) -> str:
    """The SELECT: texts as they are written, then what they mean, then lines of one order and refunds."""
    cells = {name: known.cells.get(name, ()) for name in ("customer_id", "date", "amount", "currency", "order_id")}
    texts = {name: text_of(where) for name, where in cells.items()}
    if known.email:
        texts["customer_id"] = f"LOWER({texts['customer_id']})"
    if cells["currency"]:
        texts["currency"] = f"UPPER({texts['currency']})"
    meant = {
        "customer_id": "customer_id",
        "date": f"{date_of(known, 'written_date')} AS date",
        "amount": f"{number_of(known, 'written_amount')} AS amount",
        "currency": "currency",
        "order_id": "order_id",
    }
    if "refund" in known.cells:
        texts["refund"] = text_of(known.cells["refund"])
        meant["refund"] = f"written_refund,\n    ABS({number_of(known, 'written_refund')}) AS refund"
    texts |= {"several": several_in(cells["customer_id"]), "left_out": left_out_of(known, "    ")}
    leads = {columns[0]: filled(columns) for columns in named(known)}
    columns = ",\n".join(f"    {text} AS {quoted(name)}" for name, text in leads.items())
    written = ",\n".join(f"    {text} AS {_WRITTEN.get(name, name)}" for name, text in texts.items())
    read = ",\n".join(f"    {text}" for text in meant.values())
    return f"""{_header(known)}
WITH filled AS (
  SELECT
{columns}
  FROM raw
), written AS (
  SELECT
{written}
  FROM filled
), lines AS (
  SELECT
{read},
    CASE
      WHEN left_out IS NOT NULL THEN left_out
      WHEN several THEN 'several customers'
      WHEN written_date IS NULL THEN 'no date'
      WHEN written_amount IS NULL THEN 'no amount'
    END AS left_out
  FROM written
){_sales(known)}"""


def _sales(known: Map) -> str:
    """The last part: a sale a line, of an order several times in the file one; and refunds."""
    name, before = "lines", ""
    if known.one_line_an_order:
        name = "orders"
        # a line that stays goes before one that is left out; of several that stay, the latest and largest
        before = """, orders AS (
  SELECT
    * REPLACE (CASE
      WHEN left_out IS NULL AND order_id IS NOT NULL AND ROW_NUMBER() OVER (
        PARTITION BY order_id ORDER BY left_out IS NOT NULL, date DESC, amount DESC, customer_id, currency
      ) > 1 THEN 'repeated' ELSE left_out
    END AS left_out)
  FROM lines
)"""
    sales = f"{before}\nSELECT customer_id, date, amount, currency, order_id, left_out FROM {name}\n"
    if "refund" not in known.cells:
        return sales
    return (
        f"{sales}UNION ALL\nSELECT customer_id, date, -refund, currency, order_id, left_out\nFROM {name}\n"
        "WHERE refund > 0 OR (refund IS NULL AND written_refund IS NOT NULL)\n"
    )


def _header(known: Map) -> str:
    every = groups(known)
    needed = [group[0] for group in every if len(group) == 1 and group[0] not in known.may_be_missing]
    rest = [column for group in every for column in group if column not in needed]
    choices = [
        group
        for group in every
        if len(group) > 1 and not set(group) & set(needed) and not set(group) <= known.may_be_missing
    ]
    lines = [
        f"-- title: {known.title}",
        f"-- page: {known.page}",
        f"-- files: {', '.join(known.files)}",
        *(f"-- needs: {quoted(column)}" for column in dict.fromkeys(needed)),
        *(f"-- may have: {quoted(column)}" for column in dict.fromkeys(rest)),
        *(f"-- one of: {' '.join(map(quoted, group))}" for group in dict.fromkeys(choices)),
        "--",
        "-- Made from a map: a line of the file is a line of the log.",
    ]
    return "\n".join(lines)
