"""A log becomes a summary: correct, exact, the same from every source, and clear about what it refuses."""

from __future__ import annotations

import importlib.util
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels import frames
from clvmodels.errors import ClvError, InvalidInput, NotEnoughData
from clvmodels.transactions import rfm_summary, summarize

_spec = importlib.util.spec_from_file_location("plain", Path(__file__).with_name("plain.py"))
plain = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(plain)

CDNOW = Path(__file__).parents[2] / "data" / "cdnow_sample_transactions.csv"


def make_log(rows, columns=("customer_id", "date", "amount")):
    return pd.DataFrame(rows, columns=list(columns))


SMALL = [
    ("b", "2024-01-01", 10.0),
    ("b", "2024-01-15", 7.0),
    ("b", "2024-01-15", 3.0),
    ("a", "2024-01-08", 5.0),
    ("b", "2024-01-20", 20.5),
]


@pytest.fixture
def small():
    return make_log(SMALL)


def rows_of(summary):
    """Rows with a missing mean as None, from any kind of frame."""
    if isinstance(summary, pd.DataFrame):
        found = summary.itertuples(index=False, name=None)
    elif isinstance(summary, pl.DataFrame):
        found = summary.iter_rows()
    else:
        found = zip(*(column.to_pylist() for column in summary.columns), strict=True)
    return [tuple(None if isinstance(v, float) and math.isnan(v) else v for v in row) for row in found]


# --- correct -------------------------------------------------------------------------------------------------------


def test_cdnow_sample_counts():
    summary, quality, _ = summarize(CDNOW, observation_end="1997-09-30")
    assert len(summary) == 2357
    assert summary["frequency"].sum() == 2457
    assert (summary["frequency"] == 0).sum() == 1411
    assert summary["T"].min() == 27.0
    assert summary["T"].max() == 272 / 7
    assert summary["monetary_value"].isna().sum() == 1411
    assert quality.lines == 6919
    assert summarize(CDNOW).quality.same_event_merges == 223


def test_collapsing_cdnow_to_weeks_is_a_choice_not_an_accident():
    by_day = summarize(CDNOW, observation_end="1997-09-30").summary
    by_week = summarize(CDNOW, observation_end="1997-09-30", event_grain="week").summary
    assert by_week["frequency"].sum() < by_day["frequency"].sum() == 2457


def test_small_log_by_hand(small):
    assert rows_of(rfm_summary(small, observation_end="2024-01-29")) == [
        ("a", 0, 0.0, 3.0, None),
        ("b", 2, 19 / 7, 4.0, 15.25),
    ]


@pytest.mark.parametrize(
    ("time_unit", "recency"),
    [("hour", 19 * 24.0), ("day", 19.0), ("week", 19 / 7), ("month", 19 * 12 / 365.25), ("year", 19 / 365.25)],
)
def test_time_units_are_exact_fractions(small, time_unit, recency):
    summary = rfm_summary(small, time_unit=time_unit)
    assert summary["recency"].to_list() == [0.0, recency]


def test_by_default_the_last_date_of_the_log_ends_it(small):
    result = summarize(small, time_unit="day")
    assert result.quality.observation_end == date(2024, 1, 20)
    assert result.summary["T"].to_list() == [12.0, 19.0]


def test_an_end_given_as_a_date_is_its_whole_day():
    log = make_log([(1, datetime(2024, 1, 1, 9), 1.0), (1, datetime(2024, 1, 3, 18, 30), 1.0)])
    for end in ("2024-01-03", date(2024, 1, 3), np.datetime64("2024-01-03")):
        by_day = rfm_summary(log, time_unit="day", observation_end=end)
        assert rows_of(by_day) == [(1, 1, 2.0, 2.0, 1.0)]
        by_hour = rfm_summary(log, time_unit="hour", event_grain="hour", observation_end=end)
        assert rows_of(by_hour) == [(1, 1, 57.0, 63.0, 1.0)]


