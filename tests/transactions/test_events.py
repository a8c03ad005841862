"""Purchases one by one: they add up to the frame they belong to, whatever the grain, the refunds and the source."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from fractions import Fraction

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
from clvmodels.transactions.events import observed_events, purchase_events
from clvmodels.transactions.holdout import split_at

CUT = "1997-09-30"
HOURS = {"hour": 1, "day": 24, "week": 168, "month": Fraction(1461, 2), "year": 8766}


@pytest.fixture(scope="module")
def cdnow():
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def split(cdnow):
    return clv.calibration_holdout(cdnow, calibration_end=CUT, holdout_end="1998-06-30")


def adds_up(frame, events, grain="day"):
    """Counts, first and last times, and money of every customer, told by the frame itself."""
    n = frames.n_rows(frame)
    before = events.time <= 0
    assert np.all(np.diff(events.customer) >= 0)
    assert np.all(np.diff(events.time)[np.diff(events.customer) == 0] >= 0)
    assert (events.purchases >= 1).all()
    if grain != "line":
        assert (events.purchases == 1).all()

    def total(there, weights=None):
        return np.bincount(events.customer[there], None if weights is None else weights[there], n)

    x = frames.numeric(frame, "frequency")
    assert np.array_equal(total(before, events.purchases), x + 1)
    first = np.searchsorted(events.customer, np.arange(n))
    assert np.array_equal(events.time[first], -frames.numeric(frame, "T"))  # to the bit
    last = np.zeros(n)
    last[events.customer[before]] = events.time[before]
    recency = frames.numeric(frame, "recency") - frames.numeric(frame, "T")
    assert last == pytest.approx(recency, abs=1e-12 * max(1, -events.time.min(initial=0)))
    names = frames.column_names(frame)
    if "purchases_holdout" in names:
        assert np.array_equal(total(~before, events.purchases), frames.numeric(frame, "purchases_holdout"))
        inside = events.time[~before] <= frames.numeric(frame, "duration_holdout").max(initial=0)
        assert inside.all()
    if events.value is None:
        assert "monetary_value" not in names
        return
    if "spend_holdout" in names:
        assert total(~before, events.value) == pytest.approx(frames.numeric(frame, "spend_holdout"), abs=1e-9)
    repeat = total(before, events.value) - events.value[first]
    one = (events.purchases[first] == 1) & (x > 0)  # of several lines at the first instant the lowest is the first
    mean = frames.numeric(frame, "monetary_value")
    assert repeat[one] == pytest.approx((x * mean)[one], abs=1e-9)


# --- correct -------------------------------------------------------------------------------------------------------


def test_events_of_cdnow(cdnow, split):
    events = purchase_events(cdnow, split, calibration_end=CUT)
    adds_up(split, events)
    assert (events.time > 0).sum() == 1882
    assert (events.time <= 0).sum() == 2457 + 2357
    days = np.rint(events.time * 7)
    assert np.array_equal(events.time, days / 7)
    own = cdnow.groupby("customer_id")["date"].unique().loc[split["customer_id"]]
    ends = pd.Timestamp(CUT)
    expected = np.concatenate([np.sort((pd.DatetimeIndex(d) - ends).days) for d in own])
    assert np.array_equal(days, expected)
    assert [array.dtype for array in events] == [np.int64, np.float64, np.int32, np.float64]


LINES = st.tuples(st.integers(1, 5), st.integers(0, 600), st.integers(-300, 1000))


@settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(LINES, min_size=6, max_size=40),
    st.integers(30, 300),
    st.integers(1, 300),
    st.booleans(),
    st.sampled_from(["day", "hour", "week", "month", "year", "line"]),
    st.sampled_from(["net", "carry_back", "drop"]),
    st.sampled_from(list(HOURS)),
    st.sampled_from(["pandas", "polars", "arrow", "text"]),
)
@pytest.mark.filterwarnings("ignore:calibration_end .* lies within")
def test_they_add_up(steps, hours, more, dates, event_grain, refunds, time_unit, kind):
    start = datetime(2023, 12, 20)
    cut, end = start + timedelta(hours=hours), start + timedelta(hours=hours + more)
    if dates:
        cut, end = cut.date(), end.date() + timedelta(days=1)
    log = pd.DataFrame(
        [(c, start + timedelta(hours=hour), cents / 100) for c, hour, cents in steps],
        columns=["customer_id", "date", "amount"],
    )
    if kind == "text":
        log["date"] = log["date"].dt.strftime("%Y-%m-%d %H:%M")
    log = {"polars": pl.from_pandas, "arrow": pa.Table.from_pandas}.get(kind, lambda log: log)(log)
    reading = {"event_grain": event_grain, "refunds": refunds, "time_unit": time_unit}
    try:
        split = split_at(log, calibration_end=cut, holdout_end=end, **reading)
    except clv.InvalidInput as error:
        if isinstance(error, clv.NotEnoughData) or "the holdout is empty" in str(error):
            return
        raise
    events = purchase_events(log, split.frame, calibration_end=cut, holdout_end=end, **reading)
    adds_up(split.frame, events, event_grain)


@pytest.mark.parametrize("event_grain", ["day", "hour", "week", "month", "line"])
@pytest.mark.parametrize("time_unit", list(HOURS))
def test_times_by_hand(event_grain, time_unit):
    """Every event at its grain's start, from the end of 2024-01-31, by exact fractions."""
    generator = np.random.default_rng(3)
    moments = pd.Timestamp("2023-11-01") + pd.to_timedelta(np.sort(generator.integers(0, 180 * 86400, 60)), unit="s")
    log = pd.DataFrame({"customer_id": "ann", "date": moments})
    reading = {"event_grain": event_grain, "time_unit": time_unit, "amount": None}
    cut = "2024-01-31" if event_grain != "week" else "2024-01-28"
    split = split_at(log, calibration_end=cut, **reading)
    events = purchase_events(log, split.frame, calibration_end=cut, **reading)
    end = pd.Timestamp(cut) + pd.Timedelta(days=int(event_grain in ("hour", "line")))
    starts = {
        "day": moments.floor("D"),
        "hour": moments.floor("h"),
        "line": moments,
        "week": moments.floor("D") - pd.to_timedelta(moments.day_of_week, unit="D"),
        "month": moments.to_period("M").to_timestamp(),
    }[event_grain].unique()
    seconds = [int((moment - end).total_seconds()) for moment in starts]
    expected = [float(Fraction(s, 3600) / HOURS[time_unit]) for s in seconds]
    assert events.time == pytest.approx(expected, rel=1e-15)
    adds_up(split.frame, events, event_grain)


