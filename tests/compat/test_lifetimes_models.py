"""Models that come from lifetimes and go back: equal parameters, predictions and errors, both ways."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.compat import lifetimes as compat

FITTERS = {
    "BetaGeoFitter": "bg_nbd",
    "ModifiedBetaGeoFitter": "mbg_nbd",
    "ParetoNBDFitter": "pareto_nbd",
    "BetaGeoBetaBinomFitter": "bg_bb",
    "GammaGammaFitter": "gamma_gamma",
}
CONTINUOUS = ["BetaGeoFitter", "ModifiedBetaGeoFitter", "ParetoNBDFitter"]
GIVEN = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "bg_bb": {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "v": 15.44},
}


def model_of(family: str, unit: str = "week") -> Any:
    if family == "gamma_gamma":
        return clv.SpendModel.from_parameters(family, GIVEN[family])
    return clv.PurchaseModel.from_parameters(family, GIVEN[family], unit)


@pytest.fixture(scope="session")
def customers() -> pd.DataFrame:
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30").head(400)


@pytest.fixture(scope="session")
def bare(customers: pd.DataFrame) -> pd.DataFrame:
    """The same without facts, as lifetimes' users have it."""
    return pd.DataFrame({name: customers[name].to_numpy() for name in customers.columns})


@pytest.fixture(scope="session")
def fitted(original: ModuleType, bare: pd.DataFrame) -> Mapping[str, Any]:
    """What lifetimes itself fits."""
    rows, donors = (bare["frequency"], bare["recency"], bare["T"]), clv.load_donations()
    paid = bare[bare["monetary_value"] > 0]
    weights = np.arange(len(bare)) % 3 + 1
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(2005)  # noqa: NPY002 - Pareto/NBD starts anywhere
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = {name: getattr(original, name)().fit(*rows) for name in CONTINUOUS}
        found["GammaGammaFitter"] = original.GammaGammaFitter().fit(paid["frequency"], paid["monetary_value"])
        found["BetaGeoBetaBinomFitter"] = original.BetaGeoBetaBinomFitter().fit(
            donors["frequency"], donors["recency"], donors["T"], donors["weights"]
        )
        found["penalised BetaGeoFitter"] = original.BetaGeoFitter(0.05).fit(*rows, weights=weights)
        found["penalised ParetoNBDFitter"] = original.ParetoNBDFitter(2.0).fit(*rows, weights=weights)
        found["penalised GammaGammaFitter"] = original.GammaGammaFitter(0.001).fit(
            paid["frequency"], paid["monetary_value"]
        )
    np.random.set_state(state)  # noqa: NPY002
    return found


def stand_in(name: str, **attributes: Any) -> Any:
    """A fitter of that class's name with these attributes."""
    result = type(name, (SimpleNamespace,), {})(penalizer_coef=0.0)
    vars(result).update(attributes)
    return result


ALL = [*FITTERS, "penalised BetaGeoFitter", "penalised ParetoNBDFitter", "penalised GammaGammaFitter"]


# From lifetimes


@pytest.mark.parametrize("name", ALL)
def test_parameters_are_taken_to_the_last_bit_and_judged_on_the_rows(fitted: Mapping[str, Any], name: str) -> None:
    model = clv.from_lifetimes(fitted[name])
    assert model.family.name == FITTERS[name.split()[-1]]
    assert model.parameters == dict(fitted[name].params_)
    report = model.fit_report
    assert report.converged
    assert report.newton_decrement < (1e-2 if "Pareto" in name else 1e-4) ** 2  # Nelder-Mead stops earlier
    assert "they are" in report.warnings[0]
    assert report.n_customers == fitted[name].data["weights"].sum()
    assert ("penalty" in str(report)) == ("penalised" in name)


@pytest.mark.parametrize("name", [name for name in ALL if "Pareto" not in name])
def test_standard_errors_are_those_of_lifetimes(fitted: Mapping[str, Any], name: str) -> None:
    assert_allclose(
        list(clv.from_lifetimes(fitted[name]).standard_errors.values()), fitted[name].standard_errors_, rtol=1e-6
    )


