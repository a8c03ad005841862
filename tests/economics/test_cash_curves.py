"""The curve of added-up profit: hand-worked, against other ways to the same money, its limits, and refusals."""

import math

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels.economics import cash_curve, cash_curve_of, payback_period

RATE = 0.10
PARAMETERS = {
    "nbd": {"r": 0.385, "alpha": 12.072},
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
MEAN_SPEND = 6.25 * 15.44 / (3.74 - 1)


def clv_model(family, margin=0.3, unit="week", rate=RATE):
    purchases = clv.PurchaseModel.from_parameters(family, PARAMETERS[family], time_unit=unit)
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    return clv.CLVModel(purchases, spend, margin=margin, annual_discount_rate=rate)


def test_nbd_by_hand():
    """Repeats come evenly at r/alpha a week, so that a month brings 365.25/84 times as many."""
    curve = cash_curve(clv_model("nbd"), periods=3)
    each, a_month = 0.3 * MEAN_SPEND, 0.385 / 12.072 * 365.25 / 84
    assert curve["time"].tolist() == [0.0, 1.0, 2.0, 3.0, np.inf]
    assert (curve["time_unit"] == "month").all()
    np.testing.assert_allclose(curve["expected_purchases"][:4], [1.0, a_month, a_month, a_month], rtol=1e-12)
    np.testing.assert_allclose(curve["profit"][:4], each * np.array([1, a_month, a_month, a_month]), rtol=1e-12)
    t = np.arange(4) / 12
    delta = math.log1p(RATE)
    worth = each * (1 + a_month * 12 * -np.expm1(-delta * t) / delta)
    np.testing.assert_allclose(curve["cumulative_discounted_profit"][:4], worth, rtol=1e-12)


def test_nbd_is_worth_the_continuous_perpetuity():
    """clv at an endless horizon, and the end of the curve: margin × spend × rate / ln(1 + d)."""
    model = clv_model("nbd")
    summary = pd.DataFrame({"frequency": [0, 3, 20], "recency": [0.0, 30.0, 38.0], "T": [0.0, 39.0, 39.0]})
    summary["monetary_value"] = [np.nan, 25.0, 60.0]
    rate = (0.385 + summary["frequency"]) / (12.072 + summary["T"]) * 365.25 / 7  # a year
    spend = model.spend.expected_spend(summary)
    perpetuity = 0.3 * spend * rate / math.log(1.10)
    with pytest.warns(clv.ClvWarning, match="undiscounted, is infinite"):  # of expected_purchases: clv is finite
        scored = model.predict(summary, horizon=math.inf)
    np.testing.assert_allclose(scored["clv"], perpetuity, rtol=1e-10)

    curve = cash_curve(model, periods=12)
    new = 0.3 * MEAN_SPEND * (1 + 0.385 / 12.072 * 365.25 / 7 / math.log(1.10))
    assert curve["cumulative_discounted_profit"].iloc[-1] == pytest.approx(new, rel=1e-12)
    # and a curve that runs long enough comes to it: after 300 years e^(-28.6) = 4e-13 of it is missing
    long = cash_curve(model, periods=300, period="year")
    assert long["cumulative_discounted_profit"].iloc[-2] == pytest.approx(new, rel=1e-11)
    assert payback_period(long, new * (1 - 1e-9)).outcome == "pays back"
    assert payback_period(long, new * (1 + 1e-9)).outcome == "never"


@pytest.mark.parametrize("family", ["bg_nbd", "pareto_nbd"])
def test_repeats_are_what_predict_gives_for_an_empty_history(family):
    model = clv_model(family)
    curve = cash_curve(model, periods=4, period="quarter", first_purchase=False)
    empty = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0], "monetary_value": [np.nan]})
    quarter = 3 * 365.25 / 84
    horizons = [quarter * k for k in range(5)]
    scored = model.predict(empty, horizon=horizons).filter(like="clv").iloc[0].to_numpy(dtype=float)
    np.testing.assert_allclose(curve["cumulative_discounted_profit"][:5], scored, rtol=1e-9, atol=1e-12)
    with pytest.warns(clv.ClvWarning, match="undiscounted, is infinite"):
        whole = float(model.predict(empty, horizon=math.inf)["clv"].iloc[0])
    assert curve["cumulative_discounted_profit"].iloc[-1] == pytest.approx(whole, rel=1e-9)
    assert curve["cumulative_discounted_profit"].iloc[0] == 0.0
    with_first = cash_curve(model, periods=4, period="quarter")
    gap = with_first["cumulative_discounted_profit"] - curve["cumulative_discounted_profit"]
    np.testing.assert_allclose(gap, 0.3 * MEAN_SPEND, rtol=1e-12)


