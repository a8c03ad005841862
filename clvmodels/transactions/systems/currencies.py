"""Several currencies in one log: what one unit of each is worth in the one that the log is to be in."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ... import frames
from ...errors import InvalidInput
from ..findings import counted
from ..moments import day_of, parse_moment

NONE = "none"  # what a line without a currency is said to be in
_DECIMALS = 12  # so that an amount below a million million times a rate is an exact decimal of 38 digits
_LARGEST = 10_000_000
_CODE = re.compile(r"[A-Z]{3}")


class Rate(NamedTuple):
    """What one unit of a currency is worth, from a day on; None for from the beginning."""

    currency: str
    since: date | None
    worth: Decimal


def rates_of(rates: object, to_currency: object) -> tuple[tuple[Rate, ...], str | None]:
    """The rates as a value that compares, in a fixed order, and the currency they lead to.

    ``rates`` is a mapping of currencies to what one unit is worth in ``to_currency``; or a frame, or the path of a CSV
    file, with the columns currency, rate and, if rates change, date: a rate holds from its date until the next one of
    its currency. The currency "none" is that of lines that say none. Rates are exact decimals, kept to 12 places.

    Raises
    ------
    InvalidInput
        If a rate is no positive number or is there twice, a code is none, or ``to_currency`` is missing.

    Examples
    --------
    >>> found, to = rates_of({"USD": 0.92}, "EUR")
    >>> found
    (Rate(currency='USD', since=None, worth=Decimal('0.920000000000')),)
    """
    if to_currency is not None:
        to_currency = _code(to_currency, "to_currency")
    if rates is None or (isinstance(rates, tuple) and not rates):
        return (), to_currency
    if to_currency is None:
        raise InvalidInput('rates say what one unit is worth in to_currency: pass it too, as in to_currency="EUR"')
    found = [_rate(*each) for each in _listed(rates)]
    if not found:
        raise InvalidInput("rates must hold at least one currency and its rate; found none")
    own = next((rate for rate in found if rate.currency == to_currency and rate.worth != 1), None)
    if own:
        raise InvalidInput(f"one {to_currency} must be worth 1 {to_currency}; rates say {own.worth.normalize():f}")
    ordered = tuple(sorted(found, key=lambda rate: (rate.currency, rate.since or date.min)))
    for one, other in pairwise(ordered):
        if one[:2] == other[:2]:
            when = "" if one.since is None else f" of {one.since}"
            raise InvalidInput(f"a currency may have one rate a day; rates hold that of {one.currency}{when} twice")
    return ordered, to_currency


def make_converted(con: Any, rates: tuple[Rate, ...], to_currency: str) -> list[tuple[str, int, Any]]:
    """Make the table ``converted`` of the view ``kept``, its amounts in one currency.

    Returns the currencies of lines without a rate, how many lines, and the first date of one. What the lines of an
    order come to is converted, not each line by itself: refunds that took all of it take all of it afterwards, whatever
    is rounded.

    Raises
    ------
    InvalidInput
        If what an order comes to is no amount of at most 12 digits before the point, before or after.
    """
    own = [] if any(rate.currency == to_currency for rate in rates) else [Rate(to_currency, None, Decimal(1))]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE rates (currency VARCHAR, since TIMESTAMP, worth DECIMAL(20, {_DECIMALS}))"
    )
    con.executemany(
        "INSERT INTO rates VALUES (?, ?, ?)",
        [(rate.currency, rate.since or date(1, 1, 1), rate.worth) for rate in (*rates, *own)],
    )
    dated = any(rate.since for rate in rates)
    same = f"rates.currency = COALESCE(line.currency, '{NONE}')"
    valid = f"ASOF LEFT JOIN rates ON {same} AND line.date >= rates.since"
    con.execute(f"""
CREATE OR REPLACE TEMP TABLE converted AS
SELECT customer_id, date, order_id, '{to_currency}' AS currency,
  TRY_CAST(ROUND(until_here * worth, 6) - ROUND((until_here - amount) * worth, 6) AS DECIMAL(18, 6)) AS amount,
  worth IS NULL AS without_rate, line.currency AS before
