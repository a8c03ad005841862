"""What the models refuse, and that the message says what was expected, what was found, how many and which first."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import clvmodels as clv

FAMILIES = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.5534, "alpha": 10.578, "s": 0.6061, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
}
NAMES = ["customer_id", "frequency", "recency", "T", "monetary_value"]


def summary(**changes) -> pd.DataFrame:
    """Four customers; changes are whole columns, ``...`` takes one out."""
    found = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "cid", "dan"],
            "frequency": [2.0, 0.0, 5.0, 1.0],
            "recency": [3.0, 0.0, 9.0, 1.0],
            "T": [10.0, 10.0, 12.0, 8.0],
            "monetary_value": [5.0, math.nan, 20.0, 11.5],
        }
    )
    for name, values in changes.items():
        if values is ...:
            del found[name]
        else:
            found[name] = values
    return found


def labelled(unit: str, **changes) -> pd.DataFrame:
    found = summary(**changes)
    found.attrs = {"clvmodels": json.dumps({"time_unit": unit})}
    return found


def with_facts(frame, unit):
    frame.attrs = {"clvmodels": json.dumps({"time_unit": unit})}
    return frame


@pytest.fixture(scope="module", params=FAMILIES)
def model(request):
    return clv.PurchaseModel.from_parameters(request.param, FAMILIES[request.param], time_unit="week")


@pytest.fixture(scope="module")
def bg():
    return clv.PurchaseModel.from_parameters("bg_nbd", FAMILIES["bg_nbd"], time_unit="week")


@pytest.fixture(scope="module")
def spend():
    return clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})


@pytest.fixture(scope="module")
def whole(bg, spend):
    return clv.CLVModel(bg, spend)


def refusals(frame, message, error=clv.InvalidInput):
    """Every way into the models refuses the frame with the same message: fit, predict, each question."""
    bg = clv.PurchaseModel.from_parameters("bg_nbd", FAMILIES["bg_nbd"], time_unit="week")
    whole = clv.CLVModel(bg, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}))
    for call in (
        lambda: clv.PurchaseModel("pareto_nbd", time_unit="week").fit(frame),
        lambda: clv.CLVModel("bg_nbd", time_unit="week").fit(frame),
        lambda: bg.p_alive(frame),
        lambda: bg.expected_purchases(frame, 39),
        lambda: bg.purchase_pmf(frame, 1, horizon=3),
        lambda: bg.discounted_expected_purchases(frame),
        lambda: bg.log_likelihood(frame),
        lambda: whole.predict(frame, horizon=52),
    ):
        with pytest.raises(error, match=message):
            call()


# --- the summary ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"T": ...}, r"no column 'T'; the columns found are 'customer_id', 'frequency', 'recency', 'monetary_value'"),
        ({"frequency": ...}, "no column 'frequency'"),
        ({"recency": ["1", "2", "3", "4"]}, r"column 'recency' must hold numbers; found \w+ \(such as '1'\)"),
        ({"T": [1, "x", 2, 3]}, "column 'T' must hold numbers; found object"),
        ({"T": pd.Timestamp("2024-01-01")}, "column 'T' must hold numbers"),
        ({"T": pd.to_timedelta([9, 9, 9, 9], unit="D")}, "column 'T' must hold numbers"),
        ({"frequency": [True, False, True, True]}, "column 'frequency' must hold numbers; found bool"),
        ({"frequency": [2, -1, -3, 1]}, r"frequency must not be negative: 2 of 4 .*'bob' \(frequency=-1\)"),
        ({"frequency": [2, 0, 1.5, 2.5]}, r"frequency must be a whole number.*: 2 of 4 .*'cid' \(frequency=1.5\)"),
        ({"recency": [3, 0, -0.5, 1]}, r"recency must not be negative: 1 of 4 .*'cid' \(recency=-0.5\)"),
        ({"T": [10, 10, 12, math.nan]}, r"T must be a finite number: 1 of 4 .*'dan' \(T=nan\)"),
        ({"T": [10, math.inf, 12, 8]}, r"T must be a finite number: 1 of 4 .*'bob' \(T=inf\)"),
        ({"frequency": [2, 0, math.inf, 1]}, r"frequency must be a finite number: 1 of 4 .*'cid'"),
        ({"frequency": pd.array([2, None, 5, 1], dtype="Int64")}, r"frequency must be a finite number: 1 of 4.*'bob'"),
        ({"recency": [3, 0, -math.inf, 1]}, r"recency must be a finite number"),
        (
            {"T": [2.0, 10, 12, 0.9]},
            r"recency must not exceed T: 2 of 4 .*'ann' \(recency=3, T=2\).*observation_end earlier",
        ),
        ({"recency": [3, 0.5, 9, 1]}, r"recency must be 0 where frequency is 0.*: 1 of 4 .*'bob' \(recency=0.5\)"),
        (
            {"customer_id": ["ann", "bob", "ann", "ann"]},
            r"one row per customer: 2 of 4 rows repeat a customer_id, first customer_id='ann'",
        ),
    ],
)
def test_refuses_a_summary(changes, message):
    frame = summary(**changes)
    if "customer_id" in changes:  # a question about rows does not mind whose they are
        for call in (
            lambda: clv.PurchaseModel("nbd", time_unit="week").fit(frame),
            lambda: clv.SpendModel().fit(frame),
            lambda: clv.CLVModel("nbd", time_unit="week").fit(frame),
        ):
            with pytest.raises(clv.InvalidInput, match=message):
                call()
        return
    refusals(frame, message)
    if not any(isinstance(v, pd.DatetimeIndex | pd.Timestamp) for v in changes.values()) and "T" not in changes:
        refusals(pa.Table.from_pandas(frame.drop(columns="customer_id"), preserve_index=False), message.split(":")[0])


@pytest.mark.parametrize(
    ("money", "message"),
    [
        ([5.0, math.nan, math.nan, 11.5], r"monetary_value must be there .*: 1 of 4 .*'cid' \(monetary_value=nan\)"),
        ([5.0, math.nan, -20.0, -1.0], r"monetary_value must not be negative .*: 2 of 4 .*'cid'.*=-20\)"),
        ([5.0, math.nan, math.inf, 11.5], r"monetary_value must be finite: 1 of 4 .*'cid'"),
        (["5", "x", "y", "z"], r"column 'monetary_value' must hold numbers"),
    ],
)
def test_refuses_spend(money, message, whole, spend):
    frame = summary(monetary_value=money)
    for call in (
        lambda: clv.SpendModel().fit(frame),
        lambda: spend.expected_spend(frame),
        lambda: clv.CLVModel(whole.purchases).fit(frame),
        lambda: whole.predict(frame),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            call()


def test_a_summary_without_money_is_enough_for_purchases_only(bg, whole, spend):
    frame = summary(monetary_value=...)
    assert len(bg.p_alive(frame)) == 4
    for call in (
        lambda: spend.expected_spend(frame),
        lambda: whole.predict(frame),
        lambda: clv.SpendModel().fit(frame),
    ):
        with pytest.raises(clv.InvalidInput, match="no column 'monetary_value'"):
            call()


def test_rows_are_named_by_position_where_there_is_no_identifier(bg):
    with pytest.raises(clv.InvalidInput, match=r"2 of 4 customers violate it, first row 1 \(frequency=-1\)"):
        bg.p_alive(summary(customer_id=..., frequency=[1, -1, -1, 1]))


@pytest.mark.parametrize("source", [None, 3, [1], {"T": [1.0]}, summary()["T"], np.ones((2, 3)), b"x", summary])
def test_refuses_what_is_no_frame(source, bg, whole):
    for call in (lambda: bg.p_alive(source), lambda: whole.predict(source), lambda: bg.fit(source)):
        with pytest.raises(clv.InvalidInput, match=r"expected a pandas DataFrame.*; found "):
            call()


def test_rounding_between_recency_and_age_is_forgiven(bg):
    near = summary(recency=[10 + 1e-12, 0.0, 12 + 2e-15, 8.0])
    exact = summary(recency=[10.0, 0.0, 12.0, 8.0])
    pd.testing.assert_series_equal(bg.p_alive(near), bg.p_alive(exact), check_exact=True)
    with pytest.raises(clv.InvalidInput, match="recency must not exceed T: 1 of 4"):
        bg.p_alive(summary(recency=[10 + 1e-6, 0.0, 9.0, 1.0]))


# --- units ---------------------------------------------------------------------------------------------------------


def test_a_model_in_weeks_refuses_a_summary_in_days(bg, whole):
    days = labelled("day")
    for call in (
        lambda: bg.p_alive(days),
        lambda: bg.expected_purchases(days, 39),
        lambda: bg.log_likelihood(days),
        lambda: whole.predict(days),
        lambda: clv.PurchaseModel("bg_nbd", time_unit="week").fit(days),
        lambda: clv.CLVModel("bg_nbd", time_unit="week").fit(days),
    ):
        with pytest.raises(clv.UnitMismatch, match=r"week.*day.*summarise again with time_unit='week'"):
            call()
    table = pa.Table.from_pandas(summary()).replace_schema_metadata({"clvmodels": '{"time_unit": "day"}'})
    with pytest.raises(clv.UnitMismatch, match="day"):
        bg.p_alive(table)


def test_no_unit_anywhere_is_refused_with_the_line_to_write():
    with pytest.raises(clv.UnitMismatch, match=r'Write PurchaseModel\("nbd", time_unit="week"\) if a week is 1.0'):
        clv.PurchaseModel("nbd").fit(summary())
    with pytest.raises(clv.UnitMismatch, match="found neither"):
        clv.CLVModel("nbd").fit(pl.from_pandas(summary()))


def test_the_line_to_write_is_that_of_the_model_in_hand():
    with pytest.raises(clv.UnitMismatch, match=r"CLVModel\("):
        clv.CLVModel("nbd").fit(summary())


def test_the_keyword_reaches_an_unfitted_purchase_model():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        model = clv.CLVModel(clv.PurchaseModel("nbd"), time_unit="week").fit(summary())
    assert model.purchases.time_unit == "week"


@pytest.mark.parametrize("unit", ["fortnight", "weeks", "", "WEEK", 7, b"week", ["week"]])
def test_refuses_an_unknown_unit(unit):
    for make in (
        lambda: clv.PurchaseModel("nbd", time_unit=unit),
        lambda: clv.CLVModel("nbd", time_unit=unit),
        lambda: clv.PurchaseModel.from_parameters("nbd", FAMILIES["nbd"], time_unit=unit),
    ):
        with pytest.raises(clv.InvalidInput, match="time_unit must be one of hour, day, week, month, year; found"):
            make()


def test_refuses_an_unknown_unit_in_the_facts():
    with pytest.raises(clv.InvalidInput, match="fortnight"):
        clv.PurchaseModel("nbd").fit(labelled("fortnight"))


def test_from_parameters_needs_a_unit():
    with pytest.raises(clv.InvalidInput, match="time_unit"):
        clv.PurchaseModel.from_parameters("nbd", FAMILIES["nbd"], time_unit=None)


@pytest.fixture(scope="module")
def weekly():
    log = clv.load_cdnow(sample=True)
    return clv.rfm_summary(log, observation_end="1997-09-30").iloc[::6]


def test_an_unlabelled_summary_that_looks_like_another_unit_warns(weekly):
    model = clv.PurchaseModel("bg_nbd").fit(weekly)
    bare = pd.DataFrame(weekly.to_dict("list"))
    assert bare.attrs == {}
    model.p_alive(bare)  # as large as what was fitted on: no warning
    days = bare.assign(recency=bare["recency"] * 7, T=bare["T"] * 7)
    whole = clv.CLVModel(model, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6, "q": 4, "v": 15}))
    for call in (lambda: model.p_alive(days), lambda: whole.predict(days)):
        with pytest.warns(clv.ClvWarning, match=r"taken to be in weeks.* largest T is 27\d, against 38\.86"):
            call()
    with pytest.warns(clv.ClvWarning, match="largest T"):
        model.expected_purchases(bare.assign(recency=bare["recency"] / 4.35, T=bare["T"] / 4.35), 12)


def test_warnings_point_at_the_callers_line(weekly):
    model = clv.PurchaseModel("bg_nbd").fit(weekly)
    days = pd.DataFrame(weekly.to_dict("list")).assign(T=weekly["T"].to_numpy() * 7)
    whole = clv.CLVModel(model, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6, "q": 4, "v": 15}))
    for call in (
        lambda: whole.predict(days),
        lambda: model.log_likelihood(days),
        lambda: model.p_alive(days),
        lambda: model.expected_purchases(days.assign(T=model.largest_trained), math.inf),
    ):
        with pytest.warns(clv.ClvWarning) as seen:
            call()
        assert [warning.filename for warning in seen] == [__file__]


# --- horizons, rates, margins, counts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("horizon", "message"),
    [
        (-1, r"horizon must be a number of at least 0; found -1\.0"),
        (math.nan, "horizon must be a number of at least 0; found nan"),
        (-math.inf, "horizon must be a number of at least 0; found -inf"),
        ([1, -2, -3], r"horizon must be a number of at least 0: 2 of 3 violate it, first -2\.0"),
        ([1, math.nan], r"horizon must be a number of at least 0: 1 of 2 violate it, first nan"),
        (np.array([1.0, -2, 1, 1]), r"horizon must be a number of at least 0: 1 of 4 violate it, first -2\.0"),
        (np.ones(3), r"horizon must have one value per row of the summary: expected 4, found \(3,\)"),
        (pd.Series([1.0] * 5), r"expected 4, found \(5,\)"),
        (np.ones((4, 1)), r"expected 4, found \(4, 1\)"),
        ("months", "no column 'months'"),
        ("customer_id", "column 'customer_id' must hold numbers"),
        (["a"], "horizon must be a number"),
        ([[1, 2], [3]], "horizon must be a number"),
        ({"a": 1}, "horizon must be"),
        (pd.Timedelta("7D"), "horizon must be a number in the model's time unit"),
        (pd.Series([1, None, 2, 3], dtype="Int64"), "horizon must be a number of at least 0: 1 of 4"),
    ],
)
def test_refuses_a_horizon(horizon, message, bg, whole):
    frame = summary()
    for call in (
        lambda: bg.expected_purchases(frame, horizon),
        lambda: bg.discounted_expected_purchases(frame, horizon),
        lambda: bg.probability_of_purchase(frame, horizon),
        lambda: whole.predict(frame, horizon=horizon),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            call()


def test_refuses_a_column_of_horizons_that_are_none(bg):
    with pytest.raises(clv.InvalidInput, match=r"horizon must be a number of at least 0: 2 of 4 violate it, first -1"):
        bg.expected_purchases(summary(ahead=[1, -1, math.nan, 2]), "ahead")


def test_refuses_spans_of_time_as_horizons(bg):
    with pytest.raises(clv.InvalidInput, match="horizon must be"):
        bg.expected_purchases(summary(), pd.Series(pd.to_timedelta([1, 2, 3, 4], unit="D")))


def test_refuses_several_of_what_must_be_one(bg):
    with pytest.raises(clv.InvalidInput, match=r"start must be one finite number; found \[1, 2\]"):
        bg.expected_purchases(summary(), 3, start=[1, 2])
    for call in (
        lambda: bg.purchase_pmf(summary(), [1, 2], horizon=[1, 2]),
        lambda: bg.purchase_quantile(summary(), [0.5, 0.9], horizon=[1, 2]),
        lambda: bg.purchase_pmf(summary(), np.array([1, 1, 1, 1]), horizon=[1, 2]),
    ):
        with pytest.raises(clv.InvalidInput, match=r"horizon must be one number where another list makes the columns"):
            call()


@pytest.mark.parametrize("start", [-1, math.nan, math.inf, "T", None])
def test_refuses_a_start(start, bg):
    with pytest.raises(clv.InvalidInput, match="start must be"):
        bg.expected_purchases(summary(), 39, start=start)


@pytest.mark.parametrize("after", [-1, math.nan, -math.inf, "x", [1, -1]])
def test_refuses_times_at_which_to_be_alive(after, model):
    with pytest.raises(clv.InvalidInput, match=r"after must be|no column 'x'"):
        model.p_alive(summary(), after=after)
    with pytest.raises(clv.InvalidInput, match=r"until must be|no column 'x'"):
        model.p_alive_if_no_purchase(summary(), until=after)


@pytest.mark.parametrize("n", [-1, 1.5, math.nan, math.inf, [0, 0.5], [1, -1], "x", np.array([1, 2, 3, 0.5])])
def test_refuses_counts(n, bg):
    with pytest.raises(clv.InvalidInput, match=r"n must be|no column 'x'"):
        bg.purchase_pmf(summary(), n, horizon=3)


def test_refuses_counts_of_a_new_customer(bg):
    for n in (1.5, math.inf):
        with pytest.raises(clv.InvalidInput, match="n must be"):
            bg.new_customer().purchase_pmf(n, 3)


@pytest.mark.parametrize("horizon", [-1, math.nan, math.inf, "no such column", None])
def test_refuses_a_horizon_of_counts(horizon, bg):
    for call in (
        lambda: bg.purchase_pmf(summary(), 1, horizon=horizon),
        lambda: bg.new_customer().purchase_pmf(1, horizon=horizon),
    ):
        with pytest.raises(clv.InvalidInput, match=r"horizon|no column"):
            call()


@pytest.mark.parametrize("rate", [-1, -1.0001, -7, math.nan, math.inf, -math.inf, "much", None, [0.1], 0.1j])
def test_refuses_a_rate(rate, bg, spend, whole):
    for call in (
        lambda: bg.discounted_expected_purchases(summary(), 52, annual_discount_rate=rate),
        lambda: bg.new_customer().discounted_expected_purchases(52, annual_discount_rate=rate),
        lambda: clv.CLVModel(bg, spend, annual_discount_rate=rate),
        lambda: whole.predict(summary(), annual_discount_rate="" if rate is None else rate),
    ):
        with pytest.raises(clv.InvalidInput, match=r"annual_discount_rate must be .*found"):
            call()


@pytest.mark.parametrize("horizon", [math.inf, [1, math.inf], np.array([1, 2, math.inf, 3])])
def test_a_negative_rate_needs_an_end(horizon, bg, spend, whole):
    message = r"negative annual_discount_rate \(-0.05\) has no finite value over an infinite horizon: give a finite"
    for call in (
        lambda: bg.discounted_expected_purchases(summary(), horizon, annual_discount_rate=-0.05),
        lambda: whole.predict(summary(), horizon, annual_discount_rate=-0.05),
        lambda: clv.CLVModel(bg, spend, annual_discount_rate=-0.05).predict(summary(), horizon),
    ):
        with pytest.raises(clv.InvalidInput, match=message):
            call()
    more = whole.predict(summary(), 52, annual_discount_rate=-0.05)["clv"]
    assert (more > whole.predict(summary(), 52, annual_discount_rate=0.0)["clv"]).all()


@pytest.mark.parametrize("margin", [math.nan, math.inf, -math.inf, None, [0.3], 0.1j, np.array([0.1] * 4)])
def test_refuses_a_margin(margin, bg, spend, whole):
    with pytest.raises(clv.InvalidInput, match="margin must be"):
        clv.CLVModel(bg, spend, margin=margin)
    if margin is not None:
        with pytest.raises(clv.InvalidInput, match="margin must be"):
            whole.predict(summary(), margin=margin)


def test_refuses_a_column_of_margins(whole):
    with pytest.raises(clv.InvalidInput, match="no column 'share'"):
        whole.predict(summary(), margin="share")
    with pytest.raises(clv.InvalidInput, match="column 'customer_id' must hold numbers"):
        whole.predict(summary(), margin="customer_id")
    message = r"share is the margin and must be finite: 2 of 4 customers violate it, first .*'bob' \(share=nan\)"
    with pytest.raises(clv.InvalidInput, match=message):
        whole.predict(summary(share=[0.1, math.nan, math.nan, 0.2]), margin="share")


def test_a_column_of_margins_is_checked_like_any_column(whole):
    with pytest.raises(clv.InvalidInput, match=r"1 of 4 .*'bob'"):
        whole.predict(summary(share=[0.1, math.inf, 0.3, 0.2]), margin="share")


@pytest.mark.filterwarnings("ignore::clvmodels.ClvWarning")
@pytest.mark.parametrize("endless", ["spend", "purchases"])
def test_no_margin_is_no_value(endless, bg, spend):
    boundless = clv.SpendModel.from_parameters("gamma_gamma", {"p": 0.1, "q": 0.5, "v": 15.0})
    model = clv.CLVModel(bg, boundless if endless == "spend" else spend, margin=0)
    horizon = 52 if endless == "spend" else math.inf
    scored = model.predict(summary(), horizon, annual_discount_rate=0.0)
    assert (scored["clv"] == 0).all()


# --- weights, levels, families, parameters ----------------------------------------------------------------------------


COUNTS = r"weights must be numbers of customers, from 0 to 1e\+15"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1, 1, -2], rf"{COUNTS}: 2 of 4 .*'bob' \(weights=-1\)"),
        (
            [1, 1, math.nan, 1],
            rf"{COUNTS}: 1 of 4 .*'cid' \(weights=nan\)",
        ),
        (
            [1, 1, math.inf, 1],
            rf"{COUNTS}: 1 of 4 .*'cid' \(weights=inf\)",
        ),
        ([1, 1, 1], r"weights must have one value per row of the summary: expected 4, found \(3,\)"),
        (2, r"expected 4, found \(\)"),
        ("many", "no column 'many'"),
        ("customer_id", "must hold numbers"),
        (["a", "b", "c", "d"], r"weights must be numbers or the name of a column; found \['a', 'b', 'c', 'd'\]"),
    ],
)
def test_refuses_weights(weights, message):
    for make in (lambda: clv.PurchaseModel("nbd", time_unit="week"), clv.SpendModel):
        with pytest.raises(clv.InvalidInput, match=message):
            make().fit(summary(), weights=weights)
    with pytest.raises(clv.InvalidInput, match=message):
        clv.CLVModel("nbd", time_unit="week").fit(summary(), weights=weights)


def test_weights_of_nothing_leave_nobody():
    for make in (lambda: clv.PurchaseModel("nbd", time_unit="week"), clv.SpendModel):
        with pytest.raises(clv.NotEnoughData):
            make().fit(summary(), weights=[0, 0, 0, 0])


@pytest.mark.filterwarnings("ignore::clvmodels.ClvWarning")
@pytest.mark.parametrize("level", [0, 1, -0.5, 1.5, 95, math.nan, math.inf])
def test_refuses_a_level(level):
    model = clv.PurchaseModel("nbd", time_unit="week").fit(summary())
    with pytest.raises(clv.InvalidInput, match=r"level must lie between 0 and 1, for example 0.95; found"):
        model.confidence_intervals(level)


@pytest.mark.filterwarnings("ignore::clvmodels.ClvWarning")
def test_refuses_a_level_that_is_no_number():
    model = clv.PurchaseModel("nbd", time_unit="week").fit(summary())
    with pytest.raises(clv.InvalidInput, match="level"):
        model.confidence_intervals("95%")


@pytest.mark.parametrize("family", ["os", "BG/NBD", "", "gamma_gamma", "../bg_nbd", "contract", "bg_nbd.FAMILY"])
def test_refuses_an_unknown_family(family):
    with pytest.raises(clv.InvalidInput, match="expected one of bg_nbd, mbg_nbd, pareto_nbd, nbd"):
        clv.PurchaseModel(family)
    with pytest.raises(clv.InvalidInput, match="expected one of bg_nbd"):
        clv.CLVModel(family)
    if family != "gamma_gamma":
        with pytest.raises(clv.InvalidInput, match="expected one of gamma_gamma"):
            clv.SpendModel(family)


def test_refuses_a_family_of_the_other_sort(bg, spend):
    for wrong in (spend.family, spend, None, 3, dict):
        with pytest.raises(clv.InvalidInput, match="family must be a name or a PurchaseFamily; found"):
            clv.PurchaseModel(wrong)
    for wrong in (bg.family, bg, None):
        with pytest.raises(clv.InvalidInput, match="family must be a name or a SpendFamily; found"):
            clv.SpendModel(wrong)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"r": 0}, "parameter r must be finite and above 0; found 0"),
        ({"r": -1.0}, "parameter r must be finite and above 0; found -1"),
        ({"b": math.nan}, "parameter b must be finite and above 0; found nan"),
        ({"alpha": math.inf}, "parameter alpha must be finite and above 0; found inf"),
        ({"a": "x"}, "parameter a must be a number; found x"),
        ({"a": None}, "parameter a must be a number; found None"),
        ({"c": 1.0}, "BG/NBD has the parameters r, alpha, a, b; found r, alpha, a, b, c"),
        ({"r": ...}, "BG/NBD has the parameters r, alpha, a, b; found alpha, a, b"),
    ],
)
def test_refuses_parameters(changes, message):
    given = {k: v for k, v in (FAMILIES["bg_nbd"] | changes).items() if v is not ...}
    with pytest.raises(clv.InvalidInput, match=message):
        clv.PurchaseModel.from_parameters("bg_nbd", given, time_unit="week")
    with pytest.raises(clv.InvalidInput, match="Gamma-Gamma has the parameters p, q, v"):
        clv.SpendModel.from_parameters("gamma_gamma", given)


def test_parameters_may_come_in_any_order(bg):
    backwards = dict(reversed(FAMILIES["bg_nbd"].items()))
    model = clv.PurchaseModel.from_parameters("bg_nbd", backwards, time_unit="week")
    assert list(model.parameters) == ["r", "alpha", "a", "b"]
    assert model.p_alive(summary()).to_list() == bg.p_alive(summary()).to_list()


@pytest.mark.parametrize("given", [None, 3, {"r": 10**400, "alpha": 1.0}])
def test_refuses_parameters_of_no_kind(given):
    with pytest.raises(clv.InvalidInput):
        clv.PurchaseModel.from_parameters("nbd", given, time_unit="week")


def test_an_unfitted_model_says_so():
    for model in (clv.PurchaseModel("bg_nbd", time_unit="week"), clv.SpendModel()):
        for what in (lambda model=model: model.parameters, lambda model=model: model.fit_report):
            with pytest.raises(clv.NotFitted, match=r"no parameters yet: call fit\(summary\) first"):
                what()
    purchases, spend = clv.PurchaseModel("bg_nbd", time_unit="week"), clv.SpendModel()
    for call in (
        lambda: purchases.p_alive(summary()),
        lambda: purchases.expected_purchases(summary(), 39),
        lambda: purchases.discounted_expected_purchases(summary()),
        lambda: purchases.new_customer(),
        lambda: purchases.simulate(3, 10),
        lambda: purchases.confidence_intervals(),
        lambda: purchases.standard_errors,
        lambda: spend.expected_spend(summary()),
        lambda: spend.population_mean,
        lambda: clv.CLVModel().predict(summary()),
    ):
        with pytest.raises(clv.NotFitted):
            call()


def test_given_parameters_have_no_report(bg, spend):
    for model in (bg, spend):
        for what in (
            lambda model=model: model.fit_report,
            lambda model=model: model.standard_errors,
            lambda model=model: model.confidence_intervals(),
        ):
            with pytest.raises(clv.NotAvailable, match="the parameters were given, not estimated"):
                what()


def test_errors_are_also_what_one_would_expect():
    assert issubclass(clv.InvalidInput, ValueError)
    for error in (clv.NotEnoughData, clv.UnitMismatch, clv.UnreadableModel):
        assert issubclass(error, clv.InvalidInput)
    for error in (clv.InvalidInput, clv.NotFitted, clv.NotAvailable):
        assert issubclass(error, clv.ClvError)


# --- nothing to learn from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_and_nobody_twice_is_not_enough(family):
    for frame, message in (
        (summary().head(0), "at least one row"),
        (summary(frequency=0, recency=0.0), "nobody came back: all 4 customers have frequency 0"),
    ):
        with pytest.raises(clv.NotEnoughData, match=message):
            clv.PurchaseModel(family, time_unit="week").fit(frame)
        with pytest.raises(clv.NotEnoughData):
            clv.CLVModel(family, time_unit="week").fit(frame)
        with pytest.raises(clv.NotEnoughData, match="nobody came back and paid"):
            clv.SpendModel().fit(frame)
    with pytest.raises(clv.NotEnoughData, match=r"of 4 customers 3 have frequency > 0 and none of them"):
        clv.SpendModel().fit(summary(monetary_value=0.0))


@pytest.mark.parametrize("family", FAMILIES)
def test_too_few_give_an_answer_and_a_warning(family):
    for frame in (summary(), summary().head(1), summary().iloc[[0, 1]]):
        with pytest.warns(clv.ClvWarning, match="only . customers? ever came back, too few to learn from"):
            model = clv.PurchaseModel(family, time_unit="week").fit(frame)
        assert not model.fit_report.converged
        assert all(math.isfinite(value) and value > 0 for value in model.parameters.values())
        assert model.p_alive(frame).between(0, 1).all()
        with pytest.warns(clv.ClvWarning, match="too few to learn from"):
            spend = clv.SpendModel().fit(frame)
        assert all(math.isfinite(value) and value > 0 for value in spend.parameters.values())


@pytest.mark.filterwarnings("ignore::clvmodels.ClvWarning")
def test_customers_of_this_very_moment_say_nothing_of_their_pace(model):
    """T = 0 is legal, and so is x ≥ 1 with t_x = 0: they are scored, and some among others are fitted."""
    moment = summary(recency=0.0, T=0.0)
    with pytest.raises(clv.NotEnoughData, match=r"all 4 customers were observed for no time at all \(T = 0\)"):
        clv.PurchaseModel(model.family.name, time_unit="week").fit(moment)
    assert model.p_alive(moment).between(0, 1).all()
    some = summary(recency=[3.0, 0.0, 0.0, 1.0], T=[10.0, 10.0, 0.0, 8.0])
    assert clv.PurchaseModel(model.family.name, time_unit="week").fit(some).fit_report.n_customers == 4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", ["weights", "money"])
def test_absurd_sizes_are_refused_or_fitted(what):
    try:
        if what == "weights":
            clv.PurchaseModel("bg_nbd", time_unit="week").fit(summary(), weights=[1e308] * 4)
        else:
            clv.SpendModel().fit(summary(monetary_value=[1e300, math.nan, 1.0, 1e-300]))
    except clv.ClvError:
        pass


def test_a_failed_fit_leaves_the_model_as_it_was(weekly):
    model = clv.PurchaseModel("bg_nbd").fit(weekly)
    before = model.parameters
    with pytest.raises(clv.InvalidInput):
        model.fit(weekly.assign(frequency=-1))
    assert model.parameters == before


def test_a_fit_is_its_own_and_not_that_of_the_time_before(weekly):
    model = clv.PurchaseModel("bg_nbd").fit(weekly)
    half = with_facts(weekly.iloc[::2], "week")
    assert model.fit(half).parameters == clv.PurchaseModel("bg_nbd").fit(half).parameters


def test_a_second_fit_of_named_families_learns_anew(weekly):
    half = with_facts(weekly.iloc[::2], "week")
    again = clv.CLVModel("bg_nbd").fit(weekly).fit(half)
    assert again.purchases.parameters == clv.CLVModel("bg_nbd").fit(half).purchases.parameters


# --- little data is not bad input -------------------------------------------------------------------------------------


def test_nothing_ahead_is_nothing(model, spend):
    frame = summary()
    assert (model.expected_purchases(frame, 0) == 0).all()
    assert (model.expected_purchases(frame, 0, start=5) == 0).all()
    assert (model.discounted_expected_purchases(frame, 0) == 0).all()
    assert (model.probability_of_purchase(frame, 0) == 0).all()
    assert (model.purchase_pmf(frame, 0, horizon=0) == 1).all()
    assert (model.purchase_pmf(frame, 1, horizon=0) == 0).all()
    assert (clv.CLVModel(model, spend).predict(frame, horizon=0)["clv"] == 0).all()
    assert model.new_customer().expected_purchases(0) == 0
    pd.testing.assert_series_equal(
        model.p_alive_if_no_purchase(frame, until=0), model.p_alive(frame), check_names=False
    )


def test_no_rows_in_no_rows_out(model, spend):
    for frame in (summary().head(0), pl.from_pandas(summary()).head(0), pa.Table.from_pandas(summary()).slice(0, 0)):
        for found in (
            model.p_alive(frame),
            model.p_alive(frame, after=3),
            model.p_alive_if_no_purchase(frame, until=3),
            model.expected_purchases(frame, 39),
            model.expected_purchases(frame, [1, 39], start=2),
            model.expected_purchases(frame, np.ones(0)),
            model.expected_purchases(frame, "T"),
            model.discounted_expected_purchases(frame, 39, annual_discount_rate=0),
            model.probability_of_purchase(frame, 39),
            model.purchase_pmf(frame, [0, 1], horizon=3),
            model.log_likelihood(frame),
            spend.expected_spend(frame),
        ):
            assert len(found) == 0


def test_no_rows_are_worth_nothing(model, spend):
    for frame in (summary().head(0), pl.from_pandas(summary()).head(0), pa.Table.from_pandas(summary()).slice(0, 0)):
        assert len(clv.CLVModel(model, spend).predict(frame, horizon=[1, 52])) == 0
        assert len(model.discounted_expected_purchases(frame)) == 0
        assert len(model.discounted_expected_purchases(frame, 39)) == 0


def test_an_empty_frame_without_types_is_an_empty_summary(whole):
    assert len(whole.predict(pd.DataFrame(columns=NAMES))) == 0


def test_one_customer_can_be_scored(model, spend):
    whole = clv.CLVModel(model, spend)
    together = whole.predict(summary(), horizon=52).set_index("customer_id")
    for i in range(4):
        alone = whole.predict(summary().iloc[[i]], horizon=52).set_index("customer_id")
        pd.testing.assert_frame_equal(alone, together.iloc[[i]], rtol=1e-9)


def test_the_callers_frame_is_not_touched(model, spend):
    frame = labelled("week", recency=[10 + 1e-12, 0.0, 9.0, 1.0])
    before, attrs = frame.copy(deep=True), dict(frame.attrs)
    clv.CLVModel(model, spend).predict(frame, horizon=52)
    model.expected_purchases(frame, [1, 2])
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == attrs
