"""Expected money per calendar period: the calendar by hand, sums, an independent integral, kinds of frames."""

from __future__ import annotations

import json
import math
import warnings
from datetime import date, datetime

import mpmath as mp
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels import frames
from clvmodels.families import PURCHASE_FAMILIES, bg_bb, purchase_family
from clvmodels.models import cash_flows
from clvmodels.numerics.discounting import discounted_window

PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.5534, "alpha": 10.578, "s": 0.6061, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
}
SHIPPED = sorted(set(PARAMETERS) & set(PURCHASE_FAMILIES))
FACTS = {"time_unit": "week", "observation_end": "1997-09-30"}
MONEY = ["expected_purchases", "expected_revenue", "expected_profit", "discounted_profit"]


def summary(facts=FACTS) -> pd.DataFrame:
    """Five customers, neither their ids nor their rows in order."""
    found = pd.DataFrame(
        {
            "customer_id": ["0042", "0007", "1000", "0001", "0900"],
            "frequency": [2, 0, 7, 1, 3],
            "recency": [30.5, 0.0, 38.0, 2.0, 20.0],
            "T": [38.5, 30.0, 38.5, 35.0, 29.0],
            "monetary_value": [22.5, math.nan, 12.25, 80.0, 35.0],
            "share": [0.1, 0.2, 0.3, 0.0, -0.1],
        }
    )
    found.attrs = {} if facts is None else {"clvmodels": json.dumps(facts)}
    return found


def model_of(name, unit="week", **more):
    purchases = clv.PurchaseModel.from_parameters(name, PARAMETERS[name], time_unit=unit)
    return clv.CLVModel(
        purchases, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}), **more
    )


@pytest.fixture(scope="module", params=SHIPPED)
def whole(request):
    return model_of(request.param, margin=0.3)


@pytest.fixture(scope="module")
def pareto():
    return model_of("pareto_nbd", margin=0.3)


# --- the calendar --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "period", "starts", "last"),
    [
        # the rest of January in a leap year, then whole months
        ("2024-01-30", "month", ["2024-01-31", "2024-02-01", "2024-03-01"], "2024-03-31"),
        # observation ends with a month: the next one is whole
        ("2023-01-31", "month", ["2023-02-01", "2023-03-01", "2023-04-01"], "2023-04-30"),
        ("2023-11-15", "month", ["2023-11-16", "2023-12-01", "2024-01-01"], "2024-01-31"),
        # 1997-09-30 was a Tuesday: Wednesday to Sunday are left of its week
        ("1997-09-30", "week", ["1997-10-01", "1997-10-06", "1997-10-13"], "1997-10-19"),
        ("1997-10-05", "week", ["1997-10-06", "1997-10-13", "1997-10-20"], "1997-10-26"),
        ("1997-09-30", "quarter", ["1997-10-01", "1998-01-01", "1998-04-01"], "1998-06-30"),
        ("1997-08-14", "quarter", ["1997-08-15", "1997-10-01", "1998-01-01"], "1998-03-31"),
        ("1997-09-30", "year", ["1997-10-01", "1998-01-01", "1999-01-01"], "1999-12-31"),
        ("2024-02-28", "day", ["2024-02-29", "2024-03-01", "2024-03-02"], "2024-03-02"),
        # timestamps: the day that has begun is part of the first period
        ("2024-02-29 18:00", "month", ["2024-02-29", "2024-03-01", "2024-04-01"], "2024-04-30"),
        ("2024-03-01 00:00", "month", ["2024-03-01", "2024-04-01", "2024-05-01"], "2024-05-31"),
        ("1997-10-05 12:00", "week", ["1997-10-05", "1997-10-06", "1997-10-13"], "1997-10-19"),
    ],
)
def test_periods_are_those_of_the_calendar(end, period, starts, last, pareto):
    found = pareto.cash_flows(summary(None), 3, period, observation_end=end)
    days = [day.strftime("%Y-%m-%d") for day in found["period_start"]]
    assert days == starts
    assert found["period_end"].iloc[-1] == pd.Timestamp(last)
    assert (found["period_end"].iloc[:-1] + pd.Timedelta(days=1)).tolist() == found["period_start"].iloc[1:].tolist()