def test_an_end_given_as_a_timestamp_is_exact():
    log = make_log([(1, datetime(2024, 1, 1, 9), 1.0), (1, datetime(2024, 1, 3, 18, 30), 1.0)])
    for end in ("2024-01-03 12:00", datetime(2024, 1, 3, 12), pd.Timestamp("2024-01-03 12:00")):
        result = summarize(log, time_unit="day", observation_end=end)
        assert rows_of(result.summary) == [(1, 0, 0.0, 2.5, None)]
        assert result.quality.lines_after_end == 1
    exact = rfm_summary(log, time_unit="hour", event_grain="line", observation_end="2024-01-03 18:30")
    assert rows_of(exact) == [(1, 1, 57.5, 57.5, 1.0)]


def test_observation_start_looks_at_the_whole_log(small):
    result = summarize(small, observation_start="2024-01-05")
    assert result.summary["customer_id"].to_list() == ["a"]
    assert result.quality.customers_before_start == 1
    assert "1 customer who first bought before 2024-01-05" in str(result.quality)


def test_weeks_begin_on_monday_and_months_on_the_first_also_before_1970():
    log = make_log(
        [(1, datetime(1969, 12, 21, 23), 1.0), (1, datetime(1969, 12, 22), 2.0), (1, datetime(1969, 12, 28), 3.0)]
    )
    by_week = rfm_summary(log, event_grain="week", time_unit="day", observation_end="1969-12-31")
    assert rows_of(by_week) == [(1, 1, 7.0, 16.0, 5.0)]
    by_month = rfm_summary(log, event_grain="month", time_unit="day", observation_end="1969-12-31")
    assert rows_of(by_month) == [(1, 0, 0.0, 30.0, None)]


def test_the_lowest_of_lines_at_one_instant_counts_as_the_first():
    lines = [(1, "2024-01-01", 5.0), (1, "2024-01-01", 2.0), (1, "2024-01-01", 3.0)]
    for rows in (lines, lines[::-1]):
        assert rows_of(rfm_summary(make_log(rows), event_grain="line", time_unit="day")) == [(1, 2, 0.0, 1.0, 4.0)]


def test_without_amounts_there_is_no_money_column(small):
    summary, quality, _ = summarize(small.drop(columns="amount"), amount=None)
    assert list(summary.columns) == ["customer_id", "frequency", "recency", "T"]
    assert quality.revenue is None
    assert "no amounts" in str(quality)


REFUNDS = [
    (1, "2024-01-01", 10.0),
    (1, "2024-01-01", -4.0),
    (1, "2024-01-08", 5.0),
    (1, "2024-01-08", -5.0),  # all of it cancelled: no purchase
    (1, "2024-01-15", -2.0),  # nothing bought that day: left over
    (1, "2024-01-22", 8.0),
    (2, "2024-01-03", -1.0),  # never bought anything
    (3, "2024-01-03", 0.0),  # free, and a purchase
    (3, "2024-01-04", 3.0),
]


def test_refunds_are_netted_within_their_event():
    summary, quality, _ = summarize(make_log(REFUNDS))
    assert rows_of(summary) == [(1, 1, 3.0, 3.0, 8.0), (3, 1, 1 / 7, 19 / 7, 3.0)]
    assert quality.revenue == Decimal(17)
    assert (quality.refund_lines, quality.refund_total) == (4, Decimal(-12))
    assert (quality.refunds_netted, quality.refunds_left, quality.refunds_left_total) == (Decimal(-9), 2, Decimal(-3))
    assert (quality.refund_events, quality.refund_only_events) == (4, 2)
    assert quality.refunds_left_share == 3 / 17
    assert (quality.zero_amount_lines, quality.customers_without_purchase) == (1, 1)
    assert "-3.00 (17.65% of revenue) could not be taken off" in str(quality)