def test_pareto_nbd_gets_the_errors_that_lifetimes_does_not_compute(
    fitted: Mapping[str, Any], customers: pd.DataFrame
) -> None:
    model = clv.from_lifetimes(fitted["ParetoNBDFitter"])
    own = clv.PurchaseModel("pareto_nbd").fit(customers)
    assert_allclose(list(model.standard_errors.values()), list(own.standard_errors.values()), rtol=5e-3)
    assert_allclose(list(model.robust_standard_errors.values()), list(own.robust_standard_errors.values()), rtol=5e-3)
    assert model.largest_trained == own.largest_trained


@pytest.mark.parametrize("name", CONTINUOUS)
def test_purchases_are_predicted_as_lifetimes_does(fitted: Mapping[str, Any], bare: pd.DataFrame, name: str) -> None:
    fitter, model = fitted[name], clv.from_lifetimes(fitted[name])
    rows = bare["frequency"], bare["recency"], bare["T"]
    with np.errstate(all="ignore"):
        assert_allclose(model.expected_purchases(bare, horizon=39), fitter.predict(39, *rows), rtol=1e-6)
        assert_allclose(model.p_alive(bare), fitter.conditional_probability_alive(*rows), rtol=1e-6)
        new = model.new_customer().expected_purchases(horizon=[1, 52])
        assert_allclose(new, fitter.expected_number_of_purchases_up_to_time(np.array([1.0, 52.0])), rtol=1e-6)


def test_spend_is_predicted_as_lifetimes_does(fitted: Mapping[str, Any], bare: pd.DataFrame) -> None:
    fitter, model = fitted["GammaGammaFitter"], clv.from_lifetimes(fitted["GammaGammaFitter"])
    theirs = fitter.conditional_expected_average_profit(bare["frequency"], bare["monetary_value"].fillna(0))
    assert_allclose(model.expected_spend(bare), theirs, rtol=1e-6)


def test_donations_are_predicted_as_lifetimes_does(fitted: Mapping[str, Any]) -> None:
    fitter, donors = fitted["BetaGeoBetaBinomFitter"], clv.load_donations()
    model = clv.from_lifetimes(fitter, time_unit="year")
    rows = [donors[name].to_numpy() for name in ("frequency", "recency", "T")]
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(5, *rows)
    assert_allclose(model.expected_purchases(donors, horizon=5), theirs, rtol=1e-6)
    assert_allclose(model.p_alive(donors), fitter.conditional_probability_alive(0, *rows), rtol=1e-6)


def test_the_distance_is_measured_in_standard_errors(fitted: Mapping[str, Any]) -> None:
    fitter = fitted["BetaGeoFitter"]
    own = clv.from_lifetimes(fitter)
    values, directions = np.linalg.eigh(own._state.covariance)
    for away, far in ((0.02, False), (0.5, True)):
        step = away * directions[:, -1] * np.sqrt(values[-1])
        moved = stand_in("BetaGeoFitter", params_=fitter.params_ * np.exp(step), data=fitter.data)
        if far:
            with pytest.warns(clv.ClvWarning, match="standard errors from the maximum of the likelihood. Fit the"):
                report = clv.from_lifetimes(moved).fit_report
        else:
            report = clv.from_lifetimes(moved).fit_report
        assert report.converged is not far
        assert report.newton_decrement**0.5 == pytest.approx(away, rel=0.2)


def test_parameters_far_off_are_not_excused_by_a_penalty(fitted: Mapping[str, Any]) -> None:
    fitter = fitted["BetaGeoFitter"]
    moved = stand_in("BetaGeoFitter", params_=fitter.params_ * 2, data=fitter.data, penalizer_coef=100.0)
    with pytest.warns(clv.ClvWarning, match="less the penalty. Fit the model again"):
        assert not clv.from_lifetimes(moved).fit_report.converged