def test_pareto_nbd_against_its_definition():
    """∫ over (0, t] of e^(-delta u) (r/alpha) (beta/(beta+u))^s du, by quadrature with 30 digits."""
    with mpmath.workdps(30):
        r, alpha, s, beta = (mpmath.mpf(str(v)) for v in PARAMETERS["pareto_nbd"].values())
        delta = mpmath.log(mpmath.mpf("1.1")) * 7 / mpmath.mpf("365.25")
        rate = lambda u: mpmath.exp(-delta * u) * r / alpha * (beta / (beta + u)) ** s  # noqa: E731
        t = mpmath.mpf("365.25") / 7
        year, whole = mpmath.quad(rate, [0, 5, t]), mpmath.quad(rate, [0, 5, t, 500, 5000, 50000])
    curve = cash_curve(clv_model("pareto_nbd"), periods=1, period="year")
    expected = [0.3 * MEAN_SPEND * float(1 + repeats) for repeats in (0, year, whole)]
    np.testing.assert_allclose(curve["cumulative_discounted_profit"], expected, rtol=1e-9)


def test_what_never_stops_is_infinite_without_a_warning_and_only_undiscounted():
    curve = cash_curve(clv_model("pareto_nbd"), periods=2)
    assert np.isinf(curve["cumulative_profit"].iloc[-1])
    assert np.isfinite(curve["cumulative_discounted_profit"]).all()
    # below 0 nothing is known of what comes without end
    assert np.isfinite(cash_curve(clv_model("nbd"), 2, annual_discount_rate=-0.05)["time"]).all()
    undiscounted = cash_curve(clv_model("bg_nbd"), periods=2, annual_discount_rate=0.0)
    np.testing.assert_allclose(undiscounted["cumulative_profit"], undiscounted["cumulative_discounted_profit"])


def test_linear_in_the_margin_and_blind_to_the_unit():
    money = ["profit", "discounted_profit", "cumulative_profit", "cumulative_discounted_profit"]
    one, two = (cash_curve(clv_model("bg_nbd"), 6, margin=margin)[money] for margin in (0.2, 0.4))
    np.testing.assert_allclose(two, 2 * one, rtol=1e-12)
    in_days = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072 * 7}, time_unit="day")
    spend = clv_model("nbd").spend
    other = cash_curve(clv.CLVModel(in_days, spend, margin=0.3), 6)
    pd.testing.assert_frame_equal(other, cash_curve(clv_model("nbd"), 6), rtol=1e-10)


def test_amount_of_the_first_purchase_may_be_told():
    usual, own = cash_curve(clv_model("nbd"), 3), cash_curve(clv_model("nbd"), 3, first_purchase=50.0)
    assert own["cumulative_profit"].iloc[0] == pytest.approx(15.0)
    np.testing.assert_allclose(own["cumulative_profit"][:4] - usual["cumulative_profit"][:4], 0.3 * (50 - MEAN_SPEND))
    assert own["expected_purchases"].iloc[0] == 1.0


def test_margins_at_the_edges():
    with pytest.warns(clv.ClvWarning, match="found 30, more profit than was spent"):
        cash_curve(clv_model("nbd"), 1, margin=30)
    nothing = cash_curve(clv_model("nbd"), 2, margin=0.0)
    assert (nothing["cumulative_profit"] == 0.0).all()  # of customers who stay for ever too
    assert (nothing["discounted_profit"] == 0.0).all()