def test_what_refunds_leave_over_is_carried_back():
    later = [(1, "2024-01-29", -9.0), (4, "2024-01-02", 3.0), (4, "2024-01-03", -5.0)]
    summary, quality, _ = summarize(make_log([*REFUNDS, *later]), refunds="carry_back")
    # customer 1: 10 - 4 = 6, less 2 of the 15th; the 9 of the 29th take all of the 8 and 1 of the 4 that are left
    assert rows_of(summary) == [(1, 0, 0.0, 4.0, None), (3, 1, 1 / 7, 26 / 7, 3.0)]
    assert quality.revenue == Decimal(6)
    assert (quality.refund_total, quality.refunds_netted) == (Decimal(-26), Decimal(-9))
    assert (quality.refunds_carried_back, quality.purchases_reduced, quality.purchases_emptied) == (-14, 3, 2)
    assert (quality.refunds_left, quality.refunds_left_total) == (2, Decimal(-3))
    assert quality.customers_without_purchase == 2
    assert "-14.00 carried back to 3 earlier purchases" in str(quality)
    assert summarize(make_log(REFUNDS)).quality.refunds_carried_back is None


def test_an_order_is_dated_at_its_first_line():
    lines = [
        (1, "2024-01-01", 10.0, "A"),
        (1, "2024-01-08", 5.0, "B"),
        (1, "2024-01-20", -10.0, "A"),  # all of A is given back
        (2, "2024-01-09", 4.0, "B"),  # another customer's B is another order
        (2, "2024-01-16", 3.0, ""),  # no order: keeps its date
        (2, "2024-01-23", 2.0, None),
        (2, "2024-01-30", -1.0, "B"),
    ]
    for orders in (("A", "B", ""), (1.0, 2.0, None)):
        order = dict(zip(("A", "B", ""), orders, strict=True))
        log = make_log([(c, d, a, order.get(o)) for c, d, a, o in lines], FOUR)
        result = summarize(log, order_id="order", time_unit="day")
        assert rows_of(result.summary) == [(1, 0, 0.0, 22.0, None), (2, 2, 14.0, 21.0, 2.5)]
        assert (result.quality.refunds_left, result.quality.refunds_netted) == (0, Decimal(-11))
        # what is not yet known is not used
        early = rfm_summary(log, order_id="order", time_unit="day", observation_end="2024-01-19")
        assert rows_of(early) == [(1, 1, 7.0, 18.0, 5.0), (2, 1, 7.0, 10.0, 3.0)]
    with pytest.raises(InvalidInput, match=r"no column 'basket'.*Pass order_id="):
        summarize(log, order_id="basket")


def test_refunds_can_be_dropped_or_refused():
    summary, quality, _ = summarize(make_log(REFUNDS), refunds="drop")
    assert rows_of(summary) == [(1, 2, 3.0, 3.0, 6.5), (3, 1, 1 / 7, 19 / 7, 3.0)]
    assert quality.revenue == Decimal(26)
    assert quality.same_event_merges == 0
    assert (quality.refunds_left, quality.refunds_netted) == (0, Decimal(0))
    with pytest.raises(
        InvalidInput, match=r"4 of 9 lines have a negative amount, first customer_id=1, date='2024-01-01'"
    ):
        summarize(make_log(REFUNDS), refunds="error")


def test_a_refund_equal_to_a_sum_of_floats_leaves_exactly_nothing():
    log = make_log([(1, "2024-01-01", 0.1), (1, "2024-01-01", 0.2), (1, "2024-01-01", -0.3), (1, "2024-01-02", 1.0)])
    assert rows_of(rfm_summary(log)) == [(1, 0, 0.0, 0.0, None)]


def test_at_line_grain_no_refund_is_taken_off():
    log = make_log([(1, "2024-01-01", 5.0), (1, "2024-01-01", -3.0), (1, "2024-01-02", 0.0), (1, "2024-01-02", -1.0)])
    quality = summarize(log, event_grain="line").quality
    assert (quality.purchases, quality.revenue) == (2, 5)
    assert (quality.refunds_left, quality.refunds_left_total, quality.refunds_netted) == (2, -4, 0)