def windows(end, periods, period, unit="day"):
    return cash_flows.calendar(end, periods, period, purchase_family("nbd"), unit)


def test_periods_in_the_models_time_by_hand():
    # 2024-01-30 observed to its end: 1, then 29, then 31 days
    found = windows(date(2024, 1, 30), 3, "month")
    assert [(w.begin, w.length) for w in found] == [(0, 1), (1, 29), (30, 31)]
    weeks = windows(date(2024, 1, 30), 3, "month", "week")
    assert [(w.begin, w.length) for w in weeks] == [(0, 1 / 7), (1 / 7, 29 / 7), (30 / 7, 31 / 7)]
    # a month of the model has 30.4375 days, a month of the calendar its own
    months = windows(date(2023, 1, 31), 2, "month", "month")
    assert [(w.begin, w.length) for w in months] == [(0, 28 / 30.4375), (28 / 30.4375, 31 / 30.4375)]
    hours = windows(datetime(2024, 2, 29, 18, 0), 2, "day", "hour")
    assert [(w.begin, w.length) for w in hours] == [(0, 6), (6, 24)]
    years = windows(date(2023, 12, 31), 1, "year", "year")
    assert [(w.begin, w.length) for w in years] == [(0, 366 / 365.25)]


@pytest.mark.parametrize("grain", ["day", "hour"])
def test_a_period_holds_the_days_it_names_whatever_the_grain(grain):
    """T plus a period's begin is the age at the start of its first day, in both conventions.

    Somebody who first bought at 2024-01-10 00:00 is 20 days old when the label 2024-01-30 is reached. Days are observed
    to their end: with day grain T = 20 (dates count), with hours T = 21 (the end of the day); the purchases of January
    31 are dated 2024-01-31, 21 days after the first with day grain, and 21 to 22 days with hours.
    """
    log = pd.DataFrame({"customer_id": [1], "date": ["2024-01-10 00:00"], "amount": [5.0]})
    found = clv.rfm_summary(log, time_unit="day", event_grain=grain, observation_end="2024-01-30")
    T = found["T"].iloc[0]
    assert {"day": 20, "hour": 21}[grain] == T
    end = cash_flows.observed_until(found, None)
    assert end == date(2024, 1, 30)
    (first,) = windows(end, 1, "day")
    dated = 21.0 if grain == "day" else 21.5
    assert T + first.begin < dated <= T + first.begin + first.length


def test_the_first_period_is_what_is_left(pareto):
    whole_month = pareto.cash_flows(summary(None), 1, observation_end="1997-09-30")
    rest = pareto.cash_flows(summary(None), 1, observation_end="1997-10-21")
    count = pareto.purchases.expected_purchases(summary(), [31 / 7, 10 / 7]).sum()
    assert_allclose(whole_month["expected_purchases"], count.iloc[0], rtol=1e-12)
    assert_allclose(rest["expected_purchases"], count.iloc[1], rtol=1e-12)


# --- sums and an independent integral ------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.10, 1.5, -0.2])
@pytest.mark.parametrize(("periods", "period"), [(12, "month"), (90, "day"), (30, "year")])
def test_periods_add_up_to_the_value(whole, rate, periods, period):
    found = whole.cash_flows(summary(), periods, period, annual_discount_rate=rate)
    days = (found["period_end"].iloc[-1] - pd.Timestamp("1997-09-30")).days
    scored = whole.predict(summary(), horizon=days / 7, annual_discount_rate=rate)
    plain = whole.predict(summary(), horizon=days / 7, annual_discount_rate=0.0)
    revenue = (plain["expected_purchases"] * plain["expected_spend"]).sum()
    for name, total in {
        "expected_purchases": scored["expected_purchases"].sum(),
        "expected_revenue": revenue,
        "expected_profit": plain["clv"].sum(),
        "discounted_profit": scored["clv"].sum(),
    }.items():
        assert_allclose(found[name].sum(), total, rtol=1e-10, err_msg=name)


