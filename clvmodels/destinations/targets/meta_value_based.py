"""The customer list with values from which Meta makes a value-based audience.

Header names (email, phone, fn, ln, ct, st, country, zip, value): https://www.facebook.com/business/help/2082575038703844,
which also advises against lists of fewer than 100 people. The value is a whole or decimal number, without a sign for
the currency (https://www.facebook.com/business/help/1033094474356222), and not negative
(https://developers.facebook.com/docs/marketing-api/audiences/guides/value-based-lookalike-audiences). Forms before
hashing, and that all of these are hashed:
https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences#hash. Names are letters and
digits without blanks; a state of the US is its two letters, others are lower case; of postal codes the US ones have
five digits, British ones end at the sector.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...errors import InvalidInput, warn
from .. import normal_forms as forms
from ..contract import Order, Target
from ..people import Field, people_of
from .csv import write_lines

_FEWEST = 100

_CODE = forms.without_blanks("lower(zip)")
_ZIP = rf"""CASE
    WHEN lower(country) = 'us' THEN regexp_extract({_CODE}, '^(\d{{5}})(-?\d{{4}})?$', 1)
    WHEN lower(country) IN ('gb', 'uk') THEN regexp_replace({_CODE}, '^([a-z]{{1,2}}\d[a-z\d]?\d)[a-z]{{2}}$', '\1')
    ELSE {_CODE} END"""
_PLACE = forms.letters_and_digits("strip_accents(state)")
_STATE = (
    f"CASE WHEN lower(country) = 'us' AND NOT regexp_full_match({_PLACE}, '[a-z]{{2}}') THEN NULL ELSE {_PLACE} END"
)


def write(order: Order, path: Path) -> Mapping[str, Any]:
    """The identifiers that there are, and the value."""
    if order.value is None:
        raise InvalidInput(
            "this target needs a value of every customer; the columns found are "
            f"{', '.join(map(repr, order.table.schema.names))}: pass value=..., the name of the right one"
        )
    fields = {
        "email": Field("email", forms.email("email"), hashed=True),
        "phone": Field("phone", forms.phone("phone", order.phone_country), hashed=True),
        "first_name": Field("fn", forms.letters_and_digits("first_name"), hashed=True),
        "last_name": Field("ln", forms.letters_and_digits("last_name"), hashed=True),
        "city": Field("ct", forms.a_to_z("city"), hashed=True),
        "state": Field("st", _STATE, hashed=True),
        "country": Field("country", forms.country("country"), hashed=True),
        "zip": Field("zip", f"NULLIF({_ZIP}, '')", hashed=True),
    }
    people = people_of(order, fields, least_value=Decimal(0))
    if people.table.num_rows < _FEWEST:
        warn(
            f"the list has {people.table.num_rows:,} people; Meta advises against lists of fewer than {_FEWEST}: add "
            "customers, or identifiers of more of them"
        )
    write_lines(people.table, path)
    return people.counts


TARGET = Target(
    "Meta, value-based audience",
    "https://www.facebook.com/business/help/2082575038703844",
    ".csv",
    people=True,
    write=write,
)
