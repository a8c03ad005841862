"""The quality report finds what was planted, says nothing about what is not there, and is the same for every frame."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidInput
from clvmodels.transactions.summarize import rfm_summary, summarize

summarize_module = sys.modules["clvmodels.transactions.summarize"]  # its package has a function of that name
CDNOW = clv.load_cdnow(sample=True)


def found(log: object, name: str, **options: object):
    """The one finding of that name, or None."""
    return next((f for f in summarize(log, **options).quality.findings if f.name == name), None)


def lines(*rows: tuple, columns=("customer_id", "date", "amount")) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def daily(days: int = 200, start: str = "2023-01-01", each: int = 3) -> pd.DataFrame:
    """A steady log: some lines a day, amounts between 10 and 20, customers who come and go."""
    rng = np.random.default_rng(1)
    n = days * each
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in rng.integers(0, n // 4, n)],
            "date": np.repeat(pd.date_range(start, periods=days).strftime("%Y-%m-%d"), each),
            "amount": np.round(rng.uniform(10, 20, n), 2),
        }
    )


def test_a_steady_log_has_nothing_to_look_at():
    quality = summarize(daily()).quality
    assert [finding.name for finding in quality.findings if finding.level == "look"] == []
    assert "gaps" in quality.not_found
    assert "outlying amounts" in quality.not_found
    assert "TO LOOK AT" not in str(quality)
    assert "looked for and not found" in str(quality)


def test_cdnow_is_a_cohort_and_has_no_older_customers():
    for sample in (True, False):
        quality = summarize(clv.load_cdnow(sample=sample)).quality
        names = {finding.name: finding for finding in quality.findings}
        assert "older_customers" not in names
        assert "gaps" not in names
        assert names["level_changes"].level == "note"
        assert "cohort" in names["level_changes"].meaning
        assert names["zero_amounts"].count == (8 if sample else 80)
    told = "customers older than the log (hardly anybody new later on to compare with)"
    assert told in quality.not_judged


# exact duplicates


def repeated_lines() -> pd.DataFrame:
    return lines(
        ("a", "2024-01-02", 5.0, "x", "u"),
        ("a", "2024-01-02", 5.0, "x", "u"),
        ("a", "2024-01-02", 5.0, "x", "u"),
        ("a", "2024-01-02", 5.0, "y", "u"),
        ("b", "2024-01-01", 2.5, None, "u"),
        ("b", "2024-01-01", 2.5, None, "u"),
        ("c", "2024-01-03", 7.0, "p", "u"),
        ("c", "2024-01-03", 7.0, "p", "v"),
        (None, "2024-01-04", 1.0, "z", "u"),
        (None, "2024-01-04", 1.0, "z", "u"),
        columns=("customer_id", "date", "amount", "item", "note"),
    )


def sources_of(log: pd.DataFrame, folder) -> dict[str, object]:
    log.to_parquet(folder / "log.parquet")
    log.to_csv(folder / "log.csv", index=False)
    table = pa.Table.from_pandas(log, preserve_index=False)
    con = duckdb.connect()
    con.register("theirs", table)
    return {
        "pandas": log,
        "indexed": log.set_index("customer_id"),
        "arrow": table,
        "stream": table.to_reader(),
        "polars": pl.from_arrow(table),
        "lazy": pl.from_arrow(table).lazy(),
        "duckdb": con.sql("SELECT * FROM theirs"),
        "parquet": str(folder / "log.parquet"),
        "csv": str(folder / "log.csv"),
    }


def test_exact_duplicates_are_equal_in_all_columns(tmp_path):
    for kind, log in sources_of(repeated_lines(), tmp_path).items():
        finding = found(log, "exact_duplicates")
        assert (finding.count, finding.share, finding.total) == (4, 0.4, Decimal("12.5")), kind
        assert "3 of them have a customer" in finding.meaning, kind
        assert finding.examples == (
            "2024-01-01 customer b: 2.50, 2 times",
            "2024-01-02 customer a: 5.00, 3 times",
            "2024-01-04: 1.00, 2 times",
        ), kind


def test_columns_that_no_engine_knows_are_compared_too():
    log = repeated_lines().head(4)
    log["item"] = [[1], [1], [2], [1]]
    log["note"] = pd.period_range("2024-01", periods=1).repeat(4)
    log["odd"] = [object] * 4
    assert found(log, "exact_duplicates").count == 2


def test_lines_alike_in_the_columns_read_alone_are_no_duplicates():
    log = lines(("a", "2024-01-02", 5.0), ("a", "2024-01-02", 5.0)).assign(line=[1, 2])
    assert found(log, "exact_duplicates") is None
    assert found(log.drop(columns="line"), "exact_duplicates").count == 1


def test_duplicates_agree_with_pandas_on_random_logs():
    rng = np.random.default_rng(11)
    for _ in range(10):
        n = 300
        log = pd.DataFrame(
            {
                "customer_id": rng.integers(0, 8, n),
                "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9, n) * 12, "h"),
                "amount": rng.integers(1, 4, n) / 4,
                "item": rng.choice(["x", "y", None], n),
            }
        )
        assert found(log, "exact_duplicates").count == int(log.duplicated().sum())


# currencies


@pytest.mark.parametrize("name", ["currency", "Currency_Code", "money"])
def test_several_currencies(name, tmp_path):
    log = daily(30)
    log[name] = ["EUR", "eur ", "USD"] * 30
    keyword = {"currency": "money"} if name == "money" else {}
    for kind, source in sources_of(log, tmp_path).items():
        finding = found(source, "several_currencies", **keyword)
        assert (finding.count, finding.share, finding.level) == (30, 1 / 3, "look"), kind
        assert [example.split(",")[0] for example in finding.examples] == ["EUR: 60 lines", "USD: 30 lines"], kind
    if name == "money":
        quality = summarize(log).quality
        assert quality.not_judged[0] == "several currencies (no such column)"


def test_one_currency_is_none_to_speak_of():
    log = daily(30).assign(currency="EUR")
    assert found(log, "several_currencies") is None
    assert "several currencies" in summarize(log).quality.not_found


def test_a_currency_column_that_is_named_must_be_there():
    with pytest.raises(InvalidInput, match="no column 'valuta'"):
        summarize(daily(30), currency="valuta")


def test_a_currency_column_that_cannot_be_read_stops_nobody():
    log = daily(30).assign(currency=[object, 1] * 45)
    assert found(log, "several_currencies") is None


# dates


def test_future_dates_are_those_after_today(monkeypatch):
    class Then(summarize_module.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2024, 1, 31, 12)

    monkeypatch.setattr(summarize_module, "datetime", Then)
    log = lines(("a", "2024-01-30", 1.0), ("a", "2024-01-31", 1.0), ("b", "2042-01-03", 1.0), ("b", "2042-01-03", 2.0))
    finding = found(log, "future_dates")
    assert (finding.count, finding.share, finding.level) == (2, 0.5, "look")
    assert finding.examples == ("2042-01-03: 2 lines",)
    assert "observation_end='2024-01-31'" in finding.advice
    assert found(log, "future_dates", observation_end="2024-01-31").level == "note"
    assert found(log.head(2), "future_dates") is None


def test_lines_without_customer_or_date():
    log = pd.concat([daily(30), lines((None, "2023-01-05", 3.0), (None, "2023-01-02", 4.0), ("x", None, 5.0))])
    without = found(log, "lines_without_customer")
    assert (without.count, without.total, without.level) == (2, Decimal(7), "look")
    assert without.examples == ("2023-01-02: 1 line", "2023-01-05: 1 line")
    assert found(log, "lines_without_date").examples == ("no date customer x: 5.00",)


def test_gaps_and_their_dates():
    log = daily(200)
    log = log[(log["date"] < "2023-03-01") | (log["date"] > "2023-03-20")]
    finding = found(log, "gaps")
    assert (finding.count, finding.share, finding.level) == (20, 0.1, "look")
    assert finding.examples == ("2023-03-01 to 2023-03-20: 20 days",)
    assert found(daily(200), "gaps", observation_end="2023-08-19").examples == ("2023-07-20 to 2023-08-19: 31 days",)


@pytest.mark.parametrize("grain", ["line", "hour", "day", "week", "month"])
def test_the_calendar_is_the_same_at_every_grain(grain):
    log = daily(200)
    log = log[(log["date"] < "2023-03-01") | (log["date"] > "2023-03-20")]
    assert found(log, "gaps", event_grain=grain) == found(log, "gaps")


def test_a_change_of_level_and_not_the_end_of_the_last_week():
    busy = daily(100, start="2023-07-10", each=9)
    finding = found(pd.concat([daily(190), busy]), "level_changes")
    assert finding.level == "look"
    assert any(abs(date.fromisoformat(e[8:18]) - date(2023, 7, 10)) <= timedelta(7) for e in finding.examples)
    assert found(daily(193).iloc[:-2], "level_changes") is None


# customers


def old_shop(years_before: float, weeks: int = 60) -> pd.DataFrame:
    """A shop with customers who buy every eight weeks and leave after a year, on average; the log begins at 0."""
    rng = np.random.default_rng(9)
    rows = []
    for customer in range(int(15 * (52 * years_before + weeks))):
        time, end = rng.uniform(-52 * years_before, weeks), None
        end = time + rng.exponential(52)
        while time < min(end, weeks):
            if time >= 0:
                rows.append((customer, pd.Timestamp("2022-01-03") + pd.Timedelta(days=int(7 * time)), 10.0))
            time += rng.exponential(8)
    return lines(*rows)


def test_customers_older_than_the_log():
    log = old_shop(4)
    finding = found(log, "older_customers")
    alive_at_0 = 15 * 52 * (1 - np.exp(-4))  # 15 a week for four years, each staying for a year
    assert 0.6 * alive_at_0 < finding.count < 1.1 * alive_at_0
    assert finding.level == "look"
    start = finding.advice.split("'")[1]
    assert found(log, "older_customers", observation_start=start) is None
    assert found(old_shop(0), "older_customers") is None
    mistyped = pd.concat([log, lines((-1, pd.Timestamp("2999-01-01"), 1.0), (-2, pd.Timestamp("1923-01-01"), 1.0))])
    assert abs(found(mistyped, "older_customers").count - finding.count) <= 5


def test_customers_left_out():
    log = pd.concat([daily(30), lines(("r1", "2023-01-09", -3.0), ("r0", "2023-01-08", -3.0))])
    assert found(log, "customers_without_purchase").examples == ("2023-01-08 customer r0", "2023-01-09 customer r1")
    before = found(log, "customers_before_start", observation_start="2023-01-15")
    assert before.count == summarize(log, observation_start="2023-01-15").quality.customers_before_start
    assert before.examples[0].startswith("2023-01-01 customer c")


# money


def test_outlying_amounts_and_cancelled_orders():
    log = pd.concat(
        [
            daily(60),
            lines(
                ("big", "2023-02-01 10:00", 9000.0),
                ("big", "2023-02-01 10:16", -9000.0),
                ("kept", "2023-02-02", 7000.0),
                ("tiny", "2023-02-03", 0.01),
            ),
        ]
    )
    net = found(log, "outlying_amounts")
    assert (net.count, net.total) == (2, Decimal("7000.01"))
    assert net.examples == ("2023-02-02 customer kept: 7,000.00", "2023-02-03 customer tiny: 0.01")
    assert "taken back" not in net.meaning
    for options in ({"refunds": "drop"}, {"event_grain": "line"}):
        dropped = found(log, "outlying_amounts", **options)
        assert (dropped.count, dropped.total) == (3, Decimal("16000.01")), options
        assert "2023-02-01 customer big: 9,000.00, then taken back by a refund" in dropped.examples
        assert "1 was taken back" in dropped.meaning
    assert "refunds='net'" in found(log, "outlying_amounts", refunds="drop").advice


def test_a_later_cancellation_is_left_over_and_told_under_net():
    log = pd.concat([daily(60), lines(("big", "2023-02-01", 9000.0), ("big", "2023-02-03", -9000.0))])
    finding = found(log, "outlying_amounts")
    assert "then taken back" in finding.examples[0]
    left = found(log, "refunds_left")
    assert (left.count, left.total, left.examples) == (1, Decimal(-9000), ("2023-02-03 customer big: -9,000.00",))


def test_what_was_netted_already_is_not_told_as_a_cancellation():
    log = pd.concat([daily(60), lines(("big", "2023-02-01", 9000.0), ("big", "2023-02-01", -4000.0))])
    assert found(log, "outlying_amounts").examples == ("2023-02-01 customer big: 5,000.00",)


def test_gamma_gamma_spend_is_seldom_called_outlying():
    """At CDNOW's estimates the rule takes fewer than 1 of 10,000 purchases (fixed seed)."""
    rng = np.random.default_rng(12)
    n = 100_000
    amount = rng.gamma(6.25, 1 / rng.gamma(3.74, 1 / 15.44, n))
    log = pd.DataFrame({"customer_id": np.arange(n), "date": "2024-01-01", "amount": np.round(amount, 2)})
    finding = found(log, "outlying_amounts")
    assert finding is None or finding.count < 10