def test_customers_add_up_to_the_sums(whole):
    for margin in (None, "share"):
        each = whole.cash_flows(summary(), 5, "quarter", per_customer=True, margin=margin)
        together = whole.cash_flows(summary(), 5, "quarter", margin=margin)
        assert_allclose(each.groupby("period_start")[MONEY].sum(), together[MONEY], rtol=1e-13)
        totals = each.groupby("customer_id")["expected_profit"].sum()
        days = (together["period_end"].iloc[-1] - pd.Timestamp("1997-09-30")).days
        scored = whole.predict(summary(), days / 7, annual_discount_rate=0, margin=margin).set_index("customer_id")
        assert_allclose(totals, scored["clv"].sort_index(), rtol=1e-10)


def test_many_blocks_of_customers_are_as_one(whole, monkeypatch):
    expected = whole.cash_flows(summary(), 3, per_customer=True, margin="share")
    monkeypatch.setattr(cash_flows, "_BLOCK", 2)
    pd.testing.assert_frame_equal(
        whole.cash_flows(summary(), 3, per_customer=True, margin="share"), expected, rtol=1e-12
    )
    assert_allclose(
        whole.cash_flows(summary(), 3)[MONEY],
        expected_sum(whole.cash_flows(summary(), 3, per_customer=True)),
        rtol=1e-12,
    )


def expected_sum(each):
    return each.groupby("period_start")[MONEY].sum()


def rate_of_purchase(name, x, T, values, u):
    """The rate at T + u of somebody alive at T, from the papers, at 30 digits."""
    v = [mp.mpf(p) for p in values]
    k, z = v[0] + x, v[1] + T
    if name == "nbd":
        return k / z
    if name == "pareto_nbd":
        return k / z * ((v[3] + T) / (v[3] + T + u)) ** v[2]
    a, b = v[2], v[3] + x + (name == "mbg_nbd")
    return k / z * mp.hyp2f1(k + 1, a, a + b, -u / z)


# Windows far out, right after T, and much longer than all that came before; histories long and empty, T = 0.
WINDOWS = [(1 / 7, 4.25), (1e-3, 4.0), (500.0, 4.25), (500.0, 1 / 7), (4.0, 52.0)]
HISTORIES = [(0.0, 0.0), (0.0, 39.0), (3.0, 39.0), (26.0, 31.0), (400.0, 50.0)]


@pytest.mark.parametrize("begin_length", WINDOWS)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_discounted_window_beside_quadrature(name, begin_length):
    """Of everything: every family, rates ordinary, huge and negative, against the defining integral."""
    begin, length = begin_length
    family, values = purchase_family(name), tuple(PARAMETERS[name].values())
    for x, T in HISTORIES:
        for annual in (0.10, 20.0, -0.3):
            delta = math.log1p(annual) * 7 / 365.25
            found = discounted_window(
                lambda t, x=x, T=T: family.expected_purchases_alive(t, begin, *map(np.array, ([x], [T], [T])), *values),
                begin,
                length,
                delta,
            )
            with mp.workdps(30):
                true = mp.quad(
                    lambda u, x=x, T=T, delta=delta: mp.exp(-delta * u) * rate_of_purchase(name, x, T, values, u),
                    mp.linspace(begin, begin + length, 3),
                )
            assert_allclose(found, [float(true)], rtol=1e-11, err_msg=f"{x}, {T}, {annual}")


def test_a_window_of_no_length_holds_nothing():
    assert discounted_window(lambda t: np.array([t]), 3.0, 0.0, 0.1) == 0