def test_every_source_gives_the_same(tmp_path):
    generator = np.random.default_rng(5)
    n = 2_000
    log = pd.DataFrame(
        {
            "customer_id": generator.integers(1, 400, n),
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(generator.integers(0, 400, n), unit="D"),
            "amount": np.round(generator.gamma(2.0, 20.0, n), 2) * np.where(generator.random(n) < 0.05, -1, 1),
        }
    )
    log.to_parquet(tmp_path / "log.parquet")
    log.to_csv(tmp_path / "log.csv", index=False)
    arrow = pa.Table.from_pandas(log)
    frame = clv.calibration_holdout(log, calibration_end="2023-08-31")
    expected = purchase_events(log, frame, calibration_end="2023-08-31")
    adds_up(frame, expected)
    with duckdb.connect() as con:
        sources = {
            "arrow": lambda: arrow,
            "reader": arrow.to_reader,
            "polars": lambda: pl.from_pandas(log),
            "lazy": lambda: pl.from_pandas(log).lazy(),
            "text ids": lambda: log.astype({"customer_id": str}),
            "relation": lambda: con.from_arrow(arrow),
            "parquet": lambda: tmp_path / "log.parquet",
            "csv": lambda: tmp_path / "log.csv",
        }
        for name, source in sources.items():
            own = clv.calibration_holdout(source(), calibration_end="2023-08-31")
            found = purchase_events(source(), own, calibration_end="2023-08-31")
            if name == "text ids":  # in another order
                adds_up(own, found)
                continue
            for array, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(array, wanted, err_msg=name)


def test_rows_are_those_of_the_frame(cdnow, split):
    """A frame in another order, with customers left out: positions follow it."""
    some = split.sample(frac=0.3, random_state=1)
    events = purchase_events(cdnow, some, calibration_end=CUT)
    adds_up(some, events)