def test_without_amounts_money_is_not_judged():
    quality = summarize(CDNOW[["customer_id", "date"]], amount=None).quality
    assert "outlying amounts (no amounts)" in quality.not_judged
    assert all(finding.total is None for finding in quality.findings)


# the report itself


def dirty() -> pd.DataFrame:
    log = daily(200)
    log["item"] = np.arange(len(log)) % 7
    return pd.concat(
        [
            log,
            log.iloc[[5, 90, 200, 400]],
            lines(
                ("c1", "2023-03-01", -3.0),
                ("c2", "2023-03-01", 0.0),
                (None, "2023-03-01", 3.0),
                ("c3", None, 3.0),
                ("<b>x</b>", "2023-03-02", 40_000.0),
            ),
        ],
        ignore_index=True,
    )


def test_report_does_not_depend_on_the_order_of_rows_nor_on_the_frame(tmp_path):
    log = dirty()
    expected = summarize(log).quality
    assert len(expected.findings) >= 7
    for seed in range(3):
        assert summarize(log.sample(frac=1, random_state=seed)).quality == expected
    for kind, source in sources_of(log, tmp_path).items():
        assert summarize(source).quality == expected, kind


def test_every_finding_is_whole():
    quality = summarize(dirty()).quality
    assert [f.level for f in quality.findings] == sorted((f.level for f in quality.findings), key="look note".index)
    for finding in quality.findings:
        assert finding.count > 0
        assert len(finding.examples) <= 3
        assert finding.meaning.endswith(".")
        assert finding.advice.endswith(".")
        assert finding.share is None or 0 < finding.share <= 1, finding


