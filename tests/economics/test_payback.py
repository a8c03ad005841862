"""Payback: hand-worked between the points of a curve, every outcome in words, bids, refusals."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.economics import cash_curve, highest_bid_for_payback, payback_period


def curve_of(profits, lifetime=None, time=None):
    """Profit period by period, the first at time 0; discounted by a tenth a period."""
    total = np.cumsum(profits)
    worth = np.cumsum(np.array(profits) * 0.9 ** np.arange(len(profits)))
    at = np.arange(len(profits), dtype=float) if time is None else np.array(time, dtype=float)
    if lifetime is not None:
        at, total, worth = np.append(at, np.inf), np.append(total, lifetime), np.append(worth, lifetime)
    columns = {"time": at, "time_unit": "month", "cumulative_profit": total, "cumulative_discounted_profit": worth}
    return pd.DataFrame(columns)


def test_worked_by_hand():
    """8 at once, then 6, 4, 2: 8, 14, 18, 20; discounted 8, 13.4, 16.64, 18.098."""
    curve = curve_of([8.0, 6.0, 4.0, 2.0])
    for cost, time in ((0, 0.0), (8, 0.0), (11, 0.5), (14, 1.0), (15, 1.25), (20, 3.0)):
        assert payback_period(curve, cost, discounted=False).time == pytest.approx(time)
    assert payback_period(curve, 15).time == pytest.approx(1 + 1.6 / 3.24)
    assert payback_period(curve, 8).outcome == "at once"
    assert payback_period(curve, 9).outcome == "pays back"


def test_outcomes_and_their_words():
    assert (
        str(payback_period(curve_of([8.0, 6.0]), 11, discounted=False)) == "A cost of 11 is paid back after 0.5 months."
    )
    unknown = payback_period(curve_of([8.0, 6.0]), 20, discounted=False)
    assert (unknown.time, unknown.outcome, unknown.lifetime) == (None, "not within the curve", None)
    assert str(unknown) == (
        "A cost of 20 is not paid back within 1 month (14 of profit by then); what comes later is not in the curve."
    )
    later = payback_period(curve_of([8.0, 6.0], lifetime=25.0), 20, discounted=False)
    assert (later.time, later.outcome, later.lifetime) == (None, "later", 25.0)
    assert str(later).endswith("but later: the whole lifetime brings 25.")
    endless = payback_period(curve_of([8.0, 6.0], lifetime=math.inf), 20, discounted=False)
    assert str(endless).endswith("(14 of profit by then), but later.")
    never = payback_period(curve_of([8.0, 6.0], lifetime=19.0), 20)
    assert (never.time, never.outcome) == (None, "never")
    assert str(never) == "A cost of 20 is never paid back: the whole lifetime brings 19 of discounted profit."
    assert "never paid back" in never._repr_html_()
    assert payback_period(curve_of([8.0, 6.0], lifetime=20.0), 20, discounted=False).outcome == "later"


def test_first_time_where_the_curve_falls_again():
    curve = curve_of([2.0, 6.0, -5.0, 9.0])
    assert payback_period(curve, 5, discounted=False).time == 0.5
    flat = curve_of([2.0, 0.0, 0.0, 3.0])
    assert payback_period(flat, 2, discounted=False).time == 0.0
    assert payback_period(flat, 5, discounted=False).time == 3.0


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.01, 50), min_size=2, max_size=12), st.floats(0, 1))
def test_the_bid_for_a_time_is_paid_back_then(profits, share):
    curve = curve_of(profits)
    within = share * (len(profits) - 1)
    for discounted in (True, False):
        bid = highest_bid_for_payback(curve, within, discounted=discounted)
        assert payback_period(curve, bid * (1 - 1e-12), discounted=discounted).time == pytest.approx(within, abs=1e-6)


def test_bids():
    curve = curve_of([8.0, 6.0], lifetime=25.0)
    assert highest_bid_for_payback(curve, 0) == 8.0
    assert highest_bid_for_payback(curve, 0.5, discounted=False) == 11.0
    assert highest_bid_for_payback(curve, math.inf) == 25.0
    assert highest_bid_for_payback(curve_of([-8.0, 1.0]), 1) == 0.0
    with pytest.raises(clv.InvalidInput, match=r"within must lie on the curve, which ends after 1 month; found 1\.5"):
        highest_bid_for_payback(curve, 1.5)
    with pytest.raises(clv.InvalidInput, match="within must be finite"):
        highest_bid_for_payback(curve_of([8.0, 6.0]), math.inf)
    with pytest.raises(clv.InvalidInput, match="within must be finite and at least 0"):
        highest_bid_for_payback(curve, -1)


def test_discounting_never_pays_back_sooner(cdnow_model):
    curve = cash_curve(cdnow_model, periods=36)
    first = curve["cumulative_profit"].iloc[0]
    for cost in (first + 1, first + 5, first + 8):
        plain, dear = payback_period(curve, cost, discounted=False), payback_period(curve, cost)
        assert dear.time > plain.time > 0
    finer = cash_curve(cdnow_model, periods=156, period="week")
    at = payback_period(finer, first + 5).time * 84 / 365.25
    assert at == pytest.approx(payback_period(curve, first + 5).time, rel=0.01)


def test_any_kind_of_table():
    curve = curve_of([8.0, 6.0])
    assert payback_period(pl.from_pandas(curve), 11, discounted=False).time == 0.5


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        (pd.DataFrame({"time": [0.0]}), "found a table without time_unit, cumulative_discounted_profit"),
        (curve_of([8.0, 6.0], time=[1, 2]), "must rise from 0 on"),
        (curve_of([8.0, 6.0], time=[0, 0]), "must rise from 0 on"),
        (curve_of([8.0, np.nan]), "its money must be finite"),
        (curve_of([8.0]).iloc[:0], "must rise from 0 on"),
    ],
)
def test_refuses_what_is_no_curve(curve, message):
    with pytest.raises(clv.InvalidInput, match=message):
        payback_period(curve, 5)


def test_refuses_costs(cdnow_model, cdnow_summary):
    with pytest.raises(clv.InvalidInput, match="cost must be finite and at least 0; found -1"):
        payback_period(curve_of([1.0]), -1)
    with pytest.raises(clv.InvalidInput, match="cost must be one number; found 2"):
        payback_period(curve_of([1.0]), [1, 2])
    with pytest.raises(clv.InvalidInput, match=r"become one by cash_curve_of\(flows\)"):
        payback_period(cdnow_model.cash_flows(cdnow_summary), 5)


def test_a_model_is_no_curve_and_is_told_how_to_become_one():
    purchases = clv.PurchaseModel.from_parameters("nbd", {"r": 0.4, "alpha": 12.0}, "week")
    model = clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0}))
    with pytest.raises(clv.InvalidInput, match=r"found a CLVModel: cash_curve\(model\) makes one of it"):
        payback_period(model, 12)
