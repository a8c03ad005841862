"""Summaries under lifetimes' names: as there where that is right."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat.lifetimes import LifetimesDifference, differences, utils
from clvmodels.compat.lifetimes.asking import time_unit_of
from clvmodels.compat.lifetimes.datasets import load_transaction_data
from clvmodels.frames import FACTS_KEY, read_facts


def there(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """What the original gives, which is older than pandas 2."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*arguments, **keywords)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found.assign(), expected, rtol=1e-9, check_flags=False)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """3,000 lines of 400 customers in 2014, with times of day, in no order; a tenth on the day of another line."""
    generator = np.random.default_rng(20140101)
    seconds = generator.integers(0, 365 * 86_400, 3000)
    seconds[2700:] = seconds[:300] // 86_400 * 86_400 + generator.integers(0, 86_400, 300)
    customer = generator.integers(0, 400, 3000) * 7 + 3
    customer[2700:] = customer[:300]
    return pd.DataFrame(
        {
            "n": np.arange(3000),
            "customer": customer,
            "date": pd.Timestamp("2014-01-01") + pd.to_timedelta(seconds, unit="s"),
            "amount": generator.gamma(2, 10, 3000).round(2),
        }
    )


# and whether the first purchase counts
ENDS = ((None, False), ("2014-12-31", True), ("2014-06-15 13:30", False), (pd.Timestamp("2015-02-01"), False))


@pytest.mark.parametrize("money", [None, "amount"])
@pytest.mark.parametrize(
    ("freq", "multiplier"), [("D", 1), ("D", 7), ("W", 1), ("h", 1), ("h", 24), ("s", 1), ("D", 2.5)]
)
def test_summaries_are_those_of_lifetimes(
    original: ModuleType, log: pd.DataFrame, freq: str, multiplier: float, money: str | None
) -> None:
    before = log.copy()
    for end, include in ENDS:
        options = {
            "monetary_value_col": money,
            "observation_period_end": end,
            "freq": freq,
            "freq_multiplier": multiplier,
            "include_first_transaction": include,
        }
        found = utils.summary_data_from_transaction_data(log, "customer", "date", **options)
        same(found, there(original.utils.summary_data_from_transaction_data, log, "customer", "date", **options))
    pd.testing.assert_frame_equal(log, before)


@pytest.mark.parametrize(
    "ids",
    [
        lambda s: "c" + s.astype(str),
        lambda s: s.astype(object).where(s != 10, None),
        lambda s: s.astype(object),
        lambda s: ("c" + s.astype(str)).astype(object),
        lambda s: s.astype("int32") - 500,
        lambda s: s.astype(float),
        lambda s: s * 10**15,
        lambda s: s.astype("Int64"),
        lambda s: s.astype("uint64") + np.uint64(2**63),
    ],
    ids=["text", "missing", "objects", "text objects", "int32", "float", "far apart", "Int64", "uint64"],
)
def test_ids_of_any_kind_come_back_as_they_were(original: ModuleType, log: pd.DataFrame, ids: Any) -> None:
    given = log.assign(customer=ids(log["customer"]))
    for money in (None, "amount"):
        arguments = (given, "customer", "date", money, None, "2014-09-30")
        found = utils.summary_data_from_transaction_data(*arguments)
        same(found, there(original.utils.summary_data_from_transaction_data, *arguments))


def test_ids_that_are_categories(original: ModuleType, log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """On pandas 2 lifetimes makes of them a purchase of everybody on every day."""
    text = log.assign(customer="c" + log["customer"].astype(str))
    given = text.assign(customer=text["customer"].astype("category"))
    for money in (None, "amount"):
        arguments = ("customer", "date", money, None, "2014-03-31")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = utils.summary_data_from_transaction_data(given, *arguments)
        if pd.__version__ >= "3":
            same(found, there(original.utils.summary_data_from_transaction_data, given, *arguments))
            assert not told
        assert isinstance(found.index, pd.CategoricalIndex)
        expected = utils.summary_data_from_transaction_data(text, *arguments)
        np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())
    differences._TOLD.clear()
    monkeypatch.setattr(pd, "__version__", "2.2.3")
    with pytest.warns(LifetimesDifference, match="if ids are categories"):
        utils.summary_data_from_transaction_data(given, "customer", "date", "amount")
    differences._TOLD.clear()
    utils.summary_data_from_transaction_data(given, "customer", "date")  # there is nothing else to count


def test_dates_of_any_kind(original: ModuleType, log: pd.DataFrame) -> None:
    expected = there(original.utils.summary_data_from_transaction_data, log, "customer", "date", "amount")
    dates = log["date"]
    for given in (
        dates.dt.date,
        dates.dt.strftime("%Y-%m-%d %H:%M:%S"),
        dates.dt.tz_localize("UTC"),
        dates.dt.to_period("D"),
        dates.astype("datetime64[ns]"),
    ):
        same(utils.summary_data_from_transaction_data(log.assign(date=given), "customer", "date", "amount"), expected)
    written = log.assign(date=dates.dt.strftime("%Y%m%d"))
    found = utils.summary_data_from_transaction_data(written, "customer", "date", "amount", "%Y%m%d", "20141231")
    same(found, utils.summary_data_from_transaction_data(log, "customer", "date", "amount", None, "2014-12-31"))


def test_what_is_missing_is_passed_over(original: ModuleType, log: pd.DataFrame) -> None:
    holes = log.assign(
        date=log["date"].where(log["n"] % 11 != 0),
        amount=log["amount"].where(log["n"] % 5 != 0),
    )
    for freq in ("D", "h", "W"):
        arguments = (holes, "customer", "date", "amount", None, None, freq)
        expected = there(original.utils.summary_data_from_transaction_data, *arguments)
        same(utils.summary_data_from_transaction_data(*arguments), expected)


def test_money_of_refunds(original: ModuleType, log: pd.DataFrame) -> None:
    given = log.assign(amount=log["amount"].where(log["n"] % 4 != 0, -log["amount"]))
    arguments = (given, "customer", "date", "amount")
    same(
        utils.summary_data_from_transaction_data(*arguments),
        there(original.utils.summary_data_from_transaction_data, *arguments),
    )
    three = pd.DataFrame({"id": 1, "date": ["2014-01-01", *["2014-01-02"] * 3], "m": [5, 0.1, 0.2, -0.3]})
    assert utils.summary_data_from_transaction_data(three, "id", "date", "m")["monetary_value"].tolist() == [0.0]


def test_no_customer_is_an_empty_summary(original: ModuleType, log: pd.DataFrame) -> None:
    arguments = (log, "customer", "date", "amount", None, "2013-01-01")
    same(
        utils.summary_data_from_transaction_data(*arguments),
        there(original.utils.summary_data_from_transaction_data, *arguments),
    )
    with pytest.raises(ValueError, match="is there any line with a date"):
        utils.summary_data_from_transaction_data(log.iloc[:0], "customer", "date")


def test_months_are_those_of_the_calendar() -> None:
    given = pd.DataFrame(
        {"id": [1, 1, 1, 2], "date": ["2014-01-31", "2014-03-01", "2014-03-30", "2014-02-28"], "m": [1, 2, 3, 4]}
    )
    with pytest.warns(LifetimesDifference, match="stops at 'M'.*counts calendar months") as told:
        found = utils.summary_data_from_transaction_data(
            given, "id", "date", "m", freq="M", observation_period_end="2014-05-01"
        )
    assert len(told) == 1
    utils.summary_data_from_transaction_data(given, "id", "date", freq="M")  # told once
    assert found.to_numpy().tolist() == [[1.0, 2.0, 4.0, 5.0], [0.0, 0.0, 3.0, 0.0]]
    assert read_facts(found)["time_unit"] == "month"


def test_old_names_of_periods_are_known(log: pd.DataFrame) -> None:
    for old, new in (("H", "h"), ("S", "s"), ("T", "min"), ("W-SUN", "W")):
        one, other = (
            utils.summary_data_from_transaction_data(log, "customer", "date", freq=freq) for freq in (old, new)
        )
        pd.testing.assert_frame_equal(one, other)
    minutes = utils.summary_data_from_transaction_data(log, "customer", "date", freq="min", freq_multiplier=60)
    hours = utils.summary_data_from_transaction_data(log, "customer", "date", freq="h")
    assert np.abs(minutes["T"] - hours["T"]).max() < 1
    for freq in ("2D", "B", pd.offsets.Day()):
        with pytest.raises(ValueError, match=r"one calendar period.*freq_multiplier="):
            utils.summary_data_from_transaction_data(log, "customer", "date", freq=freq)


@pytest.mark.parametrize(
    ("freq", "multiplier", "unit"),
    [
        ("D", 1, "day"),
        ("D", 7, "week"),
        ("W", 1, "week"),
        ("h", 24, "day"),
        ("h", 168, "week"),
        ("D", 365.25, "year"),
        ("D", 30, None),
    ],
)
def test_a_summary_knows_its_unit(log: pd.DataFrame, freq: str, multiplier: float, unit: str | None) -> None:
    found = utils.summary_data_from_transaction_data(log, "customer", "date", freq=freq, freq_multiplier=multiplier)
    assert read_facts(found).get("time_unit") == unit
    assert time_unit_of(found["T"]) == unit
    assert all(key == FACTS_KEY and isinstance(value, str) for key, value in found.attrs.items())
    options = {"freq": freq, "freq_multiplier": multiplier, "monetary_value_col": "amount"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LifetimesDifference)
        split = utils.calibration_and_holdout_data(log, "customer", "date", "2014-09-30", **options)
    assert time_unit_of(split["T_cal"]) == unit


def test_a_summary_fits_a_model_of_this_package(log: pd.DataFrame) -> None:
    found = utils.summary_data_from_transaction_data(log, "customer", "date", freq_multiplier=7)
    assert clv.PurchaseModel("nbd").fit(found).time_unit == "week"


DATES = ["1/9/2014", "1/10/2014", "2/1/2014", "10/1/2014", "1/1/2014", "9/9/2014"]


def test_dates_that_are_text_are_taken_in_the_order_of_time(original: ModuleType) -> None:
    """1 January is before 9 January, and 1 October after 9 September: not in the order of letters."""
    given = pd.DataFrame({"id": [1, 1, 1, 2, 2, 2], "date": DATES, "m": [1.0, 2, 4, 8, 16, 32]})
    with pytest.warns(LifetimesDifference, match="order of letters"):
        found = utils.summary_data_from_transaction_data(given, "id", "date", "m")
    dated = given.assign(date=pd.to_datetime(given["date"]))
    same(found, there(original.utils.summary_data_from_transaction_data, dated, "id", "date", "m"))
    wrong = there(original.utils.summary_data_from_transaction_data, given, "id", "date", "m")
    assert not np.allclose(wrong.to_numpy(), found.to_numpy())


def test_the_end_of_dates_that_are_text_is_the_last_in_time(original: ModuleType) -> None:
    """2 October is after 30 September: lifetimes ends the observation in September, before a purchase."""
    given = pd.DataFrame({"id": [1, 1, 2], "date": ["9/1/2014", "9/30/2014", "10/2/2014"], "m": [1.0, 2, 4]})
    dated = given.assign(date=pd.to_datetime(given["date"]))
    with pytest.warns(LifetimesDifference, match="order of letters"):
        found = utils.summary_data_from_transaction_data(given, "id", "date")
    same(found, there(original.utils.summary_data_from_transaction_data, dated, "id", "date"))
    assert len(there(original.utils.summary_data_from_transaction_data, given, "id", "date")) == 1
    arguments = ("id", "date", "9/15/2014", None, "D", 1, None, "m")
    differences._TOLD.clear()
    with pytest.warns(LifetimesDifference, match="order of letters"):
        found = utils.calibration_and_holdout_data(given, *arguments)
    same(found, there(original.utils.calibration_and_holdout_data, dated, *arguments))
    # the end that is given is taken, and nothing told
    differences._TOLD.clear()
    utils.summary_data_from_transaction_data(given, "id", "date", observation_period_end="10/2/2014")


def test_nothing_is_told_where_text_is_in_the_order_of_time(log: pd.DataFrame) -> None:
    written = log.assign(date=log["date"].dt.strftime("%Y-%m-%d"))
    utils.summary_data_from_transaction_data(written, "customer", "date", "amount")  # warnings are errors
    given = pd.DataFrame({"id": [1, 1, 2], "date": ["1/9/2014", "1/10/2014", "9/9/2014"], "m": [1.0, 2, 4]})
    utils.summary_data_from_transaction_data(given, "id", "date", observation_period_end="9/9/2014")


def test_a_missing_date_is_in_no_order() -> None:
    given = pd.DataFrame({"id": [1, 1, 2], "date": ["2014-01-01", "2014-02-03", None]})
    utils.summary_data_from_transaction_data(given, "id", "date")  # warnings are errors
    given = pd.DataFrame({"id": [1, 1, 2], "date": ["9/30/2014", "10/2/2014", None]})
    with pytest.warns(LifetimesDifference, match="order of letters"):
        utils.summary_data_from_transaction_data(given, "id", "date")


# calibration and holdout


@pytest.mark.parametrize(("freq", "multiplier"), [("D", 1), ("D", 7), ("W", 1), ("h", 24)])
def test_calibration_and_holdout_are_those_of_lifetimes(
    original: ModuleType, log: pd.DataFrame, freq: str, multiplier: float
) -> None:
    for ends in (("2014-06-30", "2014-12-31"), ("2014-09-14", None), ("2014-03-05 12:00", "2014-03-06")):
        options = {"freq": freq, "freq_multiplier": multiplier, "monetary_value_col": "amount"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LifetimesDifference)
            found = utils.calibration_and_holdout_data(log, "customer", "date", *ends, **options)
        expected = there(original.utils.calibration_and_holdout_data, log, "customer", "date", *ends, **options)
        spend = ["monetary_value_holdout"]
        same(found.drop(columns=spend), expected.drop(columns=spend))
        assert list(found.columns) == list(expected.columns)


def test_all_customers_who_come_back_keep_whole_counts(original: ModuleType) -> None:
    given = pd.DataFrame(
        {"id": [1, 2, 1, 2], "date": pd.to_datetime(["2014-01-01"] * 2 + ["2014-02-01"] * 2), "m": 1.5}
    )
    arguments = (given, "id", "date", "2014-01-15", None, "D", 1, None, "m")
    found = utils.calibration_and_holdout_data(*arguments)
    same(found, there(original.utils.calibration_and_holdout_data, *arguments))
    assert found["frequency_holdout"].dtype == np.int64


def test_holdout_spend_is_the_mean_of_period_totals(original: ModuleType) -> None:
    dates = ["2014-01-01", "2014-02-01 09:00", "2014-02-01 10:00", "2014-02-03", "2014-01-01", "2014-02-02"]
    given = pd.DataFrame(
        {"id": [1, 1, 1, 1, 2, 2], "date": pd.to_datetime(dates, format="ISO8601"), "m": [9.0, 1, 3, 8, 9, 5]}
    )
    arguments = (given, "id", "date", "2014-01-15", None, "D", 1, None, "m")
    with pytest.warns(LifetimesDifference, match="mean of the period totals.*1 of 2 customers"):
        found = utils.calibration_and_holdout_data(*arguments)
    assert found["monetary_value_holdout"].tolist() == [6.0, 5.0]
    assert there(original.utils.calibration_and_holdout_data, *arguments)["monetary_value_holdout"].tolist() == [
        4.0,
        5.0,
    ]
    native = clv.calibration_holdout(
        given.assign(id=given["id"].astype(str)),
        customer_id="id",
        date="date",
        amount="m",
        calibration_end="2014-01-15",
    )
    assert (native["spend_holdout"] / native["purchases_holdout"]).tolist() == [6.0, 5.0]
    # an amount that is missing is nothing, as in the summary; there it is left out of the mean
    differences._TOLD.clear()
    missing = given.assign(m=[9.0, None, None, 8, 9, 5])
    with pytest.warns(LifetimesDifference, match="1 of 2 customers"):
        found = utils.calibration_and_holdout_data(missing, *arguments[1:])
    assert found["monetary_value_holdout"].tolist() == [4.0, 5.0]
    # lines of nobody
    nobody = given.assign(id=given["id"].where(given["date"] < "2014-01-15"))
    found = utils.calibration_and_holdout_data(nobody, *arguments[1:])
    assert found["frequency_holdout"].tolist() == found["monetary_value_holdout"].tolist() == [0.0, 0.0]
    # where a line is a purchase nothing is told
    given = given.drop(2)
    same(
        utils.calibration_and_holdout_data(given, *arguments[1:]),
        there(original.utils.calibration_and_holdout_data, given, *arguments[1:]),
    )


def test_a_holdout_needs_no_money(original: ModuleType, log: pd.DataFrame) -> None:
    given = (log, "customer", "date", "2014-09-30")
    if pd.__version__ >= "3":
        with pytest.raises(ValueError, match="No objects to concatenate"):
            there(original.utils.calibration_and_holdout_data, *given)
        with pytest.warns(LifetimesDifference, match="needs none"):
            found = utils.calibration_and_holdout_data(*given)
    else:
        found = utils.calibration_and_holdout_data(*given)
        same(found, there(original.utils.calibration_and_holdout_data, *given))
    arguments = (log, "customer", "date", "2014-09-30", None, "D", 1, None, "amount")
    expected = there(original.utils.calibration_and_holdout_data, *arguments)
    same(found, expected.drop(columns=["monetary_value_cal", "monetary_value_holdout"]))


def test_a_holdout_without_lines_is_refused(original: ModuleType, log: pd.DataFrame) -> None:
    arguments = (log, "customer", "date", "2015-06-30", "2015-12-31", "D", 1, None, "amount")
    with pytest.raises(ValueError, match=r"^There is no data available\. "):
        there(original.utils.calibration_and_holdout_data, *arguments)
    with pytest.raises(
        ValueError, match=r"^There is no data available\. .*2015-06-30.*the last one of the log is of 2014"
    ):
        utils.calibration_and_holdout_data(*arguments)


@pytest.mark.parametrize("freq", ["D", "W", "h"])
@pytest.mark.parametrize("money", [None, "amount"])
def test_first_purchases_are_those_of_lifetimes(
    original: ModuleType, log: pd.DataFrame, freq: str, money: str | None
) -> None:
    for end in (None, "2014-06-15", pd.Period("2014-06-15", "D")):
        arguments = (log, "customer", "date", money, None, end, freq)
        found = utils._find_first_transactions(*arguments)
        pd.testing.assert_frame_equal(found, there(original.utils._find_first_transactions, *arguments))


@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_whole_amounts_of_first_purchases_stay_whole(original: ModuleType, log: pd.DataFrame, dtype: str) -> None:
    whole = log.assign(amount=log["amount"].round().astype(dtype))
    arguments = (whole, "customer", "date", "amount", None, None, "W")
    found = utils._find_first_transactions(*arguments)
    expected = there(original.utils._find_first_transactions, *arguments)
    pd.testing.assert_frame_equal(found, expected)


def test_scale_of_time() -> None:
    assert utils._scale_time(pd.Series([2.0, 8.0])) == 0.125


# what is drawn


@pytest.fixture(scope="module")
def bg_nbd(original: ModuleType) -> Any:
    fitter = original.BetaGeoFitter()
    fitter.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    return fitter


@pytest.mark.parametrize("freq", ["D", "W"])
def test_alive_path_is_what_the_fitter_says_of_each_day(bg_nbd: Any, log: pd.DataFrame, freq: str) -> None:
    """lifetimes' own function stops on current pandas: a day at a time, from the definition."""
    one = log[log["customer"] == log["customer"].iloc[0]]
    for t in (350, 10):
        path = utils.calculate_alive_path(bg_nbd, one, "date", t, freq=freq)
        days = sorted(set(one["date"].dt.to_period(freq)))
        last = max(t, (days[-1] - days[0]).n)
        expected = []
        for age in range(last + 1):
            seen = [day for day in days if day <= days[0] + age]
            expected.append(bg_nbd.conditional_probability_alive(len(seen) - 1, (seen[-1] - seen[0]).n, age)[0])
        assert path.index.tolist() == list(range(last + 1))
        np.testing.assert_allclose(path.to_numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("freq", "multiplier"), [("D", 1), ("D", 7), ("W", 1), ("h", 24)])
