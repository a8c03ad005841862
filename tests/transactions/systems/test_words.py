"""The macros of the presets: what each makes of what systems write."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from clvmodels.transactions.engine import connection
from clvmodels.transactions.systems.words import teach


def said(expression: str, zone: str | None = None) -> object:
    with connection() as con:
        con.execute("SET TimeZone = 'America/New_York'")  # of the machine: it must not matter
        teach(con, zone)
        return con.execute(f"SELECT {expression}").fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "written", "utc"),
    [
        ("2024-03-01 10:00:00 -0500", "10:00", "15:00"),
        ("2024-03-01 10:00:00 -05:00", "10:00", "15:00"),
        ("2024-03-01T10:00:00+02", "10:00", "08:00"),
        ("2024-03-01T10:00:00Z", "10:00", "10:00"),
        ("2024-03-01 10:00:00 UTC", "10:00", "10:00"),
        ("2024-03-01 10:00", "10:00", "10:00"),
        (" 2024-03-01T10:00:00.000 ", "10:00", "10:00"),
        ("2024-03-01", "00:00", "00:00"),
    ],
)
def test_clocks_as_written_and_of_utc(text, written, utc):
    assert said(f"written_time('{text}')") == datetime.fromisoformat(f"2024-03-01T{written}")
    assert said(f"utc_time('{text}')") == datetime.fromisoformat(f"2024-03-01T{utc}")


@pytest.mark.parametrize(
    ("zone", "text", "written", "utc"),
    [
        ("Europe/Berlin", "2024-03-01 10:00:00 -0500", "2024-03-01T16:00", "2024-03-01T16:00"),
        ("Europe/Berlin", "2024-07-01T10:00:00Z", "2024-07-01T12:00", "2024-07-01T12:00"),
        ("Europe/Berlin", "2024-03-01 10:00:00", "2024-03-01T10:00", "2024-03-01T11:00"),
        ("-05:00", "2024-03-01T02:00:00+00:00", "2024-02-29T21:00", "2024-02-29T21:00"),
        ("+05:30", "2024-03-01 02:00:00", "2024-03-01T02:00", "2024-03-01T07:30"),
        ("-05:00", "2024-03-01", "2024-03-01T00:00", "2024-03-01T00:00"),
    ],
)
def test_clocks_of_another_zone(zone, text, written, utc):
    assert said(f"written_time('{text}')", zone) == datetime.fromisoformat(written)
    assert said(f"utc_time('{text}')", zone) == datetime.fromisoformat(utc)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize(
    "text", ["2024-02-30", "01/03/2024", "2024-03-01 10:00 x", "2024-03-01 25:00:00Z", "", "20240301"]
)
def test_what_is_no_time_is_missing(text, zone):
    assert said(f"written_time('{text}')", zone) is None
    assert said(f"utc_time('{text}')", zone) is None


def test_moments_since_1970():
    assert said("epoch_seconds(1700000000)") == datetime(2023, 11, 14, 22, 13, 20)
    assert said("epoch_seconds('1700000000.25')") == datetime(2023, 11, 14, 22, 13, 20, 250_000)
    assert said("epoch_microseconds('1700000000123456')") == datetime(2023, 11, 14, 22, 13, 20, 123_456)
    assert said("epoch_seconds(1700000000)", "Europe/Berlin") == datetime(2023, 11, 14, 23, 13, 20)
    assert said("epoch_microseconds(1700000000000000)", "-05:00") == datetime(2023, 11, 14, 17, 13, 20)
    for none in (
        "epoch_seconds('x')",
        "epoch_seconds(1e17)",
        "epoch_seconds(NULL)",
        "epoch_microseconds(1e20::HUGEINT)",
    ):
        assert said(none) is None


def test_money_is_exact_and_what_is_none_is_missing():
    assert said("money('0.1') + money('0.2')") == Decimal("0.3")
    for none in ("''", "'1,5'", "'1000000000000'", "'nan'"):
        assert said(f"money({none})") is None


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("email(' Ann@Shop.Example ')", "ann@shop.example"),
        ("email(CHR(39) || 'o' || CHR(39) || 'neil@shop.example' || CHR(9) || CHR(160))", "o'neil@shop.example"),
        ("email(' ')", None),
        ("phone(CHR(39) || '+49 (30) 1234-56')", "+4930123456"),
        ("phone('0049 30 123456')", "+4930123456"),
        ("phone('030 123456')", "030123456"),
        ("phone('+')", None),
        ("phone('12+34')", None),
    ],
)
def test_addresses_and_numbers_are_one_however_they_are_typed(expression, meant):
    assert said(expression) == meant