def test_late_windows_keep_their_digits():
    """The last day of fifty years of somebody who all but left: differences of discounted values would be noise."""
    values = (0.5, 10.0, 6.0, 1.0)
    family, begin, length, delta = purchase_family("pareto_nbd"), 18_262.0, 1.0, math.log1p(0.1) / 365.25
    history = [np.array([v]) for v in (1.0, 0.0, 0.0)]
    window = cash_flows.Window(date(2074, 1, 1), date(2074, 1, 1), begin, length)
    ((_, _, (*_, found)),) = cash_flows.flows(family, values, [window], delta, history, np.array([1.0]), 1.0)
    with mp.workdps(30):
        alive = mp.exp(float(family.log_p_alive(*history, *values)[0]))
        true = alive * mp.quad(
            lambda u: mp.exp(-delta * u) * rate_of_purchase("pareto_nbd", 1, 0, values, u), [begin, begin + length]
        )
    assert_allclose(found, [float(true)], rtol=1e-11)


# --- margins, rates, infinities ------------------------------------------------------------------------------------


def test_rate_and_margin_in_hand_are_those_of_another_model(pareto):
    other = model_of("pareto_nbd", margin=0.45, annual_discount_rate=0.03)
    terms = {"annual_discount_rate": 0.03, "margin": 0.45}
    pd.testing.assert_frame_equal(pareto.predict(summary(), 52, **terms), other.predict(summary(), 52))
    for each in (False, True):
        pd.testing.assert_frame_equal(
            pareto.cash_flows(summary(), 4, per_customer=each, **terms),
            other.cash_flows(summary(), 4, per_customer=each),
        )
    assert pareto.margin == 0.3
    assert pareto.annual_discount_rate == 0.10


def test_a_refit_with_another_margin_is_an_override():
    log = clv.load_cdnow(sample=True)
    found = clv.rfm_summary(log, observation_end="1997-09-30")
    one = clv.CLVModel("bg_nbd", annual_discount_rate=0.2, margin=0.5).fit(found)
    other = clv.CLVModel("bg_nbd").fit(found)
    terms = {"annual_discount_rate": 0.2, "margin": 0.5}
    pd.testing.assert_frame_equal(one.predict(found), other.predict(found, **terms))
    pd.testing.assert_frame_equal(one.cash_flows(found), other.cash_flows(found, **terms))


def test_a_column_of_margins_is_each_customers_own(pareto):
    found = pareto.cash_flows(summary(), 2, per_customer=True, margin="share")
    share = np.repeat(summary()["share"].to_numpy(), 2)
    assert_allclose(found["expected_profit"], share * found["expected_revenue"], rtol=1e-14)
    one = pareto.cash_flows(summary(), 2, per_customer=True, margin=1.0)
    assert_allclose(found["discounted_profit"], share * one["discounted_profit"], rtol=1e-14)
    in_model = model_of("pareto_nbd", margin="share").cash_flows(summary(), 2, per_customer=True)
    pd.testing.assert_frame_equal(in_model, found)


def test_profit_without_a_rate_is_not_discounted(pareto):
    found = pareto.cash_flows(summary(), 6, annual_discount_rate=0.0)
    assert (found["discounted_profit"] == found["expected_profit"]).all()
    later = pareto.cash_flows(summary(), 6)
    assert (later["discounted_profit"] < later["expected_profit"]).all()
    assert np.all(np.diff(later["discounted_profit"] / later["expected_profit"]) < 0)


def test_boundless_spend_is_told_and_nothing_stays_nothing():
    purchases = clv.PurchaseModel.from_parameters("pareto_nbd", PARAMETERS["pareto_nbd"], time_unit="week")
    boundless = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 0.9, "v": 15.44})
    model = clv.CLVModel(purchases, boundless)
    with pytest.warns(clv.ClvWarning, match="infinite for 1 of 5 customers"):
        found = model.cash_flows(summary(), 2, per_customer=True)
    one_timer = found["customer_id"] == "0007"
    assert np.isinf(found.loc[one_timer, MONEY[1:]]).all(axis=None)
    assert np.isfinite(found.loc[~one_timer, MONEY]).all(axis=None)
    with pytest.warns(clv.ClvWarning):
        nothing = model.cash_flows(summary(), 2, margin=0.0)
    assert (nothing[["expected_profit", "discounted_profit"]] == 0).all(axis=None)
    assert np.isinf(nothing["expected_revenue"]).all()