@pytest.mark.parametrize("dated", [False, True])
def test_cumulative_transactions_are_those_of_lifetimes(
    original: ModuleType, bg_nbd: Any, log: pd.DataFrame, freq: str, multiplier: int, dated: bool
) -> None:
    few = log[log["date"] < ("2014-01-20" if freq == "h" else "2014-06-01")]
    t = {"D": 100, "W": 30, "h": 500}[freq]
    arguments = (bg_nbd, few, "date", "customer", t, None, freq, multiplier, dated)
    expected = there(original.utils.expected_cumulative_transactions, *arguments)
    found = utils.expected_cumulative_transactions(*arguments)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, check_index_type=dated)
    assert len(found) == t // multiplier


def test_a_path_without_dates_is_refused(bg_nbd: Any) -> None:
    with pytest.raises(ValueError, match="at least one purchase"):
        utils.calculate_alive_path(bg_nbd, pd.DataFrame({"date": []}, dtype="datetime64[ns]"), "date", 10)


def test_no_period_is_an_empty_table(bg_nbd: Any, log: pd.DataFrame) -> None:
    for t in (0, 5):
        found = utils.expected_cumulative_transactions(bg_nbd, log, "date", "customer", t, freq_multiplier=7)
        assert found.shape == (0, 2)


def test_expected_transactions_of_dates_that_are_text(bg_nbd: Any) -> None:
    given = pd.DataFrame({"id": [1, 1, 1, 2, 2, 2], "date": DATES})
    dated = given.assign(date=pd.to_datetime(given["date"]))
    with pytest.warns(LifetimesDifference, match="order of letters"):
        found = utils.expected_cumulative_transactions(bg_nbd, given, "date", "id", 300)
    pd.testing.assert_frame_equal(found, utils.expected_cumulative_transactions(bg_nbd, dated, "date", "id", 300))