def test_a_penalty_on_spend_counts_no_one_timers(customers: pd.DataFrame) -> None:
    """They stay in the fitter's rows, and are not in its sum."""
    few = customers.head(300)
    with pytest.warns(compat.LifetimesDifference, match="customers of frequency 0"):
        fitter = compat.GammaGammaFitter(0.05).fit(few["frequency"], few["monetary_value"].fillna(0.1))
    assert (fitter.data["frequency"] == 0).any()
    report = clv.from_lifetimes(fitter).fit_report
    assert report.converged
    assert report.newton_decrement**0.5 < 1e-3


@pytest.mark.parametrize("kept", [None, []])
def test_without_rows_the_errors_are_those_of_the_variance_matrix(fitted: Mapping[str, Any], kept: Any) -> None:
    fitter = fitted["BetaGeoFitter"]
    bare = stand_in("BetaGeoFitter", params_=fitter.params_, variance_matrix_=fitter.variance_matrix_, data=kept)
    model, whole = clv.from_lifetimes(bare), clv.from_lifetimes(fitter)
    assert_allclose(model._state.covariance, whole._state.covariance, rtol=1e-5)
    with pytest.raises(clv.NotAvailable, match="no fit report"):
        _ = model.fit_report
    values = np.array(list(model.parameters.values()))
    own = stand_in("BetaGeoFitter", params_=fitter.params_)
    own._covariance = whole._state.covariance * np.outer(values, values)  # as this package's fitters have it
    assert_allclose(clv.from_lifetimes(own)._state.covariance, whole._state.covariance, rtol=1e-12)
    turned = stand_in("BetaGeoFitter", params_=fitter.params_.iloc[::-1])  # in which order is nobody's promise
    turned._covariance = own._covariance[::-1, ::-1]
    assert_allclose(clv.from_lifetimes(turned)._state.covariance, whole._state.covariance, rtol=1e-12)


@pytest.mark.parametrize("matrix", ["text", np.ones((2, 2)), np.full((4, 4), np.nan), np.arange(16.0).reshape(4, 4)])
def test_a_matrix_that_is_none_gives_no_errors(matrix: Any) -> None:
    fitter = stand_in("BetaGeoFitter", params_=pd.Series(GIVEN["bg_nbd"]), variance_matrix_=matrix)
    with pytest.raises(clv.NotAvailable, match="no standard errors"):
        _ = clv.from_lifetimes(fitter).standard_errors


def test_rows_that_cannot_be_used_are_told(bare: pd.DataFrame) -> None:
    wrong = bare.assign(recency=100.0)
    fitter = stand_in("BetaGeoFitter", params_=pd.Series(GIVEN["bg_nbd"]), data=wrong)
    with pytest.warns(clv.ClvWarning, match="rows of the fitter cannot be used, so .* recency must not exceed T"):
        model = clv.from_lifetimes(fitter)
    assert model.parameters == GIVEN["bg_nbd"]


def test_a_fitter_of_this_package_is_taken_with_its_unit(customers: pd.DataFrame, bare: pd.DataFrame) -> None:
    fitter = compat.BetaGeoFitter().fit(customers["frequency"], customers["recency"], customers["T"])
    model = clv.from_lifetimes(fitter)
    assert model.time_unit == "week"
    assert model.fit_report.converged
    own = clv.PurchaseModel("bg_nbd").fit(customers)
    assert_allclose(list(model.parameters.values()), list(own.parameters.values()), rtol=1e-6)
    assert_allclose(model._state.covariance, own._state.covariance, rtol=1e-4)
    with pytest.raises(clv.UnitMismatch, match="time_unit='day', but the fitter was fitted on a summary in weeks"):
        clv.from_lifetimes(fitter, time_unit="day")
    unlabelled = compat.BetaGeoFitter().fit(bare["frequency"], bare["recency"], bare["T"])
    assert clv.from_lifetimes(unlabelled).time_unit is None