# --- kinds of frames -----------------------------------------------------------------------------------------------

MAKE = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": lambda frame: frames.attach_facts(pa.Table.from_pandas(frame, preserve_index=False), FACTS),
}
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.Table}


@pytest.mark.parametrize("kind", MAKE)
def test_answers_in_the_callers_kind_and_order(kind, pareto):
    for each in (False, True):
        expected = pareto.cash_flows(summary(), 3, per_customer=each)
        found = pareto.cash_flows(MAKE[kind](summary()), 3, per_customer=each, observation_end="1997-09-30")
        assert isinstance(found, FRAMES[kind])
        assert frames.column_names(found) == [*["customer_id"] * each, "period_start", "period_end", *MONEY]
        for name in MONEY:
            np.testing.assert_array_equal(frames.numeric(found, name), expected[name])
        for name in ("period_start", "period_end"):
            days = found[name].to_pylist() if kind == "arrow" else list(found[name])
            assert [str(day)[:10] for day in days] == [str(day)[:10] for day in expected[name]]
        if each:
            ids = frames.identifiers(found)
            listed = ids.to_pylist() if kind == "arrow" else list(ids)
            assert listed == [i for i in ("0042", "0007", "1000", "0001", "0900") for _ in range(3)]


def test_dates_have_the_type_of_dates(pareto):
    assert pareto.cash_flows(summary(), 2)["period_start"].dtype.kind == "M"
    assert pareto.cash_flows(pl.from_pandas(summary()), 2, observation_end="1997-09-30")["period_end"].dtype == pl.Date
    assert pareto.cash_flows(MAKE["arrow"](summary()), 2).schema.field("period_start").type == pa.date32()


def test_an_index_may_hold_the_customers_or_anything(pareto):
    expected = pareto.cash_flows(summary(), 2, per_customer=True)
    indexed = summary().set_index("customer_id")
    indexed.attrs = summary().attrs
    pd.testing.assert_frame_equal(pareto.cash_flows(indexed, 2, per_customer=True), expected)
    odd = summary().set_axis([7, 7, 1, 2, 3])
    odd.attrs = summary().attrs
    pd.testing.assert_frame_equal(pareto.cash_flows(odd, 2, per_customer=True), expected)
    nameless = pareto.cash_flows(
        summary().drop(columns="customer_id"), 2, per_customer=True, observation_end="1997-09-30"
    )
    pd.testing.assert_frame_equal(nameless, expected.drop(columns="customer_id"))


def test_what_was_assumed_goes_with_the_frame(pareto):
    facts = json.loads(pareto.cash_flows(summary(), 2, "week", margin="share").attrs["clvmodels"])
    assert facts == {**FACTS, "period": "week", "annual_discount_rate": "0.1", "margin": "share"}


def test_nobody_brings_nothing(pareto):
    empty = summary().iloc[:0]
    empty.attrs = summary().attrs
    together = pareto.cash_flows(empty, 2)
    assert (together[MONEY] == 0).all(axis=None)
    assert len(together) == 2
    assert len(pareto.cash_flows(empty, 2, per_customer=True)) == 0


# --- refusals ------------------------------------------------------------------------------------------------------


def test_the_end_of_observation_must_be_known(pareto):
    with pytest.raises(
        clv.InvalidInput, match=r'found neither .*Write cash_flows\(summary, observation_end="2024-12-31"\)'
    ):
        pareto.cash_flows(pl.from_pandas(summary()))
    with pytest.raises(clv.InvalidInput, match="observation_end must be a date"):
        pareto.cash_flows(summary(None), observation_end="last week")
    with pytest.raises(clv.InvalidInput, match="the summary's observation_end must be a date"):
        pareto.cash_flows(summary({"time_unit": "week", "observation_end": "yesterday"}))