# the documentation of lifetimes


def test_quickstart(bg_nbd: Any) -> None:
    """The tables of lifetimes' Quickstart, and what its tests ask of a customer's path."""
    log = load_transaction_data()
    summary = utils.summary_data_from_transaction_data(log, "id", "date", observation_period_end="2014-12-31")
    assert len(summary) == 5000
    shown = [[0, 0, 298], [0, 0, 224], [6, 142, 292], [0, 0, 147], [2, 9, 183]]
    assert summary.head().to_numpy().tolist() == shown
    assert summary.index.name == "id"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LifetimesDifference)
        split = utils.calibration_and_holdout_data(
            log, "id", "date", calibration_period_end="2014-09-01", observation_period_end="2014-12-31"
        )
    columns = ["frequency_cal", "recency_cal", "T_cal", "frequency_holdout", "duration_holdout"]
    assert list(split.columns) == columns
    shown = [[0, 0, 177, 0, 121], [0, 0, 103, 0, 121], [6, 142, 171, 0, 121], [0, 0, 26, 0, 121], [2, 9, 62, 0, 121]]
    assert split.head().to_numpy().tolist() == shown
    path = utils.calculate_alive_path(bg_nbd, log[log["id"] == 33], "date", 205)
    frequency, recency, T = utils.summary_data_from_transaction_data(log, "id", "date").loc[33]
    assert path[0] == 1
    assert path[T] == pytest.approx(bg_nbd.conditional_probability_alive(frequency, recency, T)[0], rel=1e-12)


def test_what_no_customer_can_be_is_refused() -> None:
    x, t_x, T, money = np.array([0, 1, 2]), np.array([0, 1, 10]), np.array([5, 6, 15]), np.array([2.3, 490, 33.33])
    utils._check_inputs(x, t_x, T, money)
    empty = np.zeros(0)
    for arguments, words in (
        ((x, T + 1, T), "larger than T"),
        ((x, t_x + 1, T), "non-zero recency values when frequency is zero"),
        ((x + 1, t_x - 1, T), "negative recency"),
        ((empty, empty, empty), "zero length"),
        ((x + 0.5, None), "non-integer"),
        ((np.array([1.0, np.nan]), None), "non-integer"),
        ((x, t_x, T, money * [0, 1, 1]), "non-positive"),
    ):
        with pytest.raises(ValueError, match=words):
            utils._check_inputs(*arguments)