def test_who_says_the_unit_can_value(fitted: Mapping[str, Any], bare: pd.DataFrame) -> None:
    parts = clv.from_lifetimes(fitted["BetaGeoFitter"], "week"), clv.from_lifetimes(fitted["GammaGammaFitter"])
    assert clv.CLVModel(*parts).predict(bare, horizon=52)["clv"].gt(0).all()
    with pytest.raises(clv.UnitMismatch, match=r"clv\.from_lifetimes\(fitter, time_unit"):
        clv.CLVModel(clv.from_lifetimes(fitted["BetaGeoFitter"]), parts[1]).predict(bare)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": np.nan}, "parameter a must be finite and above 0; found nan"),
        ({"b": -1.0}, "parameter b must be finite and above 0; found -1.0"),
        ({"q": 1.0}, "BG/NBD has the parameters r, alpha, a, b; found r, alpha, a, b, q"),
    ],
)
def test_parameters_that_are_none_are_refused(change: dict[str, float], message: str) -> None:
    fitter = compat.BetaGeoFitter()
    fitter.params_ = pd.Series(GIVEN["bg_nbd"] | change)
    with pytest.raises(clv.InvalidInput, match=message):
        clv.from_lifetimes(fitter)


def test_what_is_no_fitted_fitter_is_refused(original: ModuleType) -> None:
    for fitter in (compat.BetaGeoFitter(), original.ParetoNBDFitter()):
        with pytest.raises(clv.NotFitted, match="has no parameters yet: call its fit first"):
            clv.from_lifetimes(fitter)
    for wrong, found in (
        (compat.BetaGeoFitter, "the class BetaGeoFitter"),
        (model_of("bg_nbd"), "PurchaseModel"),
        (None, "NoneType"),
        (stand_in("WeibullFitter", params_={"r": 1.0}), "WeibullFitter"),
    ):
        with pytest.raises(clv.InvalidInput, match=f"fitted one of lifetimes .BetaGeoFitter, .*found {found}"):
            clv.from_lifetimes(wrong)
    fitter = stand_in("GammaGammaFitter", params_=GIVEN["gamma_gamma"])
    with pytest.raises(clv.InvalidInput, match="a spend model has no time unit: leave time_unit='week' out"):
        clv.from_lifetimes(fitter, time_unit="week")
    with pytest.raises(clv.InvalidInput, match="time_unit must be one of"):
        clv.from_lifetimes(stand_in("BetaGeoFitter", params_=GIVEN["bg_nbd"]), time_unit="fortnight")


def test_a_class_made_from_a_fitter_is_that_fitter(original: ModuleType) -> None:
    class Ours(original.ModifiedBetaGeoFitter):
        pass

    fitter = Ours()
    fitter.params_ = pd.Series(GIVEN["mbg_nbd"])
    assert clv.from_lifetimes(fitter).family.name == "mbg_nbd"


# To lifetimes


@pytest.mark.parametrize("name", FITTERS)
def test_there_and_back_to_the_last_bit(original: ModuleType, name: str) -> None:
    model = model_of(FITTERS[name])
    fitter = clv.to_lifetimes(model)
    assert type(fitter) is getattr(original, name)
    assert dict(fitter.params_) == model.parameters
    assert not hasattr(fitter, "data")
    back = clv.from_lifetimes(fitter)
    assert back.parameters == model.parameters
    assert getattr(back, "time_unit", None) == getattr(model, "time_unit", None)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_with_its_customers_a_fitter_is_as_fitted_by_lifetimes(
    fitted: Mapping[str, Any], customers: pd.DataFrame, name: str
) -> None:
    theirs = fitted[name]
    fitter = clv.to_lifetimes(clv.from_lifetimes(theirs, "week"), customers)
    assert fitter._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, rel=1e-10)
    assert fitter._scale == theirs._scale
    pd.testing.assert_frame_equal(fitter.data.reset_index(drop=True), theirs.data)
    assert fitter.data.index.tolist() == customers["customer_id"].tolist()
    assert list(fitter.summary.columns) == ["coef", "se(coef)", "lower 95% bound", "upper 95% bound"]
    if hasattr(theirs, "summary"):
        assert_allclose(fitter.summary, theirs.summary, rtol=1e-6)
        assert_allclose(np.diag(fitter.variance_matrix_), np.diag(theirs.variance_matrix_), rtol=1e-6)
    rows = [customers[column].to_numpy() for column in ("frequency", "recency", "T")]
    with np.errstate(all="ignore"):
        assert np.array_equal(fitter.predict(39, *rows), theirs.predict(39, *rows))
    assert repr(fitter) == repr(theirs)
    drawn = fitter.generate_new_data(size=3)
    assert list(drawn.columns[:3]) == ["frequency", "recency", "T"]


