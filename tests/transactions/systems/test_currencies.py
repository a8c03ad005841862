"""Several currencies: refused without rates, and converted exactly with them. The files are made up."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.transactions.systems.currencies import rates_of

LINES = (
    "1,ann,2024-03-01 10:00:00,30,EUR,paid",
    "2,ann,2024-03-08 10:00:00,10,USD,paid",
    "3,bob,2024-03-15 10:00:00,1000,JPY,paid",
)
RATES = {"USD": "0.92", "jpy": 0.0061}


def test_several_currencies_are_refused_with_their_numbers(till):
    with pytest.raises(clv.InvalidInput, match=r"found 3: EUR \(1 line\), JPY \(1 line\), USD \(1 line\)"):
        clv.read_log(till(*LINES), "till")
    with pytest.raises(clv.InvalidInput, match=r"found 2: EUR \(1 line\), none \(1 line\)"):
        clv.read_log(till(LINES[0], "2,bob,2024-03-01,3,,paid"), "till")


def test_currencies_of_lines_that_are_left_out_do_not_matter(till):
    log = clv.read_log(till(LINES[0], "2,ann,2024-03-08,10,USD,cancelled"), "till")
    assert log["amount"].tolist() == [30.0]


def test_where_only_purchases_are_counted_currencies_do_not_matter(till):
    log = clv.SystemLog(till(*LINES), "till")
    assert len(clv.rfm_summary(log, amount=None)) == 2
    with pytest.raises(clv.InvalidInput, match="must be in one currency"):
        clv.rfm_summary(log)


def test_each_amount_is_converted_and_the_report_keeps_what_was(till):
    log, report = clv.read_export(till(*LINES), "till", rates=RATES, to_currency="eur")
    assert log["amount"].tolist() == [30.0, 9.2, 6.1]
    assert set(log["currency"]) == {"EUR"}
    assert report.currencies["JPY"] == (1, Decimal(1000))
    assert report.converted_to == "EUR"
    assert "converted to EUR" in str(report)


def test_every_currency_needs_a_rate(till):
    with pytest.raises(clv.InvalidInput, match=r"none for JPY \(1 line, the first of 2024-03-15\)\. Add"):
        clv.read_log(till(*LINES), "till", rates={"USD": 1}, to_currency="EUR")
    with pytest.raises(clv.InvalidInput, match=r"none for none \(1 line"):
        clv.read_log(till("2,bob,2024-03-01,3,,paid"), "till", rates={"USD": 1}, to_currency="EUR")


def test_lines_that_say_no_currency_may_have_a_rate(till):
    file = till("1,ann,2024-03-01,30,EUR,paid", "2,bob,2024-03-02,3,,paid")
    log, report = clv.read_export(file, "till", rates={"none": "0.5"}, to_currency="EUR")
    assert log["amount"].tolist() == [30.0, 1.5]
    assert report.currencies == {"EUR": (1, Decimal(30)), "none": (1, Decimal(3))}
    with pytest.raises(clv.InvalidInput, match=r"worth in EUR, as that of 'none', where lines say no currency"):
        clv.read_log(file, "till", rates={"USD": 1}, to_currency="EUR")


@pytest.mark.parametrize("amounts", [["999999999999"], ["600000000000", "500000000000"]])
def test_what_is_too_much_in_the_other_currency_is_refused_and_not_lost(till, amounts):
    file = till(*(f"1,ann,2024-03-01,{amount},JPY,paid" for amount in amounts), "2,bob,2024-03-01,3,JPY,paid")
    with pytest.raises(clv.InvalidInput, match=r"less than a million million, in EUR too; found 1 line .*order '1'"):
        clv.read_log(file, "till", rates={"JPY": 2 if len(amounts) == 1 else 1}, to_currency="EUR")


def test_a_rate_holds_from_its_date_to_the_next(till, tmp_path):
    lines = [f"{day},ann,2024-03-{day:02} 00:00:00,100,USD,paid" for day in (1, 9, 10, 11, 31)]
    file = till(*lines, "e,ann,2024-03-02,7,EUR,paid")
    table = tmp_path / "rates.csv"
    table.write_text("currency,date,rate\nUSD,2024-03-10,0.9\nUSD,2024-03-01,0.8\nUSD,2024-03-11,0.7\n")
    frame = pd.read_csv(table, parse_dates=["date"])
    for rates in (table, str(table), frame, pl.from_pandas(frame)):
        log = clv.read_log(file, "till", rates=rates, to_currency="EUR")
        assert log["amount"].tolist() == [80.0, 7.0, 80.0, 90.0, 70.0, 70.0]
    table.write_text("currency,date,rate\nUSD,2024-03-02,0.9\n")
    with pytest.raises(clv.InvalidInput, match=r"there is none for USD \(1 line, the first of 2024-03-01\)"):
        clv.read_log(file, "till", rates=table, to_currency="EUR")


def test_an_order_refunded_whole_comes_to_nothing_whatever_is_rounded(till):
    """Of 300 orders refunded in up to 5 parts, at a rate of 12 decimals; each line by itself would leave some over."""
    chance = random.Random(7)
    rate, lines, by_line = Decimal("1.086956521739"), [], 0
    for order in range(300):
        parts = [Decimal(chance.randrange(1, 5000)) / 100 for _ in range(chance.randrange(1, 6))]
        amounts = (sum(parts), *(-part for part in parts))
        lines += [f"{order},ann,2024-03-01 10:00:00,{amount},GBP,paid" for amount in amounts]
        exact = [(part * rate).quantize(Decimal("0.000001"), ROUND_HALF_UP) for part in (sum(parts), *parts)]
        by_line += exact[0] != sum(exact[1:])
    assert by_line > 50
    log = clv.read_log(till("x,eve,2024-03-01,5,EUR,paid", *lines), "till", rates={"GBP": rate}, to_currency="EUR")
    units = (log["amount"] * 1_000_000).round().astype("int64")
    assert units.groupby(log["order_id"]).sum().drop("x").eq(0).all()
    sold = log[(log["amount"] > 0) & (log["order_id"] != "x")]
    assert len(sold) == 300


def test_one_currency_other_than_asked_for(till):
    file = till(LINES[0])
    assert clv.read_log(file, "till", to_currency="EUR")["amount"].tolist() == [30.0]
    with pytest.raises(clv.InvalidInput, match=r"to_currency is 'USD' and the log is in EUR \(1 line\): pass rates="):
        clv.read_log(file, "till", to_currency="USD")


@pytest.mark.parametrize(
    ("rates", "to", "said"),
    [
        ({"USD": "x"}, "EUR", "the rate of USD must be a number above 0 .*found 'x'"),
        ({"USD": 0}, "EUR", "the rate of USD must be a number above 0"),
        ({"USD": float("nan")}, "EUR", "the rate of USD must be a number above 0"),
        ({"USD": "1e400"}, "EUR", "the rate of USD must be a number above 0"),
        ({"USD": 1e7}, "EUR", "below 10,000,000"),
        ({"dollars": 1}, "EUR", "a currency in rates must be a code of three letters.*'dollars'"),
        ({"USD": 1, "usd": 1}, "EUR", "that of USD twice"),
        ({"EUR": "1.1"}, "EUR", r"one EUR must be worth 1 EUR; rates say 1\.1"),
        ({"USD": 1}, None, "pass it too"),
        ({"USD": 1}, "'; DROP", "to_currency must be a code of three letters"),
        ({}, "EUR", "at least one currency"),
        (5, "EUR", "rates must be a mapping .*found int"),
        ("rates.txt", "EUR", "must end in .csv"),
        ("none.csv", "EUR", "no file of rates found at .none.csv."),
        (pd.DataFrame({"currency": ["USD"]}), "EUR", "must have the columns currency, rate"),
        (pd.DataFrame({"currency": ["USD"], "rate": [1], "date": ["soon"]}), "EUR", "the date of the rate of USD must"),
    ],
)
def test_rates_that_are_none(rates, to, said):
    with pytest.raises(clv.InvalidInput, match=said):
        rates_of(rates, to)


def test_capitals_and_blanks_in_the_header_of_rates_do_not_matter(tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("\ufeff Currency;RATE\nUSD;0.9\n", encoding="utf-8")
    frame = pd.DataFrame({"Currency": ["USD"], "Rate ": ["0.9"]})
    assert rates_of(file, "EUR") == rates_of(frame, "EUR") == rates_of({"USD": "0.9"}, "EUR")
    file.write_text("x" * 200_000)
    with pytest.raises(clv.InvalidInput, match="are no CSV file"):
        rates_of(file, "EUR")


def test_a_file_of_rates_with_a_line_too_short(tmp_path):
    file = tmp_path / "rates.csv"
    file.write_text("currency,rate\nUSD,0.9\nGBP\n")
    with pytest.raises(clv.InvalidInput, match="line 3 has not as many fields as the header"):
        rates_of(file, "EUR")
    file.write_text("")
    with pytest.raises(clv.InvalidInput, match="must have the columns"):
        rates_of(file, "EUR")


def test_text_is_exact_and_doubles_are_as_they_are_written():
    assert rates_of({"USD": 0.1}, "EUR") == rates_of({"USD": "0.1"}, "EUR") == rates_of({"USD": Decimal("0.1")}, "EUR")
