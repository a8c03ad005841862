"""Lists for Google Ads and Meta: layouts as documented, hashes as published, one row a person."""

from __future__ import annotations

import hashlib
import warnings
from decimal import Decimal

import duckdb
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.destinations import normal_forms

GOOGLE, META = "google_ads_customer_match", "meta_value_based"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def listed(tmp_path):
    """Write a list of people, one customer a row of the contacts, and read it back."""

    def written(target, people, values=None, **more):
        n = len(next(iter(people.values())))
        table = pd.DataFrame({"customer_id": range(n), "clv": [1.0] * n if values is None else values})
        known = pd.DataFrame({"customer_id": range(n), **people})
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = clv.export(table, tmp_path / "a.csv", target, contacts=known, **more)
        rows = pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
        return rows, found, [str(one.message) for one in told if "fewer than 100" not in str(one.message)]

    return written


# vendors' own examples: Meta's page on customer file custom audiences (e-mail, telephone), its page on the parameters
# of customers (names, country)
PUBLISHED = {
    "email": (" Mary@Example.com ", "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"),
    "phone": ("+1 (555) 987-6543", "1ef970831d7963307784fa8688e8fce101a15685d62aa765fed23f3a2c576a4e"),
    "fn": ("Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
    "ln": ("Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    "country": ("US", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
}


def test_meta_hashes_as_published(listed):
    given = {name: [value] for name, (value, _) in PUBLISHED.items()}
    given = {{"fn": "first_name", "ln": "last_name"}.get(name, name): value for name, value in given.items()}
    rows, found, told = listed(META, given, values=[44.5])
    assert list(rows) == ["email", "phone", "fn", "ln", "country", "value"] == list(found.columns)
    for name, (_, wanted) in PUBLISHED.items():
        assert rows.loc[0, name] == wanted
    assert rows.loc[0, "value"] == "44.5"
    assert told == []
    assert listed(META, {"email": ["a@b.de"], "first_name": ["정"]})[0].loc[0, "fn"] == (
        "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"
    )


def test_meta_normal_forms(listed):
    people = {
        "email": [f"p{i}@x.de" for i in range(4)],
        "first_name": ["Anne-Marie", " MARY  Jane ", "Zoë", "O'Neill Jr."],
        "city": ["São Paulo", "Saint-Étienne", "東京", "New York"],
        "state": ["California", "ca", "Baden-Württemberg", "N. Y."],
        "country": ["US", "us", "DE", "us"],
        "zip": ["12345-6789", "94016", "d 01067", "1234"],
    }
    rows, found, _ = listed(META, people, hashed=False)
    assert list(rows["fn"]) == ["annemarie", "maryjane", "zoë", "oneilljr"]
    assert list(rows["ct"]) == ["saopaulo", "saintetienne", "", "newyork"]
    assert list(rows["st"]) == ["", "ca", "badenwurttemberg", "ny"]
    assert list(rows["country"]) == ["us", "us", "de", "us"]
    assert list(rows["zip"]) == ["12345", "94016", "d01067", ""]
    assert dict(found.unusable) == {"city": 1, "state": 1, "zip": 1}
    assert found.identifiers["city"] == 3
    british = {"email": ["a@b.uk", "c@d.uk"], "country": ["gb", "gb"], "zip": ["SW1A 2AA", "m1 1ae"]}
    assert list(listed(META, british, hashed=False)[0]["zip"]) == ["sw1a2", "m11"]
    hashes, _, _ = listed(META, people)
    for name in ("fn", "ct", "st", "country", "zip"):
        assert list(hashes[name]) == [sha256(text) if text else "" for text in rows[name]]


def test_meta_takes_values_that_are_not_negative(listed):
    people = {"email": [f"p{i}@x.de" for i in range(6)]}
    values = [0.0, -0.01, float("nan"), float("inf"), 1234567.891, 1e-9]
    rows, found, _ = listed(META, people, values=values)
    assert list(rows["value"]) == ["0", "1234567.891", "0"]  # no exponents, no signs, 6 digits at most
    assert dict(found.left_out) == {"value missing or infinite": 2, "value below 0": 1}
    assert (found.value_given, found.value_left_out) == (Decimal("1234567.881"), Decimal("-0.01"))


def test_meta_warns_of_short_lists(tmp_path):
    table = pd.DataFrame({"customer_id": [f"p{i}@x.de" for i in range(100)], "clv": 1.0})
    with pytest.warns(clv.ClvWarning, match="the list has 99 people; Meta advises against lists of fewer than 100"):
        clv.export(table.head(99), tmp_path / "a.csv", META, email="customer_id")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clv.export(table, tmp_path / "a.csv", META, email="customer_id")


def test_google_layout_and_normal_forms(listed):
    people = {
        "email": [" Mary.Smith+shop@Gmail.com ", "jo hn@x.de", None],
        "phone": ["(800) 555-0100", None, "+44 20 7031 3000"],
        "first_name": [" Mary  Jane", "John", "Zoë"],
        "last_name": ["O'Neill", "Smith", "Pérez"],
        "country": ["us", "U.K.", "sg"],
        "zip": [" 94016-1234", "101300", "WC2H 8LG"],
    }
    rows, found, _ = listed(GOOGLE, people, hashed=False, phone_country="1")
    assert list(rows) == ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
    # the page on files takes neither dots nor tags out of addresses of gmail.com
    assert list(rows["Email"]) == ["mary.smith+shop@gmail.com", "john@x.de", ""]
    assert list(rows["Phone"]) == ["+18005550100", "", "+442070313000"]
    assert list(rows["First Name"]) == ["mary jane", "john", "zoë"]
    assert list(rows["Country"]) == ["US", "", "SG"]
    assert list(rows["Zip"]) == ["94016-1234", "101300", "WC2H 8LG"]
    assert dict(found.unusable) == {"country": 1}
    hashes, _, _ = listed(GOOGLE, people, phone_country="1")
    for name in ("Email", "Phone", "First Name", "Last Name"):
        assert list(hashes[name]) == [sha256(text) if text else "" for text in rows[name]]
    assert list(hashes["Country"]) == list(rows["Country"])
    assert list(hashes["Zip"]) == list(rows["Zip"])


def test_google_has_no_part_of_an_address(listed):
    people = {"email": ["a@b.de"], "first_name": ["A"], "last_name": ["B"], "zip": ["01067"], "city": ["Dresden"]}
    assert list(listed(GOOGLE, people)[0]) == ["Email"]
    with pytest.raises(clv.InvalidInput, match="people are found by an e-mail address"):
        listed(GOOGLE, {name: value for name, value in people.items() if name != "email"})
    del people["email"]
    rows, _, _ = listed(GOOGLE, {**people, "country": ["de"]}, hashed=False)
    assert rows.loc[0].to_list() == ["a", "b", "DE", "01067"]


@pytest.mark.parametrize(
    ("written", "country", "wanted"),
    [
        *[("+49 171 1234567", None, "491711234567"), ("0049-171/1234567", None, "491711234567")],
        *[("0171 1234567", None, None), ("0171 1234567", "49", "491711234567"), ("171.1234567", "+49", "491711234567")],
        *[("+49 (0)171 1234567", None, "491711234567"), ("1 800 555 0100", "1", "18005550100")],
        *[("(800) 555‑0100", "1", "18005550100"), ("8 912 345 67 89", "7", "79123456789")],
        *[("06 1234 5678", "39", "390612345678"), ("491711234567", "included", "491711234567")],
        *[("555-0100 ext. 7", "1", None), ("12345", "49", None), ("+0171 1234567", None, None)],
        *[("+1234567890123456", None, None), ("++49171234567", None, None), ("4.9e11", "included", None)],
        # what is dialled inside the country, behind its code
        *[("+49 0171 1234567", None, "491711234567"), ("+49(0171)1234567", None, "491711234567")],
        *[("+44 020 7031 3000", None, "442070313000"), ("+39 06 1234 5678", None, "390612345678")],
        *[("020 7031 3000", "44", "442070313000"), ("06 12 34 56 78", "33", "33612345678")],
        # which is 06 in Hungary, 80 in Belarus, 8 in Lithuania, and part of the number in Benin
        *[("06 20 123 4567", "36", "36201234567"), ("+36 06 20 123 4567", None, "36201234567")],
        *[("8 029 491-19-11", "375", "375294911911"), ("8 612 34567", "370", "37061234567")],
        *[("01 95 12 34 56", "229", "2290195123456"), ("+7 8 912 345 67 89", None, "79123456789")],
        # the code is there already
        *[("491711234567", "49", "491711234567"), ("79123456789", "7", "79123456789")],
        *[("55 99123-4567", "55", "5555991234567"), ("4740612345", "47", "4740612345")],
        # North America: ten digits behind 1; 011 is dialled to other countries
        *[("+1 555 0100", None, None), ("1 055 555 0100", "1", None), ("011 33 6 12 34 56 78", "1", "33612345678")],
        # two numbers, an extension, a number that was a decimal one on its way
        *[
            ("030 123456, 7", "49", None),
            ("+1 555 010 0199 x7", None, None),
            ("491711234567.0", "included", "491711234567"),
        ],
    ],
)
def test_telephones(written, country, wanted):
    sql = "SELECT " + normal_forms.phone(f"'{written}'", country)
    assert duckdb.sql(sql).fetchall() == [(wanted,)]


@pytest.mark.parametrize(
    "text", ["a", "a@b", "a@@b.de", "a@b.de;c@d.de", "a@b..de", "@b.de", "a b@c.de", "<a@b.de>", "a@"]
)
def test_what_is_no_address(text):
    assert duckdb.sql("SELECT " + normal_forms.email(f"'{text}'")).fetchall() == [(None,)]


@pytest.mark.parametrize("text", ["a@b.de", "a.b+c@x-y.co.uk", "o'neill@x.de".replace("'", "''"), "ü@münchen.de"])
def test_what_is_one(text):
    assert duckdb.sql("SELECT " + normal_forms.email(f"'{text}'")).fetchall() == [(text.replace("''", "'"),)]


@pytest.mark.parametrize("target", [GOOGLE, META])
def test_one_person_is_one_row_and_values_are_added(listed, target):
    people = {
        "email": ["b@x.de", None, "A@x.de", sha256("b@x.de").upper(), None, "a@x.de "],
        "phone": [None, "+49 171 1234567", None, "+49 171 7654321", "0049 1711234567", None],
    }
    rows, found, told = listed(target, people, values=[1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    first = "Email" if target == GOOGLE else "email"
    assert list(rows[first]) == [sha256("b@x.de"), "", sha256("a@x.de")]  # in the order of the table
    assert (found.rows_written, found.merged, found.already_hashed) == (3, 3, 1)
    assert found.value_written == 63
    assert dict(found.identifiers) == {"email": 2, "phone": 2}  # the telephone of the second row of b@x.de is kept
    if target == META:
        assert list(rows["value"]) == ["9", "18", "36"]
    assert told == []


def test_an_address_is_never_made_of_two_peoples(listed):
    people = {
        "email": ["a@x.de"] * 3,
        "first_name": ["Mary", "John", "Jane"],
        "last_name": [None, "Doe", "Roe"],
        "country": ["UK", "de", "US"],
        "zip": ["W1A 1AA", "01067", "94016"],
    }
    rows, _, _ = listed(GOOGLE, people, hashed=False)
    assert rows.loc[0].to_list() == ["a@x.de", "john", "doe", "DE", "01067"]
    rows, _, _ = listed(GOOGLE, {name: column[:1] for name, column in people.items()}, hashed=False)
    assert rows.loc[0].to_list() == ["a@x.de", "mary", "", "GB", "W1A 1AA"]  # UK is no code of ISO 3166-1


def test_the_hash_of_nothing_is_nothing(listed):
    nothing = sha256("")
    rows, found, _ = listed(GOOGLE, {"email": [nothing, nothing.upper(), "a@b.de"]})
    assert list(rows["Email"]) == [sha256("a@b.de")]
    assert (dict(found.left_out), found.already_hashed) == ({"no identifier": 2}, 0)


@pytest.mark.parametrize("target", [GOOGLE, META])
def test_addresses_lose_what_cannot_be_seen(listed, target):
    hidden = ["\u200bmary\u00ad@exam\u200bple.com\ufeff", "MARY@EXAMPLE.COM\u00a0"]
    rows, found, _ = listed(target, {"email": hidden})
    assert list(rows.iloc[:, 0]) == [PUBLISHED["email"][1]]
    assert found.merged == 1


def test_postal_codes_that_lost_their_zeros(listed):
    people = {"email": [f"p{i}@x.de" for i in range(4)], "first_name": ["A"] * 4, "last_name": ["B"] * 4}
    people |= {"country": ["us", "us", "de", "us"], "zip": ["1067", "94016.0", "01067", "940161234"]}
    rows, found, told = listed(GOOGLE, people, hashed=False)
    assert list(rows["Zip"]) == ["", "94016", "01067", "940161234"]
    assert dict(found.unusable) == {"zip": 1}
    assert "zip 1, first in row 1 (1…7, 4 characters)" in told[0]


def test_hashed_and_readable_do_not_mix(listed):
    with pytest.raises(clv.InvalidInput, match="hashed=False writes readable identifiers, but 1 of those given"):
        listed(GOOGLE, {"email": ["a@b.de", sha256("c@d.de")]}, hashed=False)


def test_malformed_identifiers_are_told_and_not_printed(listed):
    people = {"email": ["a@b.de", "secret.person", None, ""], "phone": [None, "0171 5550019", "0171 7654321", None]}
    _, found, told = listed(GOOGLE, people)
    assert len(told) == 1
    assert "3 identifiers are not of the form they must have and are not written" in told[0]
    assert "email 1, first in row 2 (s…n, 13 characters): is it one address" in told[0]
    assert "phone 2, first in row 2 (0…9, 12 characters): write it as +49 171 1234567, or pass phone_country" in told[0]
    assert "secret.person" not in told[0]
    assert "5550019" not in told[0]
    assert dict(found.left_out) == {"no usable identifier": 2, "no identifier": 1}
    assert dict(found.unusable) == {"email": 1, "phone": 2}
    _, found, told = listed(GOOGLE, people, phone_country="49")
    assert (found.rows_written, dict(found.unusable)) == (3, {"email": 1})


def test_the_scored_table_may_hold_the_identifiers(tmp_path):
    table = pd.DataFrame({"customer_id": ["A@b.de", "c@d.de"], "tel": [491711234567, 491711234568], "worth": [1, 2]})
    words = {"email": "customer_id", "phone": "tel", "value": "worth", "phone_country": "included", "hashed": False}
    clv.export(table, tmp_path / "a.csv", GOOGLE, **words)
    assert (tmp_path / "a.csv").read_text() == ('Email,Phone\n"a@b.de","+491711234567"\n"c@d.de","+491711234568"\n')
    known = pd.DataFrame({"customer_id": ["c@d.de"], "tel": ["+49 171 9999999"]})
    found = clv.export(table, tmp_path / "a.csv", GOOGLE, contacts=known, **words)
    assert (tmp_path / "a.csv").read_text() == 'Email,Phone\n"c@d.de","+491719999999"\n'
    assert dict(found.left_out) == {"no contact": 1}