def test_spend_and_donations_have_their_rows(fitted: Mapping[str, Any], customers: pd.DataFrame) -> None:
    theirs = fitted["GammaGammaFitter"]
    fitter = clv.to_lifetimes(clv.from_lifetimes(theirs), customers)
    assert fitter._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, rel=1e-10)
    pd.testing.assert_frame_equal(fitter.data.reset_index(drop=True), theirs.data.reset_index(drop=True))
    donors = clv.load_donations()
    each = donors.loc[donors.index.repeat(donors["weights"])].drop(columns="weights")
    theirs = fitted["BetaGeoBetaBinomFitter"]
    fitter = clv.to_lifetimes(clv.from_lifetimes(theirs, "year"), each.reset_index(drop=True))
    assert fitter._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, rel=1e-8)
    counts = theirs.expected_number_of_transactions_in_first_n_periods(6)["model"]
    assert_allclose(fitter.expected_number_of_transactions_in_first_n_periods(6)["model"], counts, rtol=1e-12)
    assert list(fitter.data.columns) == list(theirs.data.columns)


def test_lifetimes_can_value_with_what_comes_of_a_value(bare: pd.DataFrame) -> None:
    model = clv.CLVModel(model_of("bg_nbd"), model_of("gamma_gamma"))
    purchases, spend = both = clv.to_lifetimes(model, bare)
    assert isinstance(both, clv.LifetimesFitters)
    assert both.spend is spend
    columns = [bare[name] for name in ("frequency", "recency", "T", "monetary_value")]
    columns[-1] = columns[-1].fillna(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worth = spend.customer_lifetime_value(purchases, *columns, time=12, discount_rate=0.01, freq="W")
    assert worth.gt(0).all()
    assert len(spend.data) == (bare["monetary_value"] > 0).sum()


def test_lifetimes_can_draw_what_comes_of_a_model(original: ModuleType, bare: pd.DataFrame) -> None:
    import matplotlib.pyplot as plt

    fitter = clv.to_lifetimes(model_of("bg_nbd"), bare)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        original.plotting.plot_probability_alive_matrix(fitter, max_frequency=4, max_recency=20)
        axes = original.plotting.plot_period_transactions(fitter, max_frequency=3)
    assert axes.get_title() == "Frequency of Repeat Transactions"
    plt.close("all")


def test_summaries_of_other_kinds_and_sizes(bare: pd.DataFrame) -> None:
    model = model_of("bg_nbd")
    assert clv.to_lifetimes(model, pl.from_pandas(bare)).data.index.tolist() == bare["customer_id"].tolist()
    named = bare[["frequency", "recency", "T"]].set_axis(range(7, 7 + len(bare)))
    assert clv.to_lifetimes(model, named).data.index[0] == 7
    none = clv.to_lifetimes(model, bare.head(0))
    assert len(none.data) == 0
    assert np.isnan(none._negative_log_likelihood_)


def test_summaries_that_do_not_fit_are_refused(customers: pd.DataFrame, bare: pd.DataFrame) -> None:
    with pytest.raises(clv.UnitMismatch, match="the model is in days, the summary in weeks"):
        clv.to_lifetimes(model_of("bg_nbd", "day"), customers)
    with pytest.raises(clv.InvalidInput, match="one row per customer"):
        clv.to_lifetimes(model_of("bg_nbd"), pd.concat([bare, bare.head(1)]))


def test_models_that_lifetimes_does_not_have_are_refused() -> None:
    nbd = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, "week")
    with pytest.raises(clv.NotAvailable, match="lifetimes has no NBD: expected one of bg_nbd, mbg_nbd"):
        clv.to_lifetimes(nbd)
    own = replace(model_of("bg_nbd").family, time_parameters=("alpha", "r"))
    with pytest.raises(clv.NotAvailable, match="lifetimes has no BG/NBD of your own making"):
        clv.to_lifetimes(clv.PurchaseModel.from_parameters(own, GIVEN["bg_nbd"], "week"))
    with pytest.raises(clv.NotFitted):
        clv.to_lifetimes(clv.PurchaseModel("bg_nbd", "week"))
    with pytest.raises(clv.InvalidInput, match="model must be a PurchaseModel, SpendModel or CLVModel; found str"):
        clv.to_lifetimes("bg_nbd")


