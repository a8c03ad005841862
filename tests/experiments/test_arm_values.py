"""Value of every customer since his own start, by hand on small logs."""

import datetime

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.economics import read_purchases
from clvmodels.errors import InvalidInput, NotEnoughData
from clvmodels.experiments.arm_values import values_of
from clvmodels.experiments.given_arms import read_arms

LOG = pd.DataFrame(
    [
        ("ann", "2024-01-01", 10.0),
        ("ann", "2024-01-15", 4.0),  # exactly two weeks on
        ("ann", "2024-01-16", 100.0),
        ("bob", "2024-01-03", 7.0),
        ("cid", "2024-01-29", 50.0),
        ("dora", "2024-01-02", 1.0),
        ("dora", "2024-01-02", 2.0),  # the same day: one purchase
        ("eve", "2024-01-04", 9.0),  # in no arm
    ],
    columns=["customer_id", "date", "amount"],
)
ARMS = {"ann": "a", "bob": "b", "cid": "a", "dora": "b", "fay": "b"}


def values(log=LOG, arms=ARMS, end="2024-02-05", reading=None, **settings):
    found = read_purchases(log, observation_end=end, **(reading or {}))
    return values_of(found, read_arms(arms), **settings)


def test_a_customers_window_begins_at_his_first_purchase_and_holds_its_last_day():
    found = values(window=2, margin=0.5)
    assert found.names == ("a", "b")
    assert found.summary["customer_id"].tolist() == ["ann", "bob", "cid", "dora"]
    np.testing.assert_array_equal(found.arm, [0, 1, 0, 1])
    np.testing.assert_allclose(found.age, [5, 33 / 7, 1, 34 / 7])
    np.testing.assert_array_equal(found.complete, [True, True, False, True])
    np.testing.assert_array_equal(found.observed, [7.0, 3.5, 25.0, 1.5])
    np.testing.assert_array_equal(found.bought, [True, False, False, False])


def test_value_so_far_is_discounted_to_the_first_purchase_and_ends_at_the_horizon():
    found = values(window=2, annual_discount_rate=0.21)
    delta = np.log(1.21) * 7 / 365.25
    assert found.delta == pytest.approx(delta, rel=1e-14)
    expected = 10 + 4 * np.exp(-2 * delta) + 100 * np.exp(-15 / 7 * delta)
    np.testing.assert_allclose(found.so_far, [expected, 7, 50, 3], rtol=1e-14)
    short = values(window=2, horizon=2.0, annual_discount_rate=0.21)
    np.testing.assert_allclose(short.so_far, [10 + 4 * np.exp(-2 * delta), 7, 50, 3], rtol=1e-14)


def test_who_never_bought_was_not_acquired_and_is_counted():
    found = values(window=2)
    assert any("1 of 5 in arms" in note for note in found.notes)
    assert any("1 of 5 customers of the log" in note for note in found.notes)


def test_in_a_campaign_everybody_counts_and_the_first_day_is_in_it():
    found = values(start="2024-01-15", margin=0.5)
    assert found.summary["customer_id"].tolist() == list(ARMS)
    # 15 January to 5 February are 22 days
    np.testing.assert_allclose(found.age, np.full(5, 22 / 7))
    assert found.complete.all()
    assert found.window == pytest.approx(22 / 7)
    np.testing.assert_array_equal(found.observed, [52.0, 0.0, 25.0, 0.0, 0.0])
    np.testing.assert_array_equal(found.bought, [True, False, True, False, False])
    np.testing.assert_array_equal(found.before["purchases"], [1, 1, 0, 1, 0])
    np.testing.assert_array_equal(found.before["spend"], [10, 7, 0, 3, 0])
    np.testing.assert_allclose(found.before["time since the first purchase"], [13 / 7, 11 / 7, 0, 12 / 7, 0])
    assert found.summary["T"].isna().tolist() == [False] * 4 + [True]
    one_week = values(start="2024-01-15", window=1)
    np.testing.assert_array_equal(one_week.observed, [104, 0, 0, 0, 0])
    # the first day counts as a day on, as a week of seven days ends with the seventh
    delta = found.delta
    np.testing.assert_allclose(found.so_far[0], 0.5 * (4 * np.exp(-delta / 7) + 100 * np.exp(-2 * delta / 7)))


@pytest.mark.parametrize(("last", "counted"), [("2024-01-21", 5.0), ("2024-01-22", 0.0)])
def test_a_week_of_a_campaign_is_seven_days(last, counted):
    log = pd.DataFrame({"customer_id": ["ann", "bob"], "date": [last, "2024-02-05"], "amount": [5.0, 1.0]})
    found = values(log, {"ann": "a", "bob": "b"}, start="2024-01-15", window=1)
    assert found.observed[0] == counted