@pytest.mark.parametrize("other", ["1997-10-01", "1997-09-30 00:00", date(1998, 9, 30)])
def test_two_ends_of_observation_are_both_named(other, pareto):
    with pytest.raises(clv.InvalidInput, match=r"observation_end='.*' differs from that of the summary, '1997-09-30'"):
        pareto.cash_flows(summary(), observation_end=other)


@pytest.mark.parametrize("same", ["1997-09-30", date(1997, 9, 30)])
def test_the_same_end_twice_is_fine(same, pareto):
    pd.testing.assert_frame_equal(
        pareto.cash_flows(summary(), 2, observation_end=same), pareto.cash_flows(summary(), 2)
    )


@pytest.mark.parametrize("periods", [0, -1, 1.5, "12", None, True, math.nan])
def test_refuses_periods(periods, pareto):
    with pytest.raises(clv.InvalidInput, match="periods must be a whole number of at least 1; found"):
        pareto.cash_flows(summary(), periods)


@pytest.mark.parametrize("period", ["months", "hour", "M", None, ["month"]])
def test_refuses_a_period(period, pareto):
    with pytest.raises(clv.InvalidInput, match="period must be one of day, week, month, quarter, year; found"):
        pareto.cash_flows(summary(), 2, period)


def test_refuses_the_end_of_the_calendar(pareto):
    with pytest.raises(clv.InvalidInput, match="reach beyond the calendar: use fewer periods"):
        pareto.cash_flows(summary(), 9000, "year")
    with pytest.raises(clv.InvalidInput, match="reach beyond the calendar"):
        pareto.cash_flows(summary(None), 1, observation_end="9999-12-31")


def test_refuses_a_rate_and_a_margin(pareto):
    with pytest.raises(clv.InvalidInput, match="annual_discount_rate must be above -1"):
        pareto.cash_flows(summary(), annual_discount_rate=-1)
    with pytest.raises(clv.InvalidInput, match="margin must be finite"):
        pareto.cash_flows(summary(), margin=math.inf)
    with pytest.raises(clv.InvalidInput, match="no column 'profit'"):
        pareto.cash_flows(summary(), margin="profit")


def test_a_model_without_parameters_says_so():
    with pytest.raises(clv.NotFitted, match="call fit"):
        clv.CLVModel().cash_flows(summary())


# --- whole periods -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def donations():
    purchases = clv.PurchaseModel.from_parameters(
        bg_bb.FAMILY, {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, time_unit="year"
    )
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}))


def supporters():
    found = pd.DataFrame(
        {"customer_id": [1, 2], "frequency": [6, 1], "recency": [6, 3], "T": [6, 6], "monetary_value": [10.0, 50.0]}
    )
    found.attrs = {"clvmodels": json.dumps({"time_unit": "year", "observation_end": "2001-12-31"})}
    return found


def test_a_model_of_whole_periods_counts_them(donations):
    found = donations.cash_flows(supporters(), 5, "year", per_customer=True)
    assert list(found["period_start"].dt.year) == [2002, 2003, 2004, 2005, 2006] * 2
    scored = donations.predict(supporters(), horizon=5)
    assert_allclose(found.groupby("customer_id")["expected_purchases"].sum(), scored["expected_purchases"], rtol=1e-12)
    assert_allclose(found.groupby("customer_id")["discounted_profit"].sum(), scored["clv"], rtol=1e-12)


def test_a_model_of_whole_periods_cannot_cut_them(donations):
    with pytest.raises(clv.InvalidInput, match=r"BG/BB counts whole years .*expected period='year', found 'month'"):
        donations.cash_flows(supporters(), 5)
    odd = supporters()
    odd.attrs = {}
    with pytest.raises(clv.InvalidInput, match="expected observation to end with a calendar year, found 2001-06-30"):
        donations.cash_flows(odd, 5, "year", observation_end="2001-06-30")


def test_no_warning_of_its_own(pareto):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pareto.cash_flows(summary(), 3)
