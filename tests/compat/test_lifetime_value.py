"""Customer lifetime value against lifetimes itself, and its time unit."""

from __future__ import annotations

import inspect
import json
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clvmodels.compat.lifetimes import (
    BetaGeoFitter,
    GammaGammaFitter,
    LifetimesDifference,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
)
from clvmodels.compat.lifetimes.datasets import load_cdnow_summary_data_with_monetary_value
from clvmodels.compat.lifetimes.utils import _customer_lifetime_value

from .conftest import quiet

PARAMETERS = {
    # the fits of the summary that lifetimes ships, rounded
    BetaGeoFitter: {"r": 0.2425929, "alpha": 4.4135319, "a": 0.7928863, "b": 2.4257539},
    ModifiedBetaGeoFitter: {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    ParetoNBDFitter: {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
# the first customers of that summary, and harder ones
SUMMARY = pd.DataFrame(
    {
        "frequency": [2, 1, 0, 0, 7, 30],
        "recency": [30.43, 1.71, 0.0, 0.0, 29.43, 38.0],
        "T": [38.86, 38.86, 38.86, 27.0, 38.86, 38.5],
        "monetary_value": [22.35, 11.77, 0.0, 0.0, 73.74, 5.0],
    },
    index=pd.Index([1, 2, 3, 4, 9, 12], name="ID"),
)


def given(kind: type = BetaGeoFitter, unit: str | None = None) -> Any:
    fitter = kind()
    fitter.params_, fitter._time_unit = pd.Series(PARAMETERS[kind]), unit
    return fitter


def spending(q: float = 3.74458846) -> GammaGammaFitter:
    fitter = GammaGammaFitter()
    fitter.params_ = pd.Series({"p": 6.24880249, "q": q, "v": 15.44774801})
    return fitter


def columns(frame: pd.DataFrame = SUMMARY) -> list[pd.Series[Any]]:
    return [frame[name] for name in ("frequency", "recency", "T", "monetary_value")]


def of_original(original: ModuleType, fitter: Any) -> Any:
    found = getattr(original, type(fitter).__name__)()
    found.params_ = fitter.params_
    if not isinstance(fitter, GammaGammaFitter):
        found.predict = found.conditional_expected_number_of_purchases_up_to_time
    return found


@pytest.mark.parametrize("kind", PARAMETERS)
@pytest.mark.parametrize("freq", ["D", "W", "M", "H"])
def test_it_is_that_of_the_original(original: ModuleType, kind: type, freq: str) -> None:
    fitter, spend = given(kind), spending()
    options: dict[str, Any] = {"time": 7, "discount_rate": 0.02, "freq": freq}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = spend.customer_lifetime_value(fitter, *columns(), **options)
    with quiet():
        theirs = of_original(original, spend).customer_lifetime_value(
            of_original(original, fitter), *columns(), **options
        )
        foreign = spend.customer_lifetime_value(of_original(original, fitter), *columns(), **options)
    pd.testing.assert_series_equal(ours, theirs, rtol=1e-9)  # name and index, too
    pd.testing.assert_series_equal(foreign, theirs, rtol=1e-11)


@pytest.mark.parametrize(("time", "discount_rate"), [(1, 0.0), (12, 0.0), (12, 0.01), (30, -0.01), (0, 0.01)])
def test_months_and_rates_are_those_of_the_original(original: ModuleType, time: int, discount_rate: float) -> None:
    fitter, spend = given(), spending()
    options: dict[str, Any] = {"time": time, "discount_rate": discount_rate, "freq": "W"}
    theirs = of_original(original, spend).customer_lifetime_value(of_original(original, fitter), *columns(), **options)
    ours = spend.customer_lifetime_value(fitter, *columns(), **options)
    pd.testing.assert_series_equal(ours, theirs.astype(float), rtol=1e-9)


def test_the_trap_of_days() -> None:
    """What lifetimes' documentation shows for customer 1, and what it is in weeks."""
    spend = spending()
    with pytest.warns(LifetimesDifference, match='Write freq="W" for weeks'):
        unknown = spend.customer_lifetime_value(given(), *columns())
    assert unknown[1] == pytest.approx(140.096, abs=1e-3)
    with pytest.warns(LifetimesDifference, match="T is in weeks here, a month is 4.345 of them"):
        known = spend.customer_lifetime_value(given(unit="week"), *columns())
    assert known[1] == pytest.approx(36.278, abs=1e-3)


def test_the_quickstart_of_lifetimes() -> None:
    """As in its documentation, where customer 1 is worth 140.10 in the same lines."""
    data = load_cdnow_summary_data_with_monetary_value()
    returning = data[data["frequency"] > 0]
    spend = GammaGammaFitter(penalizer_coef=0)
    spend.fit(returning["frequency"], returning["monetary_value"])
    model = BetaGeoFitter(penalizer_coef=0.0)
    model.fit(data["frequency"], data["recency"], data["T"])
    with pytest.warns(LifetimesDifference, match="T is in weeks here"):
        found = spend.customer_lifetime_value(
            model,
            data["frequency"],
            data["recency"],
            data["T"],
            data["monetary_value"],
            time=12,  # months
            discount_rate=0.01,  # monthly discount rate ~ 12.7% annually
        )
    assert found.head(1).round(2).to_dict() == {1: 36.28}
    assert found.index.name == data.index.name


def value(model: Any, frame: pd.DataFrame = SUMMARY, **options: Any) -> float:
    return float(spending().customer_lifetime_value(model, *columns(frame), **options)[1])


@pytest.mark.parametrize(
    ("unit", "freq"), [("day", "D"), ("week", "W"), ("month", "M"), ("hour", "H"), ("hour", "h"), (None, "D")]
)
def test_nothing_is_told_where_units_agree(unit: str | None, freq: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value(given(unit=unit), freq=freq) == value(given(), freq=freq.upper())


def test_nothing_is_told_of_days_that_are_days() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value(given(unit="day")) == value(given(), freq="D")


@pytest.mark.parametrize(("unit", "freq"), [("week", "W"), ("month", "M"), ("hour", "H")])
def test_the_unit_that_is_known_is_taken(unit: str, freq: str) -> None:
    with pytest.warns(LifetimesDifference, match=f"T is in {unit}s here"):
        assert value(given(unit=unit)) == value(given(), freq=freq)


def test_years_are_known_too() -> None:
    with pytest.warns(LifetimesDifference, match="T is in years here, a month is 0.08333 of them"):
        found = value(given(unit="year"), time=1)
    row = [SUMMARY.loc[1, name] for name in ("frequency", "recency", "T")]
    bought = given().conditional_expected_number_of_purchases_up_to_time(1 / 12, *row)
    assert found == pytest.approx(spending().conditional_expected_average_profit(2, 22.35) * bought / 1.01, rel=1e-12)


def test_a_summary_says_its_unit_where_the_model_does_not(original: ModuleType) -> None:
    frame = SUMMARY.copy()
    frame.attrs["clvmodels"] = json.dumps({"time_unit": "week"})
    for model in (given(), of_original(original, given())):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert value(model, frame) == pytest.approx(36.278, abs=1e-3)


def test_a_unit_that_nobody_knows_is_none() -> None:
    with pytest.warns(LifetimesDifference, match='Write freq="W" for weeks'):
        assert value(given(unit="fortnight")) == value(given(), freq="D")


def test_weeks_are_not_valued_as_days_even_if_days_are_said() -> None:
    with pytest.warns(LifetimesDifference, match="freq='D', while the summary was made in weeks"):
        assert value(given(unit="week"), freq="D") == value(given(), freq="W")


def test_another_unit_that_is_said_is_taken() -> None:
    """T may have been divided by seven since: pandas keeps what a column said of itself."""
    with pytest.warns(LifetimesDifference, match="freq='W', while the summary was made in days"):
        assert value(given(unit="day"), freq="W") == value(given(), freq="W")


def test_other_letters_are_refused(original: ModuleType) -> None:
    for model, spend in ((given(), spending()), (of_original(original, given()), of_original(original, spending()))):
        with pytest.raises(KeyError, match="Y"):
            spend.customer_lifetime_value(model, *columns(), freq="Y")


def test_a_part_of_a_month_is_a_part(original: ModuleType) -> None:
    model = given()
    theirs = of_original(original, spending()).customer_lifetime_value(
        of_original(original, model), *columns(), time=2.5, freq="W"
    )
    assert theirs[1] == pytest.approx(value(model, time=3, freq="W"))  # three months
    with pytest.warns(LifetimesDifference, match=r"12.5 as 13 months.*time=2.5"):
        found = value(model, time=2.5, freq="W")
    row = [SUMMARY.loc[1, name] for name in ("frequency", "recency", "T")]
    until = [model.conditional_expected_number_of_purchases_up_to_time(4.345 * m, *row) for m in (0, 1, 2, 2.5)]
    each = spending().conditional_expected_average_profit(2, 22.35)
    direct = each * sum(np.diff(until) / 1.01 ** np.array([1, 2, 2.5]))
    assert found == pytest.approx(direct, rel=1e-9)


def test_arrays_numbers_and_other_orders() -> None:
    spend, model = spending(), given()
    series = spend.customer_lifetime_value(model, *columns(), freq="W")
    arrays = [column.to_numpy() for column in columns()]
    pd.testing.assert_series_equal(
        spend.customer_lifetime_value(model, *arrays, freq="W"), series.reset_index(drop=True)
    )
    one = spend.customer_lifetime_value(model, 2, 30.43, 38.86, 22.35, freq="W")
    assert one.tolist() == pytest.approx([series[1]], rel=1e-12)
    x, t_x, T, m = columns()
    mixed = spend.customer_lifetime_value(
        model, x, t_x.iloc[::-1], T.to_numpy(), m.sample(frac=1, random_state=1), freq="W"
    )
    pd.testing.assert_series_equal(mixed, series)
    pd.testing.assert_series_equal(spend.customer_lifetime_value(model, arrays[0], t_x, T, m, freq="W"), series)


def test_what_is_missing_stays_missing() -> None:
    frame = SUMMARY.astype(float)
    frame.loc[1, "recency"] = np.nan
    frame.loc[2, "monetary_value"] = np.nan
    found = spending().customer_lifetime_value(given(), *columns(frame), freq="W")
    whole = spending().customer_lifetime_value(given(), *columns(), freq="W")
    assert found.isna().tolist() == [True, True, False, False, False, False]
    np.testing.assert_allclose(found.iloc[2:], whole.iloc[2:], rtol=1e-12)


def test_spend_without_bound_is_worth_so() -> None:
    model = given(ParetoNBDFitter)
    with pytest.warns(LifetimesDifference, match="q = 0.9"):
        found = spending(q=0.9).customer_lifetime_value(model, *columns(), freq="W")
    assert np.isinf(found[[3, 4]]).all()
    assert np.isfinite(found[[1, 2, 9, 12]]).all()
    assert (spending(q=0.9).customer_lifetime_value(model, *columns(), time=0, freq="W") == 0).all()
    # also where being alive has a probability of 0 to the last digit
    nobody = _customer_lifetime_value(model, np.array([2000.0]), np.array([1.0]), np.array([9e3]), np.inf, freq="W")
    assert nobody.tolist() == [np.inf]


def test_any_object_that_predicts() -> None:
    calls = []

    def predict(t: float, frequency: Any, recency: Any, T: Any) -> Any:
        calls.append(t)
        return 0.1 * t + 0 * frequency

    found = _customer_lifetime_value(SimpleNamespace(predict=predict), *columns(), time=3, discount_rate=0.5, freq="W")
    expected = SUMMARY["monetary_value"] * 0.4345 * (1 / 1.5 + 1 / 1.5**2 + 1 / 1.5**3)
    pd.testing.assert_series_equal(found, expected.rename("clv"))
    np.testing.assert_allclose(calls, [0, 4.345, 8.69, 13.035])


def test_a_class_made_from_a_fitter_is_asked_itself() -> None:
    class Doubled(BetaGeoFitter):
        def conditional_expected_number_of_purchases_up_to_time(self, *args: Any) -> Any:
            return 2 * super().conditional_expected_number_of_purchases_up_to_time(*args)

    model = Doubled()
    model.params_ = pd.Series(PARAMETERS[BetaGeoFitter])
    model.predict = model.conditional_expected_number_of_purchases_up_to_time
    assert value(model, freq="W") == pytest.approx(2 * value(given(), freq="W"), rel=1e-9)


@pytest.mark.parametrize("a", [1.0, 1 + 1e-13])
def test_where_lifetimes_expectation_has_no_digits(original: ModuleType, a: float) -> None:
    model, beside = given(), given()
    model.params_ = model.params_.copy()
    model.params_["a"] = a
    beside.params_ = pd.Series({**PARAMETERS[BetaGeoFitter], "a": 1 + 1e-6})
    with pytest.warns(LifetimesDifference, match="near 1"):
        found = spending().customer_lifetime_value(model, *columns(), freq="W")
    near = spending().customer_lifetime_value(of_original(original, beside), *columns(), freq="W")
    np.testing.assert_allclose(found, near, rtol=1e-4)


def test_the_signature_is_that_of_the_original(original: ModuleType) -> None:
    mine, theirs = (inspect.signature(f) for f in (_customer_lifetime_value, original.utils._customer_lifetime_value))
    assert [(p.name, p.default) for p in mine.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]