def test_timestamps_are_taken_exactly():
    log = pd.DataFrame(
        {
            "customer_id": ["ann"] * 3 + ["bob"],
            "date": pd.to_datetime(
                ["2024-01-01 11:59:59", "2024-01-01 12:00:00", "2024-01-02 12:00:00", "2024-01-01 00:00:00"]
            ),
            "amount": [1.0, 2.0, 4.0, 8.0],
        }
    )
    reading = {"event_grain": "line", "time_unit": "day"}
    made = {"arms": {"ann": "a", "bob": "b"}, "end": "2024-01-09", "reading": reading}
    found = values(log, start="2024-01-01 12:00", window=1, **made)
    np.testing.assert_array_equal(found.observed, [2.0, 0.0])
    assert found.age[0] == 8.5
    own = values(log, window=1, **made)
    np.testing.assert_array_equal(own.observed, [3.0, 8.0])
    with pytest.raises(InvalidInput, match="start must be a date where events are days"):
        values(log, start="2024-01-01 12:00", arms=made["arms"], end="2024-01-09")


def test_a_day_cut_by_the_end_of_observation_completes_no_window():
    log = LOG.assign(date=pd.to_datetime(LOG["date"]))
    arms = {"ann": "a", "bob": "b"}
    log = log[log["customer_id"].isin(arms)].assign(
        date=lambda x: x["date"].where(x["customer_id"] == "ann", "2024-01-01")
    )
    assert values(log, arms, end="2024-01-15", window=2).complete.all()
    with pytest.raises(NotEnoughData, match="nobody in arm 'a', 'b' has lived through"):
        values(log, arms, end="2024-01-15 18:00", window=2)


def test_the_usual_window_is_what_nine_tenths_of_every_arm_have_lived_through():
    days = pd.to_datetime("2024-04-01") - pd.to_timedelta(np.r_[np.arange(10) * 7 + 21, np.arange(10) * 7 + 35], "D")
    log = pd.DataFrame({"customer_id": np.arange(20), "date": days, "amount": 1.0})
    arms = {i: "ab"[i // 10] for i in range(20)}
    found = values(log, arms, end="2024-04-01")
    assert found.window == 4.0  # of the first arm nine have reached 4 weeks
    assert np.bincount(found.arm[found.complete]).tolist() == [9, 10]


def test_an_arm_of_nobody_old_enough_is_refused_with_all_ages():
    with pytest.raises(
        NotEnoughData, match=r"nobody in arm 'b'.*'a' 3 \(longest 5\), 'b' 4.786 \(longest 4.857\), in we"
    ):
        values(window=5)


def test_a_campaigns_window_must_be_over():
    with pytest.raises(InvalidInput, match="window must be over by the end of observation, 2024-02-05"):
        values(start="2024-01-15", window=4)
    with pytest.raises(InvalidInput, match="start must lie before the end of observation"):
        values(start="2024-02-06")


def test_refunds_are_taken_off_where_the_summary_does():
    log = pd.concat([LOG, pd.DataFrame([("bob", "2024-01-03", -3.0)], columns=LOG.columns)])
    assert values(log, window=2).observed[1] == 4.0


def test_identifiers_of_text_and_numbers_are_one():
    log = LOG.assign(customer_id=LOG["customer_id"].map({n: i for i, n in enumerate(LOG["customer_id"].unique())}))
    found = values(log, {str(i): "ab"[i % 2] for i in range(4)}, window=2)
    np.testing.assert_array_equal(found.observed, [14, 7, 50, 3])


def test_nobody_in_the_log_is_refused():
    with pytest.raises(InvalidInput, match=r"none of the 2 customers in arms is in the log: arms begins with .*'x'"):
        values(arms={"x": "a", "y": "b"})


def test_events_of_weeks_are_refused():
    with pytest.raises(InvalidInput, match="event_grain='week' makes one purchase of what was bought before and after"):
        values(reading={"event_grain": "week"})


def test_a_log_without_money_is_refused():
    with pytest.raises(InvalidInput, match="value is money, and the log holds none"):
        values(reading={"amount": None}, window=2)


def test_values_are_those_of_a_plain_loop():
    generator = np.random.default_rng(3)
    n = 400
    log = pd.DataFrame(
        {
            "customer_id": generator.integers(0, 60, n),
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 120, n), "D"),
            "amount": generator.integers(1, 10_000, n) / 100,
        }
    )
    found = values(log, {i: "ab"[i % 2] for i in range(60)}, end="2024-05-10", window=6)
    by_day = log.groupby(["customer_id", "date"])["amount"].sum().reset_index()
    for i, customer in enumerate(found.summary["customer_id"]):
        own = by_day[by_day["customer_id"] == customer]
        since = (own["date"] - own["date"].min()).dt.days / 7
        assert found.observed[i] == pytest.approx(own.loc[since <= 6, "amount"].sum(), rel=1e-12)
        assert found.so_far[i] == pytest.approx((own["amount"] * np.exp(-found.delta * since)).sum(), rel=1e-12)
        assert found.bought[i] == ((since > 0) & (since <= 6)).any()


@pytest.mark.parametrize("start", ["2024-03-01", pd.Timestamp("2024-03-01"), datetime.datetime(2024, 3, 1)])
def test_the_start_of_days_is_told_as_a_date(start):
    log = pd.DataFrame({"customer_id": [1, 2], "date": ["2024-01-01", "2024-03-02"], "amount": [1.0, 2.0]})
    found = clv.compare_arms(
        log, {i: "ab"[i % 2] for i in range(1, 5)}, start=start, horizon=0, observation_end="2024-03-31"
    )
    assert found.start == "2024-03-01"
