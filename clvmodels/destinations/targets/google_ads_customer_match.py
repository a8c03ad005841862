"""The customer data file of Google Ads' Customer Match.

Header names and which columns are hashed: https://support.google.com/google-ads/answer/7659867 and, for hashed files,
https://support.google.com/google-ads/answer/7476159 (UTF-8; Email, Phone, First Name and Last Name hashed, Country and
Zip never). Forms before hashing: e-mail without any blank and lower case, names trimmed and lower case, telephones as
E.164 with their +; a US zip has five digits, or nine. A row is found by e-mail, by telephone, or by all four of names,
country and zip.

Those pages have no column for a value: a list for each tier of value (`clvmodels.economics`) is the way to use it.
They leave dots and +tags of gmail.com addresses as they are, and so does this target; that these are taken out is a
rule of another product, the Data Manager API (https://developers.google.com/data-manager/api).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import normal_forms as forms
from ..contract import Order, Target
from ..people import Field, people_of
from .csv import write_lines

_ZIP = rf"""CASE WHEN lower(country) <> 'us' OR regexp_full_match(zip, '\d{{5}}(-?\d{{4}})?') OR country IS NULL
    THEN {forms.one_blank("zip")} END"""
_ADDRESS = ("first_name", "last_name", "country", "zip")


def write(order: Order, path: Path) -> Mapping[str, Any]:
    """Email, Phone, First Name, Last Name, Country, Zip: those that there are."""
    number = forms.phone("phone", order.phone_country)
    fields = {
        "email": Field("Email", forms.email(forms.without_blanks("email")), hashed=True),
        "phone": Field("Phone", f"'+' || {number}", hashed=True),
        "first_name": Field("First Name", f"lower({forms.one_blank('first_name')})", hashed=True),
        "last_name": Field("Last Name", f"lower({forms.one_blank('last_name')})", hashed=True),
        "country": Field("Country", f"upper({forms.country('country')})", hashed=False),
        "zip": Field("Zip", _ZIP, hashed=False),
    }
    if not set(_ADDRESS) <= set(order.columns):  # part of an address is an error to the target
        fields = {name: field for name, field in fields.items() if name not in _ADDRESS}
    people = people_of(order, fields)
    write_lines(people.table, path)
    return people.counts


TARGET = Target(
    "Google Ads Customer Match",
    "https://support.google.com/google-ads/answer/7659867",
    ".csv",
    people=True,
    write=write,
)
