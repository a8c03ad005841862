"""A log cut in two: the calibration is the summary it would be alone, the holdout what the same customers did after."""

from __future__ import annotations

import importlib.util
import json
import math
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
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
from clvmodels.transactions.holdout import split_at

_spec = importlib.util.spec_from_file_location("plain", Path(__file__).with_name("plain.py"))
plain = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(plain)

CUT = "1997-09-30"


@pytest.fixture(scope="module")
def cdnow():
    return clv.load_cdnow(sample=True)


# --- published -----------------------------------------------------------------------------------------------------


def test_published_holdout_of_cdnow(cdnow):
    """1,882 transactions in 39 weeks, by calibration frequency 0..6, 7+ (Fader, Hardie & Lee 2005; BTYD)."""
    split = clv.calibration_holdout(cdnow, calibration_end=CUT, holdout_end="1998-06-30")
    assert split["purchases_holdout"].sum() == 1882
    assert (split["duration_holdout"] == 39.0).all()
    groups = split["frequency"].clip(upper=7)
    assert groups.value_counts().sort_index().tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    published = [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359]
    assert split.groupby(groups)["purchases_holdout"].mean().tolist() == pytest.approx(published, abs=5.1e-4)
    later = cdnow[cdnow["date"] > CUT]
    assert split["spend_holdout"].sum() == pytest.approx(later["amount"].sum(), rel=1e-12)


def test_the_frame_is_a_summary_for_every_model(cdnow):
    split = clv.calibration_holdout(cdnow, calibration_end=CUT)
    model = clv.CLVModel("bg_nbd").fit(split)
    plain_fit = clv.CLVModel("bg_nbd").fit(clv.rfm_summary(cdnow, observation_end=CUT))
    assert model.purchases.parameters == plain_fit.purchases.parameters
    each = model.purchases.expected_purchases(split, horizon="duration_holdout")
    assert each.sum() == pytest.approx(1653.409, abs=6e-4)  # calc
    assert each.to_numpy() == pytest.approx(model.purchases.expected_purchases(split, horizon=39).to_numpy(), rel=1e-11)


# --- the calibration part is the summary ---------------------------------------------------------------------------

ROWS = [
    (1, "2024-01-01", 10.0),
    (1, "2024-01-01", -4.0),
    (1, "2024-01-08", 5.0),
    (1, "2024-02-05", 0.1),
    (1, "2024-02-05", 0.2),
    (1, "2024-02-06", -5.0),  # nothing bought that day: left over
    (1, "2024-02-07", 3.0),
    (1, "2024-02-07", -3.0),  # all of it cancelled: no purchase
    (1, "2024-03-01", 9.0),  # after the holdout
    (2, "2024-01-03", 7.0),
    (3, "2024-02-03", 8.0),  # new
    (3, "2024-02-04", 1.5),
    (4, "2024-01-02", -1.0),  # bought nothing before
    (4, "2024-02-02", 2.0),
]


@pytest.fixture
def small():
    return pd.DataFrame(ROWS, columns=["customer_id", "date", "amount"])


def test_by_hand(small):
    split = split_at(small, calibration_end="2024-01-31", holdout_end="2024-02-28", time_unit="day")
    rows = split.frame[["customer_id", "frequency", "purchases_holdout", "spend_holdout", "duration_holdout"]]
    assert rows.to_numpy().tolist() == [[1, 1, 1, 0.3, 28.0], [2, 0, 0, 0.0, 28.0]]
    assert (split.new_customers, split.new_customers_purchases) == (2, 3)
    assert split.new_customers_spend == Decimal("11.5")
    assert (split.holdout.refunds_left, split.holdout.refunds_left_total) == (1, Decimal(-5))
    assert split.holdout.lines_after_end == 1
    assert split.frame["purchases_holdout"].dtype == "int64"
    assert "1 refunds in the holdout, -5.00 in all" in "\n".join(split.report())


@pytest.mark.parametrize("refunds", ["net", "drop"])
@pytest.mark.parametrize("event_grain", ["day", "hour", "line", "week", "month"])
@pytest.mark.filterwarnings("ignore:calibration_end .* lies within")
def test_calibration_is_identical_to_the_summary(small, refunds, event_grain):
    reading = {"time_unit": "month", "event_grain": event_grain, "refunds": refunds}
    split = clv.calibration_holdout(small, calibration_end="2024-01-31", **reading)
    alone = clv.rfm_summary(small, observation_end="2024-01-31", **reading)
    pd.testing.assert_frame_equal(split[alone.columns], alone, check_exact=True)
    facts, own = frames.read_facts(split), frames.read_facts(alone)
    assert {name: facts[name] for name in own} == own
    assert facts["holdout_end"] == "2024-03-01"
    assert facts["customers_first_seen_in_holdout"] == "2"
    assert list(split.attrs) == ["clvmodels"]
    assert len(split.attrs["clvmodels"]) < 400
    assert json.loads(split.attrs["clvmodels"]) == facts