def test_printed_report_fits_a_terminal():
    text = str(summarize(dirty()).quality)
    assert text.startswith("609 lines read")
    assert "TO LOOK AT, the most important first\n1. " in text
    first_blank = text.splitlines().index("")
    assert all(len(line) <= 98 for line in text.splitlines()[first_blank:])
    assert len(text.splitlines()) < 80


def test_frame_of_findings():
    quality = summarize(dirty()).quality
    frame = quality.to_frame()
    assert list(frame["name"]) == [finding.name for finding in quality.findings]
    assert list(frame["count"]) == [finding.count for finding in quality.findings]
    assert set(frame["total"].map(type)) <= {Decimal, type(None)}
    assert frame["examples"].map(type).eq(str).all()
    empty = summarize(lines(("a", "2024-01-01", 1.0))).quality.to_frame()
    assert len(empty) == 0
    assert list(empty.columns) == list(frame.columns)


def test_notebook_report_is_escaped_and_closed():
    html = summarize(dirty()).quality._repr_html_()
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html

    open_tags: list[str] = []

    class Balanced(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag != "br":
                open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Balanced().feed(html)
    assert open_tags == []


def test_identifiers_cannot_move_the_cursor():
    log = pd.concat([daily(30), lines(("\x1b[2Jx" + "y" * 100, "2022-12-31", 0.0))])
    (example, *_) = found(log, "zero_amounts").examples
    assert "\x1b" not in example
    assert len(example) < 80


def test_summary_alone_looks_for_nothing(monkeypatch):
    def never(*words, **more):
        raise AssertionError("rfm_summary makes no report")

    monkeypatch.setattr(summarize_module, "examine", never)
    pd.testing.assert_frame_equal(rfm_summary(CDNOW), rfm_summary(CDNOW))
    with pytest.raises(AssertionError, match="no report"):
        summarize(CDNOW)


@pytest.mark.parametrize("grain", ["line", "hour", "day", "week", "month"])
@pytest.mark.parametrize("refunds", ["net", "drop"])
def test_summary_with_and_without_a_report_is_the_same(grain, refunds):
    log = dirty()
    options = {"event_grain": grain, "refunds": refunds}
    pd.testing.assert_frame_equal(summarize(log, **options).summary, rfm_summary(log, **options))


@pytest.mark.parametrize(
    "log",
    [
        lines(("a", "2024-01-01", 1.0)),
        lines(("a", "2024-01-01", 0.0)),
        lines(("a", "0001-01-01", 1.0), ("a", "9999-12-31", 1.0)),
        lines(*[("a", "2024-01-01", 1.0)] * 60),
        lines(*[(i, f"20{i % 50 + 10}-01-01", 10.0 ** (i % 12)) for i in range(100)]),
    ],
)
def test_small_and_strange_logs_are_reported_on(log):
    quality = summarize(log).quality
    assert str(quality)
    assert quality._repr_html_()
    assert len(quality.to_frame()) == len(quality.findings)
