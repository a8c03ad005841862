"""A scored table in the layout that another system imports."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..files import written_whole
from .contract import Order, Target
from .exported import Exported
from .tables import read_table
from .targets import target_called

_VALUE = "clv"


def export(
    scored: Any,
    path: str | os.PathLike[str],
    target: str = "csv",
    *,
    contacts: Any = None,
    customer_id: str = "customer_id",
    email: str | None = None,
    phone: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    city: str | None = None,
    state: str | None = None,
    country: str | None = None,
    zip: str | None = None,
    value: str = _VALUE,
    phone_country: str | None = None,
    hashed: bool = True,
    currency: str | None = None,
) -> Exported:
    """Write a scored table in the layout that another system imports, and account for every row.

    ``"csv"`` is for machines: every row, identifiers and text unchanged. ``"xlsx"`` is for people: numbers with their
    formats, a sheet that says what they mean, and no text that a spreadsheet would run. ``"google_ads_customer_match"``
    and ``"meta_value_based"`` name customers by e-mail address, telephone, or name and postal address, normalised and
    hashed (SHA-256, lower-case hexadecimal) as the documentation of those systems asks; each target's file in
    ``clvmodels.destinations.targets`` names the page it follows.

    Parameters
    ----------
    scored
        One row a customer: a frame or a path (.csv, .parquet, a folder of Parquet files), such as `forecast`, `score`
        and `CLVModel.predict` give.
    path
        The file to write: whole or not at all, never over what is read.
    target
        "csv", "xlsx", "google_ads_customer_match" or "meta_value_based".
    contacts
        A frame or a path with ``customer_id`` and the identifiers, one row a customer (of several the first one
        counts). None if the scored table holds them itself. Only for targets that name people.
    customer_id
        The column of the customers, in both tables.
    email, phone, first_name, last_name, city, state, country, zip
        The columns of identifiers; by default those of these very names, where they are there. ``email="customer_id"``
        where customers are called by their addresses. Google knows no city and no state. Of one table, the contacts if
        they have such a column.
    value
        The column of values: that of ``"meta_value_based"``, and of the report's sums.
    phone_country
        The country code of telephone numbers that are written without one, such as "49"; "included" if they carry it
        without a plus. By default a number needs a leading + or 00.
    hashed
        False to write identifiers normalised but readable: the target hashes them itself.
    currency
        What the values are counted in, to be said in the xlsx file.

    Returns
    -------
    Exported
        Rows given, written, merged and left out, and sums of values, which add up exactly.

    Raises
    ------
    InvalidInput
        If a setting, a table or a column cannot be used, no identifier is there, a customer is there twice where people
        are named, or the file would be written over what is read.
    NotAvailable
        For "xlsx" without XlsxWriter.

    Warns
    -----
    ClvWarning
        If text in a CSV file begins as a formula does, identifiers are malformed, or the target wants more rows.

    Notes
    -----
    Rows of the same e-mail address (else the same telephone, else the same name and postal address) are one person to
    the target: their values are added, and the first one's identifiers stand. Whoever exports people's identifiers
    needs their consent where the law asks for it.

    Examples
    --------
    >>> import pathlib, pandas, tempfile
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"customer_id": ["Mary@Example.com ", "mary@example.com"], "clv": [12.5, 3.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "audience.csv")
    ...     found = clv.export(scored, file, "google_ads_customer_match", email="customer_id")
    ...     print(file.read_text())
    Email
    "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
    <BLANKLINE>
    >>> found.rows_written, found.merged
    (1, 1)
    """
    to = target_called(target)
    if not isinstance(path, str | os.PathLike):
        raise InvalidInput(f"path must be the name of a file ending in {to.ending}; found {path!r}")
    out = Path(path)
    named = {"email": email, "phone": phone, "first_name": first_name, "last_name": last_name}
    named |= {"city": city, "state": state, "country": country, "zip": zip}
    _check_settings(target, to, out, contacts, named, phone_country, hashed)
    _refuse_own_sources(out, {"scored": scored, "contacts": contacts})
    table, facts = read_table(scored, "the scored table", customer_id)
    _refuse_absent(table, customer_id, "customer_id", "the scored table")
    known = None
    if contacts is not None:
        known, _ = read_table(contacts, "the contacts", customer_id)
        _refuse_absent(known, customer_id, "customer_id", "the contacts")
    if value != _VALUE:
        _refuse_absent(table, value, "value", "the scored table")
    order = Order(
        table=table,
        facts=facts,
        contacts=known,
        customer_id=customer_id,
        columns=_columns(named, table, known) if to.people else {},
        value=value if value in table.schema.names else None,
        phone_country=phone_country,
        hashed=hashed,
        currency=currency,
        path=out,
    )
    with written_whole(out) as temporary:
        counts = to.write(order, temporary)
    return Exported(target=target, title=to.title, page=to.page, path=out, **counts)


def _check_settings(
    name: str,
    target: Target,
    out: Path,
    contacts: Any,
    named: Mapping[str, str | None],
    phone_country: str | None,
    hashed: bool,
) -> None:
    if out.suffix.lower() != target.ending:
        sheet = ": pass target='xlsx' for a spreadsheet" if out.suffix.lower() == ".xlsx" else ""
        raise InvalidInput(f"a file for target={name!r} must end in {target.ending}; found {str(out)!r}{sheet}")
    if not out.parent.is_dir():
        raise InvalidInput(f"cannot write {out}: there is no folder {out.parent}; make it first")
    if not target.people:
        given = [setting for setting, column in named.items() if column is not None]
        given += [
            setting
            for setting, is_given in {"contacts": contacts is not None, "hashed": not hashed}.items()
            if is_given
        ]
        if given or phone_country is not None:
            raise InvalidInput(
                f"{', '.join(given) or 'phone_country'} go with targets that name people; target={name!r} writes the "
                "table as it is: leave them out"
            )
    if phone_country is not None and not re.fullmatch(r"included|\+?[1-9][0-9]{0,2}", str(phone_country)):
        raise InvalidInput(
            "phone_country must be a country code such as '49', or 'included' if the numbers carry it; found "
            f"{phone_country!r}"
        )


def _refuse_own_sources(out: Path, sources: Mapping[str, Any]) -> None:
    for what, source in sources.items():
        if not isinstance(source, str | Path) or not Path(source).exists():
            continue
        if Path(source).is_dir() and out.parent.samefile(source):
            raise InvalidInput(f"{out} would stand among what is read as {what}: choose another folder to write to")
        if out.exists() and out.samefile(source):
            raise InvalidInput(f"{out} is what is read as {what}: choose another name to write to")


def _refuse_absent(table: Any, name: str, setting: str, what: str) -> None:
    if name not in table.schema.names:
        raise InvalidInput(
            f"{what} has no column {name!r}; the columns found are {', '.join(map(repr, table.schema.names))}: name "
            f"the right one ({setting})"
        )


def _columns(named: Mapping[str, str | None], table: Any, contacts: Any) -> dict[str, str]:
    there = [*(contacts.schema.names if contacts is not None else ()), *table.schema.names]
    for setting, column in named.items():
        if column is not None and column not in there:
            raise InvalidInput(
                f"there is no column {column!r} for {setting}; the columns found are {', '.join(map(repr, there))}"
            )
    chosen = {setting: column or setting for setting, column in named.items()}
    return {setting: column for setting, column in chosen.items() if column in there}