def test_without_lifetimes_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lifetimes", None)
    with pytest.raises(clv.NotAvailable, match=r'pip install "clvmodels\[lifetimes\]"'):
        clv.to_lifetimes(model_of("bg_nbd"))
    monkeypatch.setitem(sys.modules, "lifetimes", compat)
    with pytest.raises(clv.NotAvailable, match=r"own stand-in here, .*: to_lifetimes needs the real"):
        clv.to_lifetimes(model_of("bg_nbd"))


def test_importing_lifetimes_changes_no_settings() -> None:
    """In a process of its own, because here it is imported already."""
    code = """
import sys, warnings
import pandas as pd
import clvmodels as clv
def settings():
    filters = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return filters, pd.get_option("mode.chained_assignment")
import autograd, dill, scipy.optimize, scipy.special  # what lifetimes rests on changes filters of its own
model, convert = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}), clv.to_lifetimes
before = settings()
fitter = convert(model)
assert "lifetimes" in sys.modules and type(fitter).__module__.startswith("lifetimes.")
assert settings() == before, (before, settings())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


# A model without a unit


def test_a_unit_that_is_said_to_a_validation_is_that_of_a_model_without_one(bare: pd.DataFrame) -> None:
    log = clv.load_cdnow(sample=True)
    log = log[log["customer_id"].isin(bare["customer_id"].head(100))]
    without, known = clv.from_clvtools(GIVEN["bg_nbd"]), model_of("bg_nbd")
    asked: dict[str, Any] = {"calibration_end": "1997-09-30", "n_resamples": 2, "seed": 1, "amount": None}
    with pytest.raises(clv.UnitMismatch, match="needs the time unit of this BG/NBD model"):
        clv.validate(log, models=[without], **asked)
    said = clv.validate(log, models=[without], time_unit="week", **asked)
    same = clv.validate(log, models=[known], **asked)
    pd.testing.assert_frame_equal(said.table(), same.table())
    assert without.time_unit is None
    walked = clv.backtest(log, models=[without], time_unit="week", horizon=13, cutoffs=["1997-09-30"], amount=None)
    assert walked.time_unit == "week"


def test_a_comparison_without_units_shows_the_line_of_such_models(bare: pd.DataFrame) -> None:
    fitter = compat.BetaGeoFitter().fit(bare["frequency"], bare["recency"], bare["T"])
    with pytest.raises(clv.UnitMismatch, match=r'clv\.from_lifetimes\(fitter, time_unit="week"\)'):
        clv.compare_models([clv.from_lifetimes(fitter)], bare)
    with pytest.raises(clv.UnitMismatch, match=r"Write PurchaseModel\(\.\.\., time_unit="):
        clv.compare_models(["bg_nbd"], bare)