def test_refunds_can_be_refused(small):
    fine = small[(small["amount"] >= 0) | (small["date"] > "2024-01-31")]
    with pytest.raises(clv.InvalidInput, match=r"refunds='error': 2 of 9 lines .* first customer_id=1, date='2024-02"):
        clv.calibration_holdout(fine, calibration_end="2024-01-31", refunds="error")


def test_without_amounts(small):
    for log, amount in ((small.drop(columns="amount"), None), (small, None)):
        split = split_at(log, amount=amount, calibration_end="2024-01-31", time_unit="day")
        columns = ["customer_id", "frequency", "recency", "T", "purchases_holdout", "duration_holdout"]
        assert list(split.frame.columns) == columns
        assert split.frame["purchases_holdout"].to_list() == [4, 0, 1]
        assert split.new_customers_spend is None


def test_early_customers_are_not_new(small):
    split = split_at(small, calibration_end="2024-01-31", observation_start="2024-01-02")
    assert split.frame["customer_id"].to_list() == [2]
    assert split.new_customers == 2


# --- against plain Python ------------------------------------------------------------------------------------------


def reference(lines, cut, end, event_grain, refunds):
    """{customer: (purchases, spend)} of the lines after cut and until end, and the customers who bought before."""
    last = {moment: m if isinstance(m, datetime) else datetime.combine(m, datetime.max.time())
            for moment, m in (("cut", cut), ("end", end))}  # fmt: skip
    known = {row[0] for row in plain.summary(lines, event_grain=event_grain, refunds=refunds, observation_end=cut)}
    events = defaultdict(list)
    for i, (customer, moment, amount) in enumerate(lines):
        if last["cut"] < moment <= last["end"] and not (refunds == "drop" and amount < 0):
            start = plain.grain_start(moment, event_grain)
            events[(customer, start, i if event_grain == "line" else 0)].append(amount)
    bought = defaultdict(lambda: [0, Decimal(0)])
    for (customer, *_), amounts in events.items():
        if not (min(amounts) < 0 and sum(amounts) <= 0):
            bought[customer][0] += 1
            bought[customer][1] += sum(amounts)
    return known, bought


LINES = st.tuples(st.integers(1, 5), st.integers(0, 600), st.integers(-300, 1000))


@settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(LINES, min_size=6, max_size=40),
    st.integers(30, 300),
    st.integers(1, 300),
    st.booleans(),
    st.sampled_from(["day", "hour", "week", "month", "line"]),
    st.sampled_from(["net", "drop"]),
)
@pytest.mark.filterwarnings("ignore:calibration_end .* lies within")
def test_equals_plain_python(steps, hours, more, dates, event_grain, refunds):
    def moment(hour):
        return datetime(2023, 12, 20) + timedelta(hours=hour)

    lines = [(customer, moment(hour), Decimal(cents) / 100) for customer, hour, cents in steps]
    cut, end = moment(hours), moment(hours + more)
    if dates:
        cut, end = cut.date(), end.date() + timedelta(days=1)
    log = pd.DataFrame([(c, m, float(a)) for c, m, a in lines], columns=["customer_id", "date", "amount"])
    known, bought = reference(lines, cut, end, event_grain, refunds)
    reading = {"event_grain": event_grain, "refunds": refunds, "time_unit": "day"}
    last = cut if isinstance(cut, datetime) else datetime.combine(cut, datetime.max.time())
    if not known or not any(moment > last for _, moment, _ in lines):
        with pytest.raises(clv.InvalidInput):
            split_at(log, calibration_end=cut, holdout_end=end, **reading)
        return
    split = split_at(log, calibration_end=cut, holdout_end=end, **reading)
    found = split.frame
    assert set(found["customer_id"]) == known
    for row in found.itertuples(index=False):
        purchases, spend = bought.get(row.customer_id, (0, Decimal(0)))
        assert (row.purchases_holdout, row.spend_holdout) == (purchases, float(spend))
    new = {customer: v for customer, v in bought.items() if customer not in known}
    assert split.new_customers == len(new)
    assert split.new_customers_purchases == sum(v[0] for v in new.values())
    assert split.new_customers_spend == sum((v[1] for v in new.values()), Decimal(0))
    length = (end - cut) / timedelta(days=1)
    assert (found["duration_holdout"] == length).all()


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
    expected = clv.calibration_holdout(log, calibration_end="2023-08-31")
    with duckdb.connect() as con:
        sources = {
            "arrow": arrow,
            "reader": arrow.to_reader(),
            "polars": pl.from_pandas(log),
            "lazy": pl.from_pandas(log).lazy(),
            "floats": log.astype({"customer_id": float}),
            "index": log.set_index("customer_id"),
            "relation": con.from_arrow(arrow),
            "parquet": tmp_path / "log.parquet",
            "csv": tmp_path / "log.csv",
        }
        found = {
            name: clv.calibration_holdout(source, calibration_end="2023-08-31") for name, source in sources.items()
        }
    assert isinstance(found["arrow"], pa.Table)
    assert isinstance(found["polars"], pl.DataFrame)
    assert isinstance(found["reader"], pa.Table)
    for name, frame in found.items():
        as_pandas = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
        pd.testing.assert_frame_equal(
            as_pandas, expected, check_exact=True, check_dtype=name not in ("arrow", "reader"), obj=name
        )
    assert frames.read_facts(found["arrow"]) == frames.read_facts(expected)