def test_orders_and_the_zone(cdnow):
    log = pd.DataFrame(
        [("a", "2024-01-30", 50.0, "o1"), ("a", "2024-02-02", 20.0, "o1"), ("a", "2024-02-20", 1.0, "o3")],
        columns=["who", "date", "amount", "order"],
    )
    reading = {"customer_id": "who", "order_id": "order", "time_unit": "day"}
    frame = clv.calibration_holdout(log, calibration_end="2024-01-31", **reading)
    events = purchase_events(log, frame, calibration_end="2024-01-31", **reading)
    assert events.time.tolist() == [-1.0, 20.0]
    zoned = pd.to_datetime(["2024-01-31 22:30", "2024-01-31 23:30", "2024-02-01 05:00"]).tz_localize("UTC")
    log = pd.DataFrame({"customer_id": [1, 2, 1], "date": zoned, "amount": 1.0})
    frame = clv.calibration_holdout(log, calibration_end="2024-01-31", tz="Europe/Berlin", time_unit="day")
    events = purchase_events(log, frame, calibration_end="2024-01-31")  # the zone is known from the frame
    assert (events.customer.tolist(), events.time.tolist()) == ([0, 0], [0.0, 1.0])


@pytest.mark.filterwarnings("ignore:calibration_end .* lies within")
def test_an_event_cut_in_two_is_after_the_cut_in_its_second_half():
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-10", "2024-01-20"], "amount": 1.0})
    frame = clv.calibration_holdout(log, calibration_end="2024-01-15", event_grain="month", time_unit="day")
    events = purchase_events(log, frame, calibration_end="2024-01-15")
    assert events.time[0] == -14.0
    assert events.time[1] == pytest.approx(1e-6 / 86400)
    adds_up(frame, events)


def test_observed_events(cdnow, split):
    summary = clv.rfm_summary(cdnow, observation_end=CUT)
    events = observed_events(cdnow, summary)
    adds_up(summary, events)
    both = purchase_events(cdnow, split, calibration_end=CUT)
    assert np.array_equal(events.time, both.time[both.time <= 0])


# --- refused -------------------------------------------------------------------------------------------------------


def test_refuses_what_the_split_refuses(cdnow, split):
    def ask(**changed):
        return purchase_events(cdnow, split, **{"calibration_end": CUT, **changed})

    plain = split.copy()
    plain.attrs = {}
    with pytest.raises(clv.InvalidInput, match=r"holdout_end \(1997-01-31\) must be later than calibration_end"):
        ask(holdout_end="1997-01-31")
    with pytest.raises(clv.InvalidInput, match=r"the holdout is empty: calibration_end is 1999-01-01"):
        purchase_events(cdnow, plain, calibration_end="1999-01-01", holdout_end="1999-06-30")
    with pytest.raises(clv.InvalidInput, match="leave observation_end out"):
        ask(observation_end=CUT)
    with pytest.raises(TypeError, match=r"purchase_events\(\) got an unexpected keyword argument 'colour'"):
        ask(colour="red")
    with pytest.raises(clv.InvalidInput, match="event_grain must be one of line, hour"):
        purchase_events(cdnow, plain, calibration_end=CUT, event_grain="dya")


def test_refuses_other_settings_than_the_frames(cdnow, split):
    def ask(**changed):
        return purchase_events(cdnow, split, **{"calibration_end": CUT, **changed})

    with pytest.raises(clv.UnitMismatch, match=r"time_unit='day' was given, the frame says .* time_unit='week'"):
        ask(time_unit="day")
    with pytest.raises(clv.InvalidInput, match="event_grain='hour' was given, the frame says"):
        ask(event_grain="hour")
    with pytest.raises(
        clv.InvalidInput, match="calibration_end is 1997-08-31, the frame says it was made with 1997-09"
    ):
        ask(calibration_end=date(1997, 8, 31))
    with pytest.raises(clv.InvalidInput, match="holdout_end is 1998-05-31, the frame says"):
        ask(holdout_end="1998-05-31")


def test_refuses_a_frame_of_another_log(cdnow, split):
    other = cdnow[cdnow["customer_id"] != split["customer_id"][5]]
    with pytest.raises(clv.InvalidInput, match=r"frequency differs for 1 of 2,357 customers, first customer_id=\S+ \("):
        purchase_events(other, split, calibration_end=CUT)
    less = cdnow.drop(cdnow.index[cdnow["date"] > "1998-06-29"])
    with pytest.raises(clv.InvalidInput, match=r"purchases_holdout differs for \d+ of 2,357"):
        purchase_events(less, split, calibration_end=CUT)
    bad = cdnow.assign(amount=cdnow["amount"].where(cdnow.index != 7, math.inf))
    with pytest.raises(clv.InvalidInput, match="1 of 6,919 lines"):
        purchase_events(bad, split, calibration_end=CUT)
