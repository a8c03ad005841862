"""The people of a scored table as rows of identifiers: normalised, hashed, one row a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..errors import InvalidInput, warn
from ..transactions.engine import connection, row
from .contract import IDENTIFIERS, Order
from .sums import MONEY, ONE
from .tables import numbers, text

_TO_SAY = {
    "email": "is it one address, such as mary@example.com?",
    "phone": "write it as +49 171 1234567, or pass phone_country='49' for numbers without their country code",
    "country": "write the two letters of ISO 3166-1, such as DE",
}

_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of an empty text

_ADDRESS = "first_name IS NOT NULL AND last_name IS NOT NULL AND country IS NOT NULL AND zip IS NOT NULL"


@dataclass(frozen=True)
class Field:
    """An identifier as a target has it.

    Attributes
    ----------
    header
        Its name in the file.
    normal
        The normal form as SQL, of the identifiers by name, which have no blanks around them; NULL where it is none.
    hashed
        Whether the target wants it hashed.
    """

    header: str
    normal: str
    hashed: bool


@dataclass(frozen=True, eq=False)
class People:
    """What `people_of` gives: the rows to write, as an Arrow table, and the counts of a report by its names."""

    table: Any
    counts: Mapping[str, Any]


def people_of(order: Order, fields: Mapping[str, Field], least_value: Decimal | None = None) -> People:
    """One row a person, in the order of the scored table, with the columns of the target that there are.

    With ``least_value`` the last column is the value, and rows whose value is missing, infinite or lower are left out.

    Raises
    ------
    InvalidInput
        If no identifier is there that the target finds people by, or a customer is there twice.
    """
    there = [name for name in IDENTIFIERS if name in fields and name in order.columns]
    _refuse_nobody(order, there)
    with connection() as con:
        _given(con, order)
        _normal(con, fields, there, order.hashed)
        _refuse_mixture(con, order)
        _people(con, there, least_value)
        counts = _counts(con, order, there)
        shown = [f'{name} AS "{fields[name].header}"' for name in there]
        if least_value is not None:
            shown.append("rtrim(rtrim(value::VARCHAR, '0'), '.') AS value")
        table = con.sql(f"SELECT {', '.join(shown)} FROM people ORDER BY row").to_arrow_table()
        _tell_unusable(con, counts["unusable"])
        _tell_nobody(con, order, counts)
    return People(table, {"columns": tuple(table.schema.names)} | counts)


def _refuse_nobody(order: Order, there: list[str]) -> None:
    address = {"first_name", "last_name", "country", "zip"}
    if not ({"email", "phone"} & set(there) or address <= set(there)):
        names = (order.table if order.contacts is None else order.contacts).schema.names
        raise InvalidInput(
            "people are found by an e-mail address, a telephone, or first name, last name, country and zip together; "
            f"the columns found are {', '.join(map(repr, names))}. Name them, such as email='mail' "
            "(email='customer_id' where customers are called by their address), or pass contacts="
        )


def _given(con: Any, order: Order) -> None:
    """Table ``given``: row, customer, value, found, and every identifier as text without blanks around it, or NULL."""
    import pyarrow as pa

    scored = {"row": pa.array(range(1, order.table.num_rows + 1)), "customer": text(order.table[order.customer_id])}
    scored["value"] = numbers(order.table, order.value) if order.value else pa.nulls(order.table.num_rows, pa.float64())
    contacts: dict[str, Any] = {}
    if order.contacts is not None:
        contacts = {"customer": text(order.contacts[order.customer_id])}
        contacts["row"] = pa.array(range(1, order.contacts.num_rows + 1))
    picked = []
    for name in IDENTIFIERS:
        column = order.columns.get(name)
        if column is None:
            picked.append(f"NULL::VARCHAR AS {name}")
            continue
        of_contacts = order.contacts is not None and column in order.contacts.schema.names
        (contacts if of_contacts else scored)[name] = text((order.contacts if of_contacts else order.table)[column])
        side, around = "c" if of_contacts else "s", r"[\s\p{Z}\p{C}]+"
        trimmed = f"regexp_replace({side}.{name}, '^{around}|{around}$', '', 'g')"
        if name == "zip":  # a number that was a decimal one on its way
            trimmed = rf"regexp_replace({trimmed}, '^(\d+)\.0$', '\1')"
        picked.append(
            f"CASE WHEN lower({trimmed}) NOT IN ('', '{_OF_NOTHING}') THEN nfc_normalize({trimmed}) END AS {name}"
        )
    con.register("scored", pa.table(scored))
    twice = con.execute(
        "SELECT customer, MIN(row) FROM scored WHERE customer IS NOT NULL GROUP BY customer HAVING COUNT(*) > 1 "
        "ORDER BY 2"
    ).fetchall()
    if twice:
        raise InvalidInput(
            f"a customer must be there once; {len(twice):,} of the scored table are there more than once, the first in "
            f"row {twice[0][1]:,}: their values would be added up"
        )
    found = "TRUE"
    joined = "scored AS s"
    if contacts:
        con.register("contacts", pa.table(contacts))
        con.execute(
            "CREATE TEMP TABLE first_contacts AS "
            "SELECT customer, MIN(row) AS row FROM contacts WHERE customer IS NOT NULL GROUP BY customer"
        )
        found = "f.row IS NOT NULL"
        joined += " LEFT JOIN first_contacts AS f USING (customer) LEFT JOIN contacts AS c ON c.row = f.row"
    con.execute(
        f"CREATE TEMP TABLE given AS "
        f"SELECT s.row, s.customer, s.value, {found} AS found, {', '.join(picked)} FROM {joined}"
    )


def _normal(con: Any, fields: Mapping[str, Field], there: list[str], hashed: bool) -> None:
    """Table ``normal``: what is written of each identifier, NULL where there is none, and whether it was unusable."""
    forms, columns = [], []
    for name in IDENTIFIERS:
        if name not in there:
            columns += [f"NULL::VARCHAR AS {name}", f"FALSE AS {name}_unusable", f"FALSE AS {name}_hashed"]
            continue
        field = fields[name]
        is_hash = "FALSE"
        if field.hashed:
            is_hash = f"COALESCE(length({name}) = 64 AND regexp_full_match({name}, '[0-9a-fA-F]+'), FALSE)"
        forms += [f"{is_hash} AS {name}_is", f"CASE WHEN NOT {name}_is THEN {field.normal} END AS {name}_form"]
        written = f"sha256({name}_form)" if field.hashed and hashed else f"{name}_form"
        columns += [
            f"CASE WHEN {name}_is THEN lower({name}) ELSE {written} END AS {name}",
            f"{name} IS NOT NULL AND NOT {name}_is AND {name}_form IS NULL AS {name}_unusable",
            f"{name}_is AS {name}_hashed",
        ]
    con.execute(
        f"CREATE TEMP TABLE normal AS SELECT row, customer, value, found, email IS NOT NULL OR phone IS NOT NULL "
        f"OR ({_ADDRESS}) AS named, {', '.join(columns)} FROM (SELECT *, {', '.join(forms)} FROM given)"
    )


def _refuse_mixture(con: Any, order: Order) -> None:
    before = " + ".join(f"COUNT(*) FILTER ({name}_hashed)" for name in IDENTIFIERS)
    count = con.execute(f"SELECT {before} FROM normal").fetchone()[0]
    if count and not order.hashed:
        raise InvalidInput(
            f"hashed=False writes readable identifiers, but {count:,} of those given are hashed already: a file must "
            "be of one kind; leave hashed=False out"
        )


def _people(con: Any, there: list[str], least_value: Decimal | None) -> None:
    """Tables ``placed``, which has the fate of each row, and ``people``, one row a person."""
    names = set(there)
    low = (
        ""
        if least_value is None
        else (
            "WHEN money IS NULL THEN 'value missing or infinite' "
            f"WHEN money < {least_value} THEN 'value below {least_value}' "
        )
    )
    con.execute(
        f"""CREATE TEMP TABLE placed AS
        SELECT *, CASE
            WHEN NOT found THEN 'no contact'
            WHEN NOT named THEN 'no identifier'
            WHEN person IS NULL THEN 'no usable identifier'
            {low}END AS left_out
        FROM (
            SELECT *, TRY_CAST(value AS {ONE}) AS money,
                COALESCE(email, phone, CASE WHEN {_ADDRESS}
                    THEN first_name || chr(31) || last_name || chr(31) || country || chr(31) || zip END) AS person
            FROM normal)"""
    )
    con.execute("DROP TABLE normal")
    # an address is one thing: that of the first row which has it whole, never parts of several people's
    picked = ", ".join(
        f"arg_min({name}, row) AS {name}"
        if name in ("email", "phone")
        else f"CASE WHEN bool_or({_ADDRESS}) THEN arg_min_null({name}, row) FILTER ({_ADDRESS}) "
        f"ELSE arg_min_null({name}, row) END AS {name}"
        for name in IDENTIFIERS
        if name in names
    )
    con.execute(
        f"""CREATE TEMP TABLE people AS
        SELECT MIN(row) AS row, COALESCE(SUM(money), 0)::{MONEY} AS value, {picked}
        FROM placed WHERE left_out IS NULL GROUP BY person"""
    )


def _counts(con: Any, order: Order, there: list[str]) -> dict[str, Any]:
    written = row(
        con,
        f"SELECT COUNT(*) AS rows_written, SUM(value) AS total, "
        f"{', '.join(f'COUNT({name}) AS {name}' for name in there)} FROM people",
    )
    fates = dict(
        con.execute(
            "SELECT left_out, COUNT(*) FROM placed WHERE left_out IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    )
    sums = row(
        con,
        f"SELECT COALESCE(SUM(money), 0)::{MONEY} AS given, "
        f"COALESCE(SUM(money) FILTER (left_out IS NOT NULL), 0)::{MONEY} AS left_out, "
        f"{', '.join(f'COUNT(*) FILTER ({name}_unusable) AS {name}' for name in there)}, "
        f"{' + '.join(f'COUNT(*) FILTER ({name}_hashed)' for name in there)} AS hashed FROM placed",
    )
    counts: dict[str, Any] = {
        "rows_given": order.table.num_rows,
        "rows_written": written["rows_written"],
        "left_out": fates,
        "merged": order.table.num_rows - sum(fates.values()) - written["rows_written"],
        "identifiers": {name: written[name] for name in there},
        "unusable": {name: sums[name] for name in there if sums[name]},
        "already_hashed": sums["hashed"],
    }
    if order.value:
        counts |= {
            "value": order.value,
            "value_given": sums["given"],
            "value_written": written["total"] or Decimal(0).quantize(Decimal("0.000001")),
            "value_left_out": sums["left_out"],
        }
    if order.contacts is not None:
        counts |= row(
            con,
            "SELECT (SELECT COUNT(*) FROM contacts) - COUNT(*) AS contacts_repeated, "
            "COUNT(*) FILTER (customer NOT IN (SELECT customer FROM scored WHERE customer IS NOT NULL)) "
            "AS contacts_not_scored FROM first_contacts",
        )
    return counts


def _tell_unusable(con: Any, unusable: Mapping[str, int]) -> None:
    if not unusable:
        return
    told = []
    for name, count in unusable.items():
        at, found = con.execute(
            f"SELECT row, given.{name} FROM given JOIN placed USING (row) WHERE {name}_unusable ORDER BY row LIMIT 1"
        ).fetchone()
        hint = f": {_TO_SAY[name]}" if name in _TO_SAY else ""
        told.append(f"{name} {count:,}, first in row {at:,} ({masked(found)}){hint}")
    warn(
        f"{sum(unusable.values()):,} identifiers are not of the form they must have and are not written; "
        + "; ".join(told)
    )


def _tell_nobody(con: Any, order: Order, counts: Mapping[str, Any]) -> None:
    """That no contact was found, which is a mistake of identifiers."""
    if order.contacts is None or counts["left_out"].get("no contact", 0) < max(1, order.table.num_rows):
        return
    firsts = (f"SELECT customer FROM {name} WHERE customer IS NOT NULL ORDER BY row" for name in ("scored", "contacts"))
    shown = [con.execute(f"{first} LIMIT 1").fetchone() for first in firsts]
    ids = [masked(found[0]) if found else "none" for found in shown]
    warn(
        f"none of the {order.table.num_rows:,} customers is in the contacts, and the list is empty: is "
        f"{order.customer_id!r} the same in both? The first one of the table is {ids[0]}; of the contacts {ids[1]}"
    )


def masked(found: str) -> str:
    """The first and the last character of something personal, and how long it is.

    >>> masked("mary(at)example.com"), masked("?")
    ('m…m, 19 characters', '1 character')
    """
    if len(found) < 4:
        return f"{len(found)} character{'s' if len(found) > 1 else ''}"
    return f"{found[0]}…{found[-1]}, {len(found)} characters"