def test_ids_that_only_look_like_numbers_stay_apart(tmp_path):
    """In calibration all ids of the CSV file are whole numbers; a late 007 is not customer 7."""
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date,amount\n7,2024-01-01,1\n8,2024-01-02,1\n007,2024-02-01,5\n8,2024-02-02,2\n")
    split = split_at(path, calibration_end="2024-01-31")
    assert split.frame["customer_id"].to_list() == [7, 8]
    assert split.frame["purchases_holdout"].to_list() == [0, 1]
    assert (split.new_customers, split.new_customers_spend) == (1, Decimal(5))


def test_zoned_timestamps_are_cut_in_their_zone():
    dates = pd.to_datetime(["2024-01-31 10:00", "2024-01-31 23:30", "2024-02-01 00:30"]).tz_localize("Europe/Berlin")
    log = pd.DataFrame({"customer_id": 1, "date": dates, "amount": 1.0})
    split = clv.calibration_holdout(log, calibration_end="2024-01-31", event_grain="line", time_unit="hour")
    assert (split["frequency"][0], split["purchases_holdout"][0]) == (1, 1)
    exact = clv.calibration_holdout(
        log, calibration_end="2024-01-31T22:45:00+00:00", event_grain="line", time_unit="hour"
    )
    assert exact["duration_holdout"][0] == 24.25  # until the end of 1 February


# --- refused, and warned of ----------------------------------------------------------------------------------------


def test_refuses_what_cannot_be_cut(small):
    ask = clv.calibration_holdout
    with pytest.raises(clv.InvalidInput, match=r"holdout_end \(2024-01-31\) must be later than calibration_end"):
        ask(small, calibration_end="2024-01-31", holdout_end="2024-01-31")
    with pytest.raises(clv.InvalidInput, match=r"the holdout is empty: calibration_end is 2024-03-01 and the log ends"):
        ask(small, calibration_end="2024-03-01")
    with pytest.raises(clv.InvalidInput, match=r"the holdout is empty: calibration_end is 2025-01-01"):
        ask(small, calibration_end="2025-01-01", holdout_end="2025-06-30")
    with pytest.raises(clv.NotEnoughData, match=r"on or before calibration_end 2023-12-31"):
        ask(small, calibration_end="2023-12-31")
    with pytest.raises(clv.InvalidInput, match="calibration_end must be a date"):
        ask(small, calibration_end=None)
    with pytest.raises(clv.InvalidInput, match="leave observation_end out"):
        ask(small, calibration_end="2024-01-31", observation_end="2024-02-01")
    with pytest.raises(TypeError, match="colour"):
        ask(small, calibration_end="2024-01-31", colour="red")
    bad = small.assign(amount=small["amount"].where(small["date"] != "2024-02-05", math.inf))
    with pytest.raises(clv.InvalidInput, match=r"2 of 9 lines .* first customer_id=1, date='2024-02-05'"):
        ask(bad, calibration_end="2024-01-31")


@pytest.mark.parametrize(
    ("event_grain", "inside", "fine"),
    [
        ("month", "2024-01-15", "2024-01-31"),
        ("week", "2024-01-17", date(2024, 1, 28)),
        ("day", "2024-01-20 15:00", "2024-01-20"),
        ("hour", "2024-01-20 15:30", "2024-01-20"),
        ("year", "2024-01-20", None),
        ("line", None, "2024-01-20 15:30"),
    ],
)
def test_warns_of_an_event_cut_in_two(small, event_grain, inside, fine):
    if inside:
        with pytest.warns(clv.ClvWarning, match=f"lies within a {event_grain}: .* counts as two purchases"):
            clv.calibration_holdout(small, calibration_end=inside, event_grain=event_grain)
    if fine:
        clv.calibration_holdout(small, calibration_end=fine, event_grain=event_grain)


def test_an_order_begun_in_calibration_is_none_of_the_holdout():
    log = pd.DataFrame(
        [("a", "2024-01-30", 50.0, "o1"), ("a", "2024-02-02", 20.0, "o1"), ("a", "2024-02-20", 1.0, "o3")],
        columns=["customer_id", "date", "amount", "order"],
    )
    split = clv.calibration_holdout(log, calibration_end="2024-01-31", order_id="order")
    assert split[["purchases_holdout", "spend_holdout"]].to_numpy().tolist() == [[1, 1.0]]
    with pytest.raises(TypeError, match=r"calibration_holdout\(\) got an unexpected keyword argument 'ordr_id'"):
        clv.calibration_holdout(log, calibration_end="2024-01-31", ordr_id="order")
