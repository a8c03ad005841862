"""What notebooks do with lifetimes beyond its documentation: units changed on the way, errors kept, subplots."""

from __future__ import annotations

import importlib
import pickle
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt

from clvmodels.compat import lifetimes as ours
from clvmodels.compat.lifetimes import (
    BetaGeoBetaBinomFitter,
    BetaGeoFitter,
    GammaGammaFitter,
    LifetimesDifference,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
)
from clvmodels.compat.lifetimes.datasets import load_cdnow_summary_data_with_monetary_value, load_transaction_data
from clvmodels.compat.lifetimes.plotting import (
    plot_frequency_recency_matrix,
    plot_history_alive,
    plot_probability_alive_matrix,
)
from clvmodels.compat.lifetimes.utils import summary_data_from_transaction_data

from .conftest import quiet

NAMES = ["frequency", "recency", "T", "monetary_value"]
PARAMETERS = {
    BetaGeoFitter: {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    ModifiedBetaGeoFitter: {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    ParetoNBDFitter: {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
BUNDLE = ["variance_matrix_", "standard_errors_", "confidence_intervals_"]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def weeks() -> pd.DataFrame:
    return load_cdnow_summary_data_with_monetary_value()


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    log = load_transaction_data().assign(paid=10.0)
    return summary_data_from_transaction_data(
        log, "id", "date", monetary_value_col="paid", observation_period_end="2014-12-31"
    )


def spending() -> GammaGammaFitter:
    fitter = GammaGammaFitter()
    fitter.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    return fitter


def fitted(summary: pd.DataFrame) -> BetaGeoFitter:
    return BetaGeoFitter(0.001).fit(summary["frequency"], summary["recency"], summary["T"])


def measured_anew(summary: pd.DataFrame, factor: float) -> pd.DataFrame:
    changed = summary[summary["frequency"] > 0].copy()
    changed["recency"] *= factor
    changed["T"] = changed["T"] * factor
    return changed


def value(model: Any, summary: pd.DataFrame, **options: Any) -> pd.Series[float]:
    return spending().customer_lifetime_value(model, *(summary[name] for name in NAMES), time=6, **options)


# One unit made into another, as many do before they fit


@pytest.mark.parametrize(
    ("made", "factor", "freq"), [("weeks", 7, "D"), ("days", 1 / 7, "W"), ("days", 1 / 30, "M"), ("days", 24, "H")]
)
def test_a_unit_that_was_changed_is_the_one_that_is_said(
    original: ModuleType, request: pytest.FixtureRequest, made: str, factor: float, freq: str
) -> None:
    summary = measured_anew(request.getfixturevalue(made), factor)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the number is that of lifetimes: there is nothing to tell
        model = fitted(summary)
        found = value(model, summary, freq=freq)
    theirs = original.BetaGeoFitter()
    theirs.params_ = model.params_
    theirs.predict = theirs.conditional_expected_number_of_purchases_up_to_time
    spend = original.GammaGammaFitter()
    spend.params_ = spending().params_
    with quiet():
        expected = spend.customer_lifetime_value(theirs, *(summary[name] for name in NAMES), time=6, freq=freq)
    pd.testing.assert_series_equal(found, expected, rtol=1e-6)


def test_weeks_made_into_days_are_days_without_saying_so(weeks: pd.DataFrame) -> None:
    summary = measured_anew(weeks, 7)
    model = fitted(summary)
    with pytest.warns(LifetimesDifference, match="takes T for days too"):
        found = value(model, summary)
    pd.testing.assert_series_equal(found, value(model, summary, freq="D"))


def test_a_few_of_the_customers_are_measured_as_all_are(weeks: pd.DataFrame) -> None:
    few = weeks[weeks["T"] < 30].iloc[:50]
    with pytest.warns(LifetimesDifference, match="T is in weeks here"):
        found = value(fitted(few), few)
    pd.testing.assert_series_equal(found, value(fitted(few), few, freq="W"))


def test_days_that_nobody_divided_are_told(days: pd.DataFrame) -> None:
    with pytest.warns(LifetimesDifference, match="freq='W', while the summary was made in days"):
        value(fitted(days), days, freq="W")


def test_of_nobody_there_is_nothing_to_say(weeks: pd.DataFrame) -> None:
    nobody = weeks[weeks["frequency"] > 100]
    rows = [nobody[name] for name in NAMES]
    for kind, values in PARAMETERS.items():
        model = kind()
        model.params_ = pd.Series(values)
        for found in (
            model.conditional_expected_number_of_purchases_up_to_time(30, *rows[:3]),
            value(model, nobody, freq="W"),
            spending().conditional_expected_average_profit(rows[0], rows[3]),
        ):
            pd.testing.assert_index_equal(found.index, nobody.index)
        assert len(model.conditional_probability_alive(*rows[:3])) == 0
        assert len(model.expected_number_of_purchases_up_to_time(rows[2])) == 0
        if kind is not ParetoNBDFitter:
            assert len(model.probability_of_n_purchases_up_to_time(rows[2], 3)) == 0
        else:
            assert len(model.conditional_probability_of_n_purchases_up_to_time(1, 5, *rows[:3])) == 0
    by_periods = BetaGeoBetaBinomFitter()
    by_periods.params_ = pd.Series({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78})
    assert len(by_periods.conditional_expected_number_of_purchases_up_to_time(5, *rows[:3])) == 0
    assert len(by_periods.conditional_probability_alive(5, *rows[:3])) == 0


@pytest.mark.parametrize("kind", [BetaGeoFitter, ModifiedBetaGeoFitter])
def test_one_customer_is_an_array_and_a_number(kind: type, weeks: pd.DataFrame) -> None:
    model = kind()
    model.params_ = pd.Series(PARAMETERS[kind])
    alive = model.conditional_probability_alive(3, 20.0, 30.0)
    assert float(alive) == alive[0] == alive.item()
    assert ("%.3f" % alive, repr(alive)) == (f"{alive[0]:.3f}", f"array([{alive[0]:.8f}])")  # noqa: UP031
    assert float(pickle.loads(pickle.dumps(1 - alive))) == 1 - alive[0]
    assert [type(v) for v in (alive.mean(), alive.sum(), np.max(alive), alive[0])] == [np.float64] * 4
    assert type(alive + np.zeros(3)) is np.ndarray
    for many in (np.append(alive, alive), np.broadcast_to(alive, 2), alive[:0]):
        with pytest.raises(TypeError, match="arrays can be converted to Python scalars"):
            float(many)

    few = weeks.iloc[:3]
    rowwise = few.apply(
        lambda row: float(model.conditional_probability_alive(row["frequency"], row["recency"], row["T"])), axis=1
    )
    at_once = model.conditional_probability_alive(few["frequency"], few["recency"], few["T"])
    assert type(at_once) is np.ndarray
    np.testing.assert_allclose(rowwise, at_once, rtol=1e-13)


# Errors, which are attributes like others in lifetimes


def test_errors_may_be_kept_and_given_back(weeks: pd.DataFrame) -> None:
    model = fitted(weeks)
    with pytest.warns(LifetimesDifference, match="variance_matrix_"):
        kept = {name: getattr(model, name) for name in BUNDLE}
    rebuilt = BetaGeoFitter()
    rebuilt.params_ = model.params_
    assert not any(hasattr(rebuilt, name) for name in BUNDLE)
    for name, found in kept.items():
        setattr(rebuilt, name, found)
    pd.testing.assert_frame_equal(rebuilt.summary, model.summary)


def test_errors_are_those_of_the_last_fit(weeks: pd.DataFrame) -> None:
    few = weeks.iloc[:1000]
    model = fitted(weeks)
    model.variance_matrix_ = pd.DataFrame()
    before = model.summary
    model.fit(few["frequency"], few["recency"], few["T"])
    assert (model.summary["se(coef)"] > 1.2 * before["se(coef)"]).all()
    pd.testing.assert_frame_equal(model.summary, fitted(few).summary)
    with pytest.warns(LifetimesDifference, match="variance_matrix_"):
        assert model.variance_matrix_.shape == (4, 4)


# Pictures side by side


def test_maps_side_by_side() -> None:
    model = BetaGeoFitter()
    model.params_ = pd.Series(PARAMETERS[BetaGeoFitter])
    size = {"max_frequency": 3, "max_recency": 5}
    figure = plt.figure()
    left = plt.subplot(1, 2, 1)
    assert plot_frequency_recency_matrix(model, **size) is left
    plt.title("left")
    right = plt.subplot(1, 2, 2)
    assert plot_probability_alive_matrix(model, **size) is right
    assert (left.get_title(), len(figure.axes)) == ("left", 4)  # and two scales

    _, (upper, lower) = plt.subplots(2)
    assert plot_probability_alive_matrix(model, ax=upper, cmap="coolwarm", **size) is upper
    assert (len(upper.get_images()), len(lower.get_images())) == (1, 0)
    assert upper.get_images()[0].get_cmap().name == "coolwarm"


@pytest.mark.filterwarnings("ignore::clvmodels.compat.lifetimes.LifetimesDifference")
@pytest.mark.parametrize("t", [200, 200.0, pd.Series([200.0], index=[35])])
def test_how_far_a_history_goes_may_be_a_row_of_the_summary(t: Any) -> None:
    log = load_transaction_data()
    model = BetaGeoFitter()
    model.params_ = pd.Series(PARAMETERS[BetaGeoFitter])
    assert len(plot_history_alive(model, t, log[log["id"] == 35], "date").lines[0].get_ydata()) == 201


def test_the_name_that_older_notebooks_import() -> None:
    older = importlib.import_module("clvmodels.compat.lifetimes.estimation")
    assert set(older.__all__) == set(ours.__all__) - {"__version__"}
    assert all(getattr(older, name) is getattr(ours, name) for name in older.__all__)