def test_cash_flows_of_customers_who_are_there(cdnow_model, cdnow_summary):
    flows = cdnow_model.cash_flows(cdnow_summary, periods=4, period="quarter")
    curve = cash_curve_of(flows)
    assert curve["time"].tolist() == [0.0, 92.0, 182.0, 273.0, 365.0]
    assert curve["date"].astype(str).tolist() == ["1997-09-30", "1997-12-31", "1998-03-31", "1998-06-30", "1998-09-30"]
    whole = float(cdnow_model.predict(cdnow_summary, horizon=365 / 7)["clv"].sum())
    assert curve["cumulative_discounted_profit"].iloc[-1] == pytest.approx(whole, rel=1e-9)
    assert curve["cumulative_profit"].iloc[-1] == pytest.approx(flows["expected_profit"].sum(), rel=1e-12)
    found = payback_period(curve, float(curve["cumulative_profit"].iloc[2]), discounted=False)
    assert found.time == pytest.approx(182.0)
    beyond = payback_period(curve, 2 * whole)
    assert beyond.outcome == "not within the curve"
    assert beyond.time is None


def test_cash_flows_of_any_kind(cdnow_model, cdnow_summary):
    curve = cash_curve_of(cdnow_model.cash_flows(cdnow_summary.iloc[:20], periods=3))
    for kind in (pl.from_pandas, pa.Table.from_pandas):
        flows = cdnow_model.cash_flows(kind(cdnow_summary.iloc[:20]), periods=3, observation_end="1997-09-30")
        assert not isinstance(flows, pd.DataFrame)
        pd.testing.assert_frame_equal(cash_curve_of(flows), curve)


def test_many_customers_are_one_column_of_sums(cdnow_model, cdnow_summary):
    each = cdnow_model.cash_flows(cdnow_summary.iloc[:3], periods=2, per_customer=True)
    with pytest.raises(clv.InvalidInput, match="one row per customer and period"):
        cash_curve_of(each)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"periods": 0}, "periods must be a whole number of at least 1; found 0"),
        ({"periods": True}, "periods must be a whole number"),
        ({"period": "fortnight"}, "period must be one of day, week, month, quarter, year; found 'fortnight'"),
        ({"annual_discount_rate": -1.0}, "annual_discount_rate must be above -1"),
        ({"margin": "own"}, "has no column 'own': give his margin as a number"),
        ({"margin": float("inf")}, "margin must be finite; found inf"),
        ({"margin": [0.3]}, "margin must be one number"),
        ({"margin": "0.3x", "period": "month"}, "has no column"),
        ({"first_purchase": -5.0}, "first_purchase must be finite and at least 0; found -5"),
    ],
)
def test_refuses(change, message):
    with pytest.raises(clv.InvalidInput, match=message):
        cash_curve(clv_model("nbd"), **change)


def test_refuses_models_that_cannot_answer():
    with pytest.raises(clv.NotFitted):
        cash_curve(clv.CLVModel("bg_nbd"))
    endless = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 0.9, "v": 15.44})
    with pytest.raises(clv.InvalidInput, match="mean spend of all customers is infinite"):
        cash_curve(clv.CLVModel(clv_model("nbd").purchases, endless))
    by_month = clv.PurchaseModel.from_parameters(
        "bg_bb", {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78}, time_unit="month"
    )
    whole = clv.CLVModel(by_month, clv_model("nbd").spend)
    assert len(cash_curve(whole, 4, "quarter")) == 6
    with pytest.raises(clv.InvalidInput, match="counts whole months"):
        cash_curve(whole, 4, "week")


def test_refuses_flows_with_gaps(cdnow_model, cdnow_summary):
    flows = cdnow_model.cash_flows(cdnow_summary, periods=3)
    with pytest.raises(clv.InvalidInput, match="must follow one another"):
        cash_curve_of(flows.drop(index=1))
    with pytest.raises(clv.InvalidInput, match="no column 'period_start'"):
        cash_curve_of(flows.drop(columns="period_start"))