def test_integers_that_missing_ones_made_floats_are_integers_again():
    log = pd.DataFrame({"customer_id": [7, 7, None], "date": "2024-01-01", "amount": 1.0})
    assert log["customer_id"].dtype == float
    assert rows_of(rfm_summary(log)) == [(7, 0, 0.0, 0.0, None)]
    assert rfm_summary(log)["customer_id"].dtype == "int64"
    assert rfm_summary(log.assign(customer_id=[7.5, 7.5, 1.0]))["customer_id"].tolist() == [1.0, 7.5]


def test_lines_without_customer_or_date_are_counted():
    log = make_log([*SMALL, (None, "2024-02-01", 1.0), ("", "2024-02-02", 1.0), ("a", None, 1.0)])
    quality = summarize(log).quality
    assert (quality.lines_without_customer, quality.lines_without_date, quality.lines_used) == (2, 1, 5)
    assert quality.last_date == date(2024, 2, 2)
    assert "2 lines without a customer" in str(quality)


def test_a_line_that_is_not_used_may_have_any_amount():
    log = make_log([*SMALL, (None, "2024-01-02", math.nan), ("a", "2024-03-01", math.inf)])
    assert summarize(log, observation_end="2024-01-29").quality.lines_used == 5


# --- consistent ----------------------------------------------------------------------------------------------------

# quarters of an hour since one of three beginnings, dense enough for several lines of a customer on a day
BEGINNINGS = st.sampled_from([datetime(1969, 12, 20), datetime(2023, 12, 20), datetime(2000, 2, 20)])
QUARTERS = st.one_of(st.integers(0, 200), st.integers(0, 5_000))
CENTS = st.one_of(st.integers(-2, 3), st.integers(-2_000, 10_000))
ORDERS = st.one_of(st.none(), st.integers(1, 3))
LINES = st.tuples(st.integers(1, 4), QUARTERS, CENTS, ORDERS)
FOUR = ("customer_id", "date", "amount", "order")
LOGS = st.one_of(st.lists(LINES, min_size=1, max_size=4), st.lists(LINES, min_size=12, max_size=40))
ENDS = st.one_of(st.none(), st.tuples(st.integers(500, 5_000), st.booleans()))
STARTS = st.tuples(st.integers(0, 400), st.booleans(), st.booleans())


# shrinking would search for a quarter of an hour; what fails is small enough
@settings(max_examples=100, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    BEGINNINGS,
    LOGS,
    ENDS,
    st.sampled_from(["hour", "day", "week", "month", "year"]),
    st.sampled_from(["day", "hour", "week", "month", "line"]),
    st.sampled_from(["net", "drop", "carry_back"]),
    STARTS,
    st.booleans(),
)
def test_equals_plain_python(beginning, steps, ends, time_unit, event_grain, refunds, starts, by_order):
    def moment(quarters):
        return beginning + timedelta(minutes=15 * quarters)

    lines = [
        (customer, moment(quarters), Decimal(cents) / 100, order if by_order else None)
        for customer, quarters, cents, order in steps
    ]
    end = None if ends is None else moment(ends[0]).date() if ends[1] else moment(ends[0])
    start = moment(starts[0]).date() if starts[1] and starts[2] else None
    last = end.date() if isinstance(end, datetime) else end or max(moment for _, moment, *_ in lines).date()
    options = {"time_unit": time_unit, "event_grain": event_grain, "refunds": refunds, "observation_end": end}
    options["observation_start"] = start if start and start <= last else None
    expected = plain.summary(lines, **options)
    log = make_log([(customer, moment, float(amount), order) for customer, moment, amount, order in lines], FOUR)
    options["order_id"] = "order" if by_order else None
    if not expected:
        with pytest.raises(NotEnoughData):
            summarize(log, **options)
        return
    summary, quality, _ = summarize(log, **options)
    assert rows_of(summary) == expected
    parts = quality.lines_used + quality.lines_without_customer + quality.lines_without_date + quality.lines_after_end
    assert quality.lines == len(lines) == parts
    assert quality.customers == len(expected)
    if refunds != "drop":
        used = [amount for _, moment, amount, _ in lines if end is None or moment <= _limit(end)]
        assert quality.revenue + quality.refunds_left_total == sum(used)