FROM (
  SELECT *, TRY_CAST(SUM(amount) OVER (
    PARTITION BY order_id, customer_id, date, currency ORDER BY amount DESC ROWS UNBOUNDED PRECEDING
  ) AS DECIMAL(18, 6)) AS until_here
  FROM kept
) AS line {valid if dated else f"LEFT JOIN rates ON {same}"}""")
    missing: list[tuple[str, int, Any]] = con.execute(f"""
SELECT COALESCE(before, '{NONE}'), COUNT(*), MIN(date) FROM converted
WHERE without_rate AND customer_id IS NOT NULL GROUP BY before ORDER BY COUNT(*) DESC, before""").fetchall()
    too_large, first = con.execute("""
SELECT COUNT(*), MIN(order_id) FROM converted
WHERE amount IS NULL AND NOT without_rate AND customer_id IS NOT NULL""").fetchall()[0]
    if too_large:
        raise InvalidInput(
            f"an order must come to less than a million million, in {to_currency} too; found "
            f"{counted(too_large, 'line')} of more, first order {first!r}. Give rates of a larger unit, or look "
            "whether the amounts are right"
        )
    return missing


def _listed(rates: Any) -> Iterable[tuple[object, object, object]]:
    """Currency, date and rate of each, whatever they come in."""
    if isinstance(rates, Mapping):
        return [(currency, None, worth) for currency, worth in rates.items()]
    if isinstance(rates, tuple) and all(isinstance(rate, Rate) for rate in rates):
        return rates
    if isinstance(rates, str | Path):
        columns = _columns_of_file(Path(rates))
    elif frames.kind(rates) in ("pandas", "polars", "arrow"):
        held = frames.to_pandas(rates)
        columns = {str(name).strip().lower(): held[name].tolist() for name in frames.column_names(rates)}
    else:
        raise InvalidInput(
            'rates must be a mapping such as {"USD": "0.92"}, a frame, or the path of a CSV file with the columns '
            f"currency, rate and perhaps date; found {type(rates).__name__}"
        )
    if not {"currency", "rate"} <= set(columns):
        raise InvalidInput(
            "rates must have the columns currency, rate and perhaps date; the columns found are "
            f"{', '.join(map(repr, list(columns)[:30])) or 'none'}"
        )
    whenever = [None] * len(columns["currency"])
    return list(zip(columns["currency"], columns.get("date", whenever), columns["rate"], strict=True))


def _columns_of_file(path: Path) -> dict[str, list[Any]]:
    """A CSV file's columns as text: a number that was read as a double is no longer the one written."""
    if not path.name.lower().endswith((".csv", ".tsv")):
        raise InvalidInput(f"a file of rates must end in .csv or .tsv; found {str(path)!r}")
    if not path.is_file():
        raise InvalidInput(f"no file of rates found at {str(path)!r}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the rates {str(path)!r} could not be read as UTF-8 text: save them as such") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if line]
    except csv.Error as error:
        raise InvalidInput(f"the rates {str(path)!r} are no CSV file: {error}") from error
    names = [name.strip().lower() for name in lines[0]] if lines else []
    odd = next((i for i, line in enumerate(lines, start=1) if len(line) != len(names)), None)
    if odd:
        raise InvalidInput(f"the rates {str(path)!r}: line {odd} has not as many fields as the header")
    return {name: [line[i].strip() for line in lines[1:]] for i, name in enumerate(names)}


def _rate(currency: object, since: object, worth: object) -> Rate:
    code = NONE if currency == NONE else _code(currency, "a currency in rates")
    try:
        number = Decimal(str(worth)).quantize(Decimal(1).scaleb(-_DECIMALS))
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 < number < _LARGEST):
        raise InvalidInput(
            f"the rate of {code} must be a number above 0 and below {_LARGEST:,}: what one {code} is worth; found "
            f"{str(worth)[:40]!r}"
        )
    missing = since is None or since == "" or since != since
    return Rate(code, None if missing else day_of(parse_moment(f"the date of the rate of {code}", since, None)), number)


def _code(currency: object, what: str) -> str:
    code = currency.strip().upper() if isinstance(currency, str) else ""
    if not _CODE.fullmatch(code):
        raise InvalidInput(f'{what} must be a code of three letters such as "EUR"; found {str(currency)[:40]!r}')
    return code