# few instants and small amounts, so that refunds often meet several purchases of one instant
CROWDED = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 3), st.integers(-4, 4)), min_size=3, max_size=12)


@settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(CROWDED, st.sampled_from(["line", "hour", "day"]))
def test_refunds_carried_back_equal_a_stack(steps, event_grain):
    lines = [(c, datetime(2024, 1, 1) + timedelta(hours=12 * t), Decimal(amount)) for c, t, amount in steps]
    options = {"event_grain": event_grain, "refunds": "carry_back", "observation_end": date(2024, 2, 1)}
    expected = plain.summary(lines, **options)
    if expected:
        assert rows_of(rfm_summary(make_log([(c, t, float(a)) for c, t, a in lines]), **options)) == expected


def _limit(end):
    return end if isinstance(end, datetime) else datetime.combine(end, datetime.max.time())


def random_log(n=20_000, seed=5):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": [f"{i:05d}" for i in rng.integers(0, 3_000, n)],
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
            "amount": np.round(rng.gamma(2.0, 20.0, n), 2) * np.where(rng.random(n) < 0.05, -1, 1),
        }
    )


def test_two_runs_and_any_row_order_are_bit_identical():
    log = random_log()
    first = summarize(log)
    again = summarize(log)
    shuffled = summarize(log.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(first.summary, again.summary, check_exact=True)
    pd.testing.assert_frame_equal(first.summary, shuffled.summary, check_exact=True)
    assert first.quality == again.quality == shuffled.quality


def test_every_source_gives_the_same(tmp_path):
    log = random_log(3_000)
    log.to_parquet(tmp_path / "log.parquet")
    log.to_csv(tmp_path / "log.csv", index=False)
    log.iloc[:1000].to_parquet(tmp_path / "part_1.parquet")
    log.iloc[1000:].to_parquet(tmp_path / "part_2.parquet")
    log.iloc[:1000].to_csv(tmp_path / "cut_1.csv.gz", index=False, sep=";")
    log.iloc[1000:][["amount", "date", "customer_id"]].to_csv(tmp_path / "cut_2.csv.gz", index=False)
    arrow = pa.Table.from_pandas(log)
    expected = summarize(log)
    with duckdb.connect() as con:
        sources = {
            "arrow": arrow,
            "batch": arrow.combine_chunks().to_batches()[0],
            "reader": arrow.to_reader(),
            "polars": pl.from_pandas(log),
            "lazy": pl.from_pandas(log).lazy(),
            "categories": log.astype({"customer_id": "category"}),
            "index": log.set_index("customer_id"),
            "objects": log.astype({"customer_id": object, "amount": object}),
            "dates": log.assign(date=log["date"].dt.date),
            "decimals": log.assign(amount=[Decimal(str(a)) for a in log["amount"]]),
            "text dates": log.assign(date=log["date"].dt.strftime("%Y-%m-%d")),
            "relation": con.from_arrow(arrow),
            "parquet": tmp_path / "log.parquet",
            "parquet glob": str(tmp_path / "part_*.parquet"),
            "csv": str(tmp_path / "log.csv"),
            "csv glob": tmp_path / "cut_*.csv.gz",
        }
        found = {name: summarize(source) for name, source in sources.items()}
    for name, result in found.items():
        assert rows_of(result.summary) == rows_of(expected.summary), name
        assert result.quality == expected.quality, name
        assert result.facts == expected.facts, name
    assert isinstance(found["arrow"].summary, pa.Table)
    assert isinstance(found["polars"].summary, pl.DataFrame)
    assert found["arrow"].summary["monetary_value"].null_count == expected.summary["monetary_value"].isna().sum() > 0


def test_identifiers_keep_their_type(tmp_path):
    for ids, dtype in (([7, 8], "int64"), ([7, 8], "int32"), (["007", "8"], "str"), ([7.5, 8.0], "float64")):
        log = make_log([(ids[0], "2024-01-01", 1.0), (ids[1], "2024-01-01", 1.0)]).astype({"customer_id": dtype})
        assert rfm_summary(log)["customer_id"].to_list() == ids
        assert rfm_summary(log)["customer_id"].dtype == log["customer_id"].dtype
    path = tmp_path / "log.csv"
    for ids, expected in (
        (("10", "9"), [9, 10]),
        (("007", "8"), ["007", "8"]),
        (("+7", "8"), ["+7", "8"]),
        (("7.0", "8"), ["7.0", "8"]),
        (("NA", "8"), ["8", "NA"]),
        (("99999999999999999999", "8"), ["8", "99999999999999999999"]),
    ):
        path.write_text("customer_id,date,amount\n" + "".join(f"{i},2024-01-01,1\n" for i in ids))
        assert sorted(rfm_summary(path)["customer_id"].to_list()) == sorted(expected)


def test_any_column_name_works(tmp_path):
    names = ['a"b; drop', "it's [when]", "%s {x} \\"]
    for frame in (
        make_log(SMALL, names),
        pa.Table.from_pandas(make_log(SMALL, names)),
        pl.DataFrame(make_log(SMALL, names)),
    ):
        summary = rfm_summary(frame, customer_id=names[0], date=names[1], amount=names[2])
        assert rows_of(summary) == rows_of(rfm_summary(make_log(SMALL)))
    for path in (tmp_path / "odd [1]*? 'name'.csv", tmp_path / "odd [1]*? 'name'.parquet"):
        frame = make_log(SMALL, names)
        frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
        summary = rfm_summary(path, customer_id=names[0], date=names[1], amount=names[2])
        assert rows_of(summary) == rows_of(rfm_summary(make_log(SMALL)))


def test_csv_with_windows_line_ends_quotes_and_byte_order_mark(tmp_path):
    path = tmp_path / "log.csv"
    text = '\ufeff"customer_id","note","date","amount"\r\n"007","a ""b"", c","2024-01-01 10:00","12.50"\r\n'
    path.write_bytes(text.encode())
    assert rows_of(rfm_summary(path)) == [("007", 0, 0.0, 0.0, None)]


def test_zoned_timestamps_are_read_in_their_zone(tmp_path):
    late = pd.to_datetime(["2024-01-01 20:00", "2024-01-08 03:00"]).tz_localize("UTC")
    for zone, resolution in product(("Asia/Tokyo", "UTC", "+02:00", "-05:30"), ("s", "us", "ns")):
        dates = late.tz_convert(zone).as_unit(resolution)
        log = pd.DataFrame({"customer_id": [1, 1], "date": dates, "amount": [1.0, 2.0]})
        log.to_parquet(tmp_path / "log.parquet")
        for source in (log, pa.Table.from_pandas(log), tmp_path / "log.parquet"):
            result = summarize(source, time_unit="day", observation_end=datetime(2024, 1, 10, tzinfo=UTC))
            assert result.facts["tz"] == zone
            first = late.tz_convert(zone)[0].date()
            assert result.quality.first_date == first
            last = late.tz_convert(zone)[1].date()
            assert rows_of(result.summary)[0][2] == (last - first).days


def test_facts_travel_as_one_short_string(small):
    result = summarize(small, observation_end="2024-01-29")
    assert list(result.summary.attrs) == [frames.FACTS_KEY]
    facts = frames.read_facts(result.summary)
    assert facts == result.facts
    assert {**facts, "version": "?"} == {
        "time_unit": "week",
        "event_grain": "day",
        "observation_start": None,
        "observation_end": "2024-01-29",
        "tz": None,
        "refunds": "net",
        "version": "?",
    }
    assert frames.read_facts(summarize(pa.Table.from_pandas(small)).summary)["time_unit"] == "week"


def test_the_callers_frame_and_variables_are_left_alone(small):
    before = small.copy()
    lines = events = customers = make_log([("x", "1999-01-01", 1.0)])  # names that the query uses
    assert rfm_summary(small)["customer_id"].to_list() == ["a", "b"]
    pd.testing.assert_frame_equal(small, before)
    assert len(lines) == len(events) == len(customers) == 1


# --- refuses -------------------------------------------------------------------------------------------------------


def replaced(column, position, value):
    log = make_log(SMALL).astype(object)
    log.loc[position, column] = value
    return log


@pytest.mark.parametrize(
    ("log", "options", "message"),
    [
        (
            make_log(SMALL),
            {"customer_id": "who"},
            r"no column 'who'; the columns found are 'customer_id', 'date', 'amount'",
        ),
        (make_log(SMALL), {"amount": "price"}, r"no column 'price'.*amount=None"),
        (make_log(SMALL).iloc[:0], {}, "the log is empty"),
        (make_log([]), {}, "the log is empty"),
        (
            replaced("date", 2, pd.Timestamp("2024-01-01")),
            {},
            "'date' must hold values of one type; found 4 str, 1 Timestamp",
        ),
        (
            pa.table({"customer_id": [[1]], "date": ["2024-01-01"], "amount": [1]}),
            {},
            "'customer_id' must hold one value",
        ),
        (
            replaced("date", 2, "03/04/2020"),
            {},
            r"1 of 5 lines may be read with the day first.*first customer_id='b', date='03/04/20.*"
            r'Pass date_format="%d/%m/%Y" \(day first\) or date_format="%m/%d/%Y" \(month first\)',
        ),
        (replaced("date", 2, "20200304"), {}, "1 of 5 lines are written otherwise"),
        (replaced("date", 2, "2020-02-30"), {}, "1 of 5 lines are written otherwise"),
        (replaced("date", 2, "2020-01-03T10:00:00+02:00"), {}, "1 of 5 lines are written otherwise"),
        (
            make_log(SMALL).assign(date=20240101),
            {},
            "'date' must hold dates, timestamps or text like 2020-03-04; found",
        ),
        (make_log(SMALL).assign(date=None), {}, "'date' is empty in all 5 lines"),
        (make_log(SMALL).assign(customer_id=None), {}, "'customer_id' is empty in all 5 lines"),
        (replaced("customer_id", 3, 7), {}, r"one type; found 4 str, 1 int, the first int being 7 in row 3"),
        (make_log(SMALL).assign(amount="x"), {}, "'amount' must hold numbers"),
        (
            make_log(SMALL).assign(amount=[1, 2, math.nan, 4, math.nan]),
            {},
            r"2 of 5 lines are missing.*first customer_id='b'",
        ),
        (
            make_log(SMALL).assign(amount=[1, 2, 3, math.inf, 5]),
            {},
            r"1 of 5 lines.*infinite.*customer_id='a'.*amount=inf",
        ),
        (make_log(SMALL).assign(amount=1e12), {}, "5 of 5 lines.*too large"),
        (
            make_log(SMALL),
            {"observation_end": "2023-12-31"},
            r"observation_end 2023-12-31: the log runs from 2024-01-01 to",
        ),
        (make_log(SMALL), {"observation_end": "2024-01-01", "observation_start": "2024-01-02"}, "not be later than"),
        (
            make_log(SMALL),
            {"observation_start": "2024-01-15"},
            "all 2 customers first bought before observation_start 2024-",
        ),
        (make_log(SMALL), {"observation_end": "31.12.2023"}, "observation_end must be a date or datetime, or ISO text"),
        (make_log(SMALL), {"observation_end": "20231231"}, "observation_end must be a date"),
        (make_log(SMALL), {"observation_end": pd.NaT}, "observation_end must be a date"),
        (make_log(SMALL), {"observation_end": datetime(2024, 1, 1, tzinfo=UTC)}, "observation_end has a time zone"),
        (make_log(SMALL), {"observation_start": "2024-01-01 12:00"}, "observation_start must be a date"),
        (make_log(SMALL), {"time_unit": "fortnight"}, "time_unit must be one of hour, day, week"),
        (make_log(SMALL), {"event_grain": "quarter"}, "event_grain must be one of line, hour, day, week, month"),
        (make_log(SMALL), {"refunds": "ignore"}, "refunds must be one of net, carry_back, drop, error"),
        (make_log([(1, "2024-01-01", -1.0)]), {}, "no purchase in the log: all 1 refund"),
        ([("a", "2024-01-01", 1.0)], {}, "a log must be a pandas DataFrame.*found builtins.list"),
        ("s3://bucket/log.parquet", {}, "remote path, which is not read"),
        ("https://example.org/log.csv", {}, "remote path, which is not read"),
        ("nowhere/*.parquet", {}, "no file found at 'nowhere/"),
    ],
)
def test_bad_input_is_refused(log, options, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        summarize(log, **options)
    assert "duckdb" not in str(caught.value).lower().replace("a duckdb relation", "")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.parquet", b"not parquet at all", "Parquet file could not be read"),
        ("log.csv", b"", "no column 'customer_id'"),
        ("log.csv", b"customer_id,date,amount\n", "the log is empty"),
        ("log.csv", b"customer_id,date,amount\n1,2024-01-01,1\n1,2\n", "not well formed, first at line 3"),
        (
            "log.csv",
            b"customer_id,date,amount\n1,2024-01-01,1\n1,2024-01-01,5,6,7\n",
            "not well formed, first at line 3",
        ),
        ("log.csv", b"customer_id,date,amount\n1,2024-01-01,1\n\xff\xfe,2024-01-01,5\n", "not well formed|UTF-8"),
        ("log.csv", b'customer_id,date,amount\n1,2024-01-01,"1,200.50"\n', "1 of 1 lines are missing.*no number"),
        ("log.csv", b"customer_id,date,amount\n1,2024-01-01,\n", "1 of 1 lines are missing"),
        ("log.csv", b"customer_id,date,amount,date\n1,2024-01-01,1,2\n", "the header has it 2 times"),
        ("log.xlsx", b"", "must be Parquet"),
    ],
)
def test_bad_files_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        summarize(path)


def test_column_given_twice_is_refused():
    log = pd.concat([make_log(SMALL), make_log(SMALL)[["date"]]], axis=1)
    with pytest.raises(InvalidInput, match="'date' must be there once"):
        summarize(log)


def test_directories_are_hinted_at(tmp_path):
    with pytest.raises(ClvError, match=r"for a directory write path/\*\.parquet"):
        summarize(tmp_path)


def test_an_end_in_the_future_that_nobody_gave_is_told():
    log = make_log([("a", "2024-01-01", 1.0), ("a", "2999-01-01", 1.0)])
    with pytest.warns(clv.ClvWarning, match=r"the last date in the log, 2999-01-01, is later than today"):
        rfm_summary(log)
    rfm_summary(log, observation_end="2024-06-30")
    assert "future_dates" in {finding.name for finding in summarize(log).quality.findings}


def test_an_observation_start_may_have_the_zone_of_the_log():
    log = make_log([("a", "2024-01-01", 1.0), ("b", "2024-02-01", 1.0)])
    log["date"] = log["date"].astype("datetime64[us]").dt.tz_localize("America/New_York")
    start = pd.Timestamp("2024-01-15", tz="America/New_York")
    assert rows_of(rfm_summary(log, observation_start=start)) == [("b", 0, 0.0, 0.0, None)]
