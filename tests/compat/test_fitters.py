"""The fitters of purchases against lifetimes itself: fits, answers, their types and indexes."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat import lifetimes as compat
from clvmodels.compat.lifetimes import differences
from clvmodels.compat.lifetimes.utils import ConvergenceError
from clvmodels.errors import ClvWarning

from .conftest import quiet

NAMES = {
    "BetaGeoFitter": {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259},
    "ModifiedBetaGeoFitter": {"r": 0.5248, "alpha": 6.1830, "a": 0.8914, "b": 1.6140},
    "ParetoNBDFitter": {"r": 0.5533, "alpha": 10.5777, "s": 0.6062, "beta": 11.6687},
}
FAMILIES = dict(zip(NAMES, ("bg_nbd", "mbg_nbd", "pareto_nbd"), strict=True))
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """The sample, rounded as lifetimes ships it."""
    log = clv.load_cdnow(sample=True)
    summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30").round(2)
    assert isinstance(summary, pd.DataFrame)
    return summary


@pytest.fixture(scope="module")
def brisk() -> pd.DataFrame:
    """Customers who buy every few days, and leave soon."""
    known = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 1.2, "alpha": 3.0, "a": 0.9, "b": 6.0}, "day")
    generator = np.random.default_rng(4)
    summary = known.simulate(400, observation=generator.integers(20, 200, 400).astype(float), seed=2).summary
    assert isinstance(summary, pd.DataFrame)
    return summary


def made(module: ModuleType, name: str, parameters: dict[str, float] | None = None) -> Any:
    fitter = getattr(module, name)()
    fitter.params_ = pd.Series(parameters or NAMES[name])
    return fitter


def fitted(module: ModuleType, name: str, data: pd.DataFrame, penalty: float = 0.0, **options: Any) -> Any:
    columns = (data["frequency"], data["recency"], data["T"])
    if module is compat:
        return getattr(module, name)(penalty).fit(*columns, **options)
    np.random.seed(1)  # noqa: NPY002, where its Pareto/NBD begins
    with quiet(), contextlib.redirect_stdout(io.StringIO()):
        return getattr(module, name)(penalty).fit(*columns, **options)


# Fits


@each
@pytest.mark.parametrize("penalty", [0.0, 0.01, 1.0])
def test_a_fit_minimises_what_lifetimes_does(
    original: ModuleType, cdnow: pd.DataFrame, name: str, penalty: float
) -> None:
    if penalty and name == "ParetoNBDFitter":
        cdnow = cdnow.iloc[::3].reset_index(drop=True)
    theirs, ours = fitted(original, name, cdnow, penalty), fitted(compat, name, cdnow, penalty)
    objective = getattr(original, name)._negative_log_likelihood
    scaled = ours.params_.copy()
    scaled[[p for p in ("alpha", "beta") if p in scaled]] *= ours._scale
    at = scaled.to_numpy() if name == "ParetoNBDFitter" else np.log(scaled.to_numpy())
    scales = cdnow[["recency", "T"]].to_numpy().T * ours._scale
    theirs_at_ours = objective(at, cdnow["frequency"].to_numpy(), *scales, np.ones(len(cdnow)), penalty)
    assert ours._negative_log_likelihood_ == pytest.approx(theirs_at_ours, rel=1e-12)
    assert ours._negative_log_likelihood_ <= theirs._negative_log_likelihood_ * (1 + 1e-12)
    assert type(ours._negative_log_likelihood_) is type(theirs._negative_log_likelihood_)  # asked to .round(3)
    assert ours._scale == theirs._scale
    # as near as the original came: BFGS to 1e-7 of the gradient, Nelder-Mead to 1e-4; MBG/NBD is flat under penalty 1
    np.testing.assert_allclose(ours.params_, theirs.params_, rtol=1e-4 if name != "ParetoNBDFitter" else 5e-4)
    assert list(ours.params_.index) == list(theirs.params_.index)
    pd.testing.assert_frame_equal(ours.data, theirs.data)


@each
def test_weighted_rows_are_fitted_as_lifetimes_fits_them(original: ModuleType, brisk: pd.DataFrame, name: str) -> None:
    data = brisk.head(250)
    weights = pd.Series(1 + np.arange(250) % 3)
    theirs = fitted(original, name, data, 0.01, weights=weights)
    ours = fitted(compat, name, data, 0.01, weights=weights)
    np.testing.assert_allclose(ours.params_, theirs.params_, rtol=1e-4)
    assert ours._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, rel=1e-9)
    pd.testing.assert_frame_equal(ours.data, theirs.data)
    repeated = data.loc[data.index.repeat(weights)]
    alike = fitted(compat, name, repeated, 0.01)
    if name != "ParetoNBDFitter":  # whose sum is divided by the mean weight: there the penalty weighs less
        np.testing.assert_allclose(alike.params_, ours.params_, rtol=1e-8)
        np.testing.assert_allclose(alike.standard_errors_, ours.standard_errors_, rtol=1e-6)


@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter"])
def test_standard_errors_and_intervals_are_those_of_lifetimes(
    original: ModuleType, cdnow: pd.DataFrame, name: str
) -> None:
    theirs, ours = fitted(original, name, cdnow, 0.01), fitted(compat, name, cdnow, 0.01)
    np.testing.assert_allclose(ours._hessian_, theirs._hessian_, rtol=1e-4, atol=1e-6)
    pd.testing.assert_series_equal(ours.standard_errors_, theirs.standard_errors_, rtol=1e-4)
    pd.testing.assert_frame_equal(ours.confidence_intervals_, theirs.confidence_intervals_, rtol=1e-4)
    pd.testing.assert_frame_equal(ours.summary, theirs.summary, rtol=1e-4)
    with pytest.warns(compat.LifetimesDifference, match="not symmetric"):
        matrix = ours.variance_matrix_
    np.testing.assert_allclose(np.diag(matrix), np.diag(theirs.variance_matrix_), rtol=1e-4)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert not np.allclose(theirs.variance_matrix_, theirs.variance_matrix_.T, rtol=0.01)
    # the difference is that of θ_i/θ_j, and no other
    ratio = np.divide.outer(ours.params_.to_numpy(), ours.params_.to_numpy())
    np.testing.assert_allclose(matrix / ratio, theirs.variance_matrix_, rtol=1e-3)


def test_pareto_nbd_has_errors_here_and_none_there(original: ModuleType, cdnow: pd.DataFrame) -> None:
    ours = fitted(compat, "ParetoNBDFitter", cdnow)
    with pytest.warns(compat.LifetimesDifference, match="has none"):
        errors = ours.standard_errors_
    # the R package CLVTools, on the unrounded summary
    np.testing.assert_allclose(errors, [0.0476264, 0.8427222, 0.1872594, 6.2105448], rtol=1e-3)
    assert ours.summary.columns.tolist() == ["coef", "se(coef)", "lower 95% bound", "upper 95% bound"]
    theirs = made(original, "ParetoNBDFitter")
    with pytest.raises(AttributeError):
        _ = theirs.standard_errors_


@each
def test_before_a_fit_there_are_no_answers(name: str) -> None:
    fitter = getattr(compat, name)()
    assert repr(fitter) == f"<lifetimes.{name}>"
    assert not hasattr(fitter, "variance_matrix_")
    for kind in (ValueError, clv.NotFitted):
        with pytest.raises(kind, match=r"Model has not been fit yet. Please call the .fit method first\."):
            fitter.conditional_probability_alive(1, 2.0, 3.0)


@each
def test_the_rows_the_index_and_the_bound_methods_stay_with_the_fitter(cdnow: pd.DataFrame, name: str) -> None:
    few = cdnow.head(300)
    fitter = fitted(compat, name, few, 0.01, index=few["customer_id"])
    assert fitter.data.index.equals(pd.Index(few["customer_id"]))
    assert fitter.data.columns.tolist() == ["frequency", "recency", "T", "weights"]
    assert repr(fitter).startswith(f"<lifetimes.{name}: fitted with 300 subjects, ")
    assert fitter.__dict__["predict"](3, 2, 10.0, 20.0) == fitter.predict(3, 2, 10.0, 20.0) > 0
    assert "generate_new_data" in fitter.__dict__
    assert fitter._time_unit == "week"
    assert copy.deepcopy(fitter).params_.equals(fitter.params_)
    assert fitter.params_.attrs == {}


@each
def test_options_of_the_search_are_taken_and_change_nothing(cdnow: pd.DataFrame, name: str) -> None:
    few = cdnow.head(200)
    plain = fitted(compat, name, few, 0.01)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        options = {"initial_params": np.ones(4), "tol": 1e-3, "verbose": True, "maxiter": 7, "disp": True}
        other = fitted(compat, name, few, 0.01, **options)
    assert other.params_.equals(plain.params_)
    assert told.getvalue().startswith("The fit has converged.")


def test_iterations_of_pareto_nbd_are_refused_as_in_lifetimes(original: ModuleType, cdnow: pd.DataFrame) -> None:
    few = cdnow.head(20)
    for module in (original, compat):
        with pytest.raises(ValueError, match="iterative_fitting parameter should be greater than 0"):
            fitted(module, "ParetoNBDFitter", few, iterative_fitting=0)
        with pytest.raises(ValueError, match="should not be both set"):
            fitted(module, "ParetoNBDFitter", few, iterative_fitting=2, initial_params=np.ones(4))


# Fits that cannot be trusted


@each
def test_what_has_no_likelihood_is_a_convergence_error_and_leaves_the_fitter_as_it_was(
    cdnow: pd.DataFrame, name: str
) -> None:
    fitter = fitted(compat, name, cdnow.head(200), 0.01)
    before = dict(fitter.__dict__)
    never = pd.DataFrame({"frequency": [0, 0], "recency": [0.0, 0.0], "T": [3.0, 4.0]})
    unknown = pd.DataFrame({"frequency": [2, 1, 1], "recency": [1.0, 1.0, np.nan], "T": [3.0, 4.0, 5.0]})
    uncounted = unknown.assign(frequency=[2, np.nan, 1], recency=1.0)
    negative, absurd = uncounted.assign(frequency=[2, 1, -3]), uncounted.assign(frequency=[10**15, 2, 1])
    at_once = pd.DataFrame({"frequency": [2, 1], "recency": [0.0, 0.0], "T": [0.0, 0.0]})
    for data, words in (
        (never, "nobody came back"),
        (unknown, "recency must be finite numbers; 1 of 3 are not, first in row 2"),
        (at_once, "T = 0"),
        (uncounted, "frequency must be"),
        (negative, "of at least 0; 1 of 3 are not, first in row 2"),
        (absurd, "Try adding a larger penalizer"),
    ):
        with pytest.raises(ConvergenceError, match=f"^The model did not converge[:.] .*{words}"):
            fitter.fit(data["frequency"], data["recency"], data["T"])
    for weights, words in (([1, -1], "1 of the 2 that"), ([1], "0 of the 1 that"), ([0, 0], "their sum is 0")):
        with pytest.raises(clv.InvalidInput, match=f"weights must be finite numbers of at least 0.* 2 rows; .*{words}"):
            fitter.fit([1, 2], [1.0, 2.0], [3.0, 4.0], weights=weights)
    with pytest.raises(clv.InvalidInput, match=r"larger than T vector\. They are 1 of 2, first in row 1$"):
        fitter.fit([1, 2], [1.0, 5.0], [3.0, 4.0])
    with pytest.raises(ValueError, match="index"):
        fitter.fit([1, 2], [1.0, 2.0], [3.0, 4.0], index=["a"])
    assert fitter.__dict__ == before


@each
def test_a_parameter_that_runs_off_is_told_and_predictions_are_those_of_the_limit(name: str) -> None:
    known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.5, "alpha": 5.0}, "week")
    data = known.simulate(300, observation=30.0, seed=3).summary  # nobody ever leaves
    with pytest.warns(ClvWarning, match="Do not trust this fit as it is"):
        fitter = fitted(compat, name, data)
    rows = [data[c] for c in ("frequency", "recency", "T")]
    expected = clv.PurchaseModel("nbd").fit(data).expected_purchases(data, horizon=10)
    if name != "ModifiedBetaGeoFitter":  # it can tell one-timers who left at once from those who buy rarely
        np.testing.assert_allclose(fitter.predict(10, *rows), expected, rtol=0.02)
    assert np.isfinite(fitter.predict(10, *rows)).all()


def test_an_optimum_that_the_first_search_passes_by_is_found(original: ModuleType) -> None:
    """The search from this package's own start runs off to a = 0; from lifetimes' start it does not."""
    known = clv.PurchaseModel.from_parameters("nbd", {"r": 0.5, "alpha": 5.0}, "week")
    data = known.simulate(1000, observation=np.linspace(10, 51, 1000), seed=0).summary
    name = "ModifiedBetaGeoFitter"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClvWarning)
        ours, theirs = fitted(compat, name, data), fitted(original, name, data)
    assert ours._negative_log_likelihood_ <= theirs._negative_log_likelihood_ + 1e-9
    np.testing.assert_allclose(ours.params_, theirs.params_, rtol=1e-4)
    assert ours.params_["a"] > 0.01


# Answers: the same numbers, in the same form


def given(form: str, data: pd.DataFrame) -> list[Any]:
    columns = [data[c] for c in ("frequency", "recency", "T")]
    if form == "scalars":
        return [int(columns[0].iloc[5]), float(columns[1].iloc[5]), float(columns[2].iloc[5])]
    if form == "arrays":
        return [c.to_numpy() for c in columns]
    if form == "series":
        return [c.set_axis(data["customer_id"]) for c in columns]
    if form == "frequency alone a series":
        return [columns[0], 3.0, 30.0]
    if form == "T alone a series":
        return [np.float64(2), 3.0, columns[2]]
    if form == "a matrix":
        return [np.arange(5.0)[:, None], np.array([0.0, 4.0, 9.0]), 30.0]
    return [np.array([3]), np.array([2.0]), np.array([9.0])]


FORMS = (
    "scalars", "arrays", "series", "frequency alone a series", "T alone a series", "a matrix", "one row",
)  # fmt: skip


def same(ours: Any, theirs: Any) -> None:
    assert isinstance(ours, type(theirs))
    if isinstance(ours, pd.Series):
        pd.testing.assert_series_equal(ours, theirs, rtol=1e-6, check_names=False)
    else:
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@each
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("customers", ["cdnow", "brisk"])
def test_answers_are_those_of_lifetimes(
    original: ModuleType, name: str, form: str, customers: str, request: pytest.FixtureRequest
) -> None:
    data = request.getfixturevalue(customers).head(60)
    theirs, ours = made(original, name), made(compat, name)
    rows = given(form, data)
    t = 10
    method = "conditional_expected_number_of_purchases_up_to_time"
    if name == "ParetoNBDFitter" and form in ("a matrix", "T alone a series"):
        # there it stops: its signs are as many as there are frequencies
        with quiet(), pytest.raises(ValueError, match=r"shape|broadcast"):
            getattr(theirs, method)(t, *rows)
        x, t_x, T = np.broadcast_arrays(*rows)
        spread = getattr(ours, method)(t, x.ravel(), t_x.ravel(), T.ravel())
        np.testing.assert_allclose(np.ravel(getattr(ours, method)(t, *rows)), spread, rtol=1e-13)
        return
    with quiet():
        expected = getattr(theirs, method)(t, *rows), theirs.conditional_probability_alive(*rows)
    same(getattr(ours, method)(t, *rows), expected[0])
    same(ours.conditional_probability_alive(*rows), expected[1])


@each
def test_times_may_be_many(original: ModuleType, cdnow: pd.DataFrame, name: str) -> None:
    data = cdnow.head(30)
    theirs, ours = made(original, name), made(compat, name)
    horizon = pd.Series(np.linspace(1, 50, 30))
    rows = [data[c] for c in ("frequency", "recency", "T")]
    for t in (horizon, horizon.to_numpy()):
        with quiet():
            expected = theirs.conditional_expected_number_of_purchases_up_to_time(t, *rows)
        same(ours.conditional_expected_number_of_purchases_up_to_time(t, *rows), expected)
    for t in (3, 3.5, np.arange(1, 9), pd.Series([1.0, 2.0], index=["x", "y"]), range(1, 4)):
        with quiet():
            expected = theirs.expected_number_of_purchases_up_to_time(t)
        same(ours.expected_number_of_purchases_up_to_time(t), expected)


@each
def test_the_matrix_stands_as_in_lifetimes(original: ModuleType, cdnow: pd.DataFrame, name: str) -> None:
    theirs, ours = made(original, name), made(compat, name)
    ours.data = theirs.data = cdnow
    for sizes in ((), (4, 9), (0, 9)):
        with quiet():
            expected = theirs.conditional_probability_alive_matrix(*sizes)
        same(ours.conditional_probability_alive_matrix(*sizes), expected)
    matrix = ours.conditional_probability_alive_matrix(4, 9)
    assert matrix.shape == (10, 5)
    for t_x in range(10):
        for x in range(5):
            assert matrix[t_x, x] == ours.conditional_probability_alive(x, t_x, 9)
    large = ours.conditional_probability_alive_matrix(50, 60)
    np.testing.assert_allclose(large[7, 3], ours.conditional_probability_alive(3, 7, 60), rtol=1e-12)


@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter"])
def test_probabilities_of_n_are_those_of_lifetimes(original: ModuleType, name: str) -> None:
    theirs, ours = made(original, name), made(compat, name)
    for t, n in ((2, 3), (39.0, 0), (30, 20)):
        with quiet():
            expected = theirs.probability_of_n_purchases_up_to_time(t, n)
        same(ours.probability_of_n_purchases_up_to_time(t, n), np.float64(expected))
    together = ours.probability_of_n_purchases_up_to_time(30, np.arange(4))
    np.testing.assert_array_equal(together, [ours.probability_of_n_purchases_up_to_time(30, n) for n in range(4)])


def test_conditional_probabilities_of_n_are_those_of_lifetimes(original: ModuleType, cdnow: pd.DataFrame) -> None:
    theirs, ours = made(original, "ParetoNBDFitter"), made(compat, "ParetoNBDFitter")
    for form in ("scalars", "arrays", "series"):
        rows = given(form, cdnow.head(40))
        for n in (0, 1, 2):
            with quiet():
                expected = theirs.conditional_probability_of_n_purchases_up_to_time(n, 10, *rows)
            same(ours.conditional_probability_of_n_purchases_up_to_time(n, 10, *rows), expected)


@each
def test_private_functions_are_those_of_lifetimes(original: ModuleType, cdnow: pd.DataFrame, name: str) -> None:
    x, t_x, T = (cdnow[c].head(50).to_numpy() for c in ("frequency", "recency", "T"))
    at, weights = np.array([0.6, 5.0, 0.8, 2.0]), np.arange(1, 51)
    log = (lambda v: v) if name == "ParetoNBDFitter" else np.log
    ours, theirs = getattr(compat, name), getattr(original, name)
    with quiet():
        expected = theirs._negative_log_likelihood(log(at), x, t_x, T, weights, 0.1)
    assert ours._negative_log_likelihood(log(at), x, t_x, T, weights, 0.1) == pytest.approx(expected, rel=1e-12)
    if name == "ParetoNBDFitter":
        assert ours._negative_log_likelihood([0.6, 0.0, 1, 1], x, t_x, T, weights, 0.1) == np.inf
        with quiet():
            expected = theirs._log_A_0(at, x, t_x, T), theirs._conditional_log_likelihood(at, x, t_x, T)
        np.testing.assert_allclose(ours._log_A_0(at, x, t_x, T), expected[0], rtol=1e-12)
        np.testing.assert_allclose(ours._conditional_log_likelihood(at, x, t_x, T), expected[1], rtol=1e-12)


@each
def test_parameters_are_read_at_each_call_and_may_be_a_dict(cdnow: pd.DataFrame, name: str) -> None:
    fitter = getattr(compat, name)()
    fitter.params_ = dict(NAMES[name])
    one = fitter.conditional_expected_number_of_purchases_up_to_time(39, 2, 30.43, 38.86)
    fitter.params_["r"] *= 2
    assert fitter.conditional_expected_number_of_purchases_up_to_time(39, 2, 30.43, 38.86) > one
    native = clv.PurchaseModel.from_parameters(FAMILIES[name], NAMES[name], "week")
    expected = native.expected_purchases(cdnow, horizon=39)
    rows = [cdnow[c] for c in ("frequency", "recency", "T")]
    ours = made(compat, name).conditional_expected_number_of_purchases_up_to_time(39, *rows)
    np.testing.assert_allclose(ours, expected, rtol=1e-13)


@each
def test_what_is_missing_is_missing_in_the_answer_and_nowhere_else(name: str) -> None:
    fitter = made(compat, name)
    x = pd.Series([2.0, np.nan, 3.0, 0.0], index=list("abcd"))
    t_x, T = np.array([3.0, 3.0, np.nan, 0.0]), 30.0
    for answer in (
        fitter.conditional_expected_number_of_purchases_up_to_time(9, x, t_x, T),
        fitter.conditional_probability_alive(x, t_x, T),
    ):
        assert np.isnan(np.asarray(answer)).tolist() == [False, True, True, False]
    alone = fitter.conditional_expected_number_of_purchases_up_to_time(9, 2.0, 3.0, T)
    assert fitter.conditional_expected_number_of_purchases_up_to_time(9, x, t_x, T)["a"] == pytest.approx(
        alone, rel=1e-12
    )
    assert np.isnan(fitter.expected_number_of_purchases_up_to_time(np.nan))
    assert np.isnan(fitter.conditional_expected_number_of_purchases_up_to_time(9, 2, 3, [np.nan])).all()


@each
def test_series_of_other_orders_are_put_side_by_side_by_their_labels(name: str) -> None:
    fitter = made(compat, name)
    x, t_x = pd.Series([2, 0], index=["a", "b"]), pd.Series([0.0, 3.0], index=["b", "a"])
    found = fitter.conditional_expected_number_of_purchases_up_to_time(9, x, t_x, 20.0)
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(9, x, np.array([3.0, 0.0]), 20.0)
    pd.testing.assert_series_equal(found.loc[["a", "b"]], expected, check_names=False)


@each
def test_heavy_customers_raise_no_floating_point_error(name: str) -> None:
    fitter = made(compat, name)
    with np.errstate(all="raise"):
        assert fitter.conditional_probability_alive(frequency=1000, recency=10, T=100) == 0.0
        assert fitter.conditional_expected_number_of_purchases_up_to_time(5, 600, 10, 100) < 1e-100


@each
def test_new_customers_are_drawn_from_the_fitted_parameters(cdnow: pd.DataFrame, name: str) -> None:
    fitter = fitted(compat, name, cdnow)
    drawn = fitter.generate_new_data(size=20)
    assert len(drawn) == 20
    assert {"frequency", "recency", "T"} <= set(drawn.columns)
    fitter.data = None
    with pytest.raises(ValueError, match="save_data=True"):
        fitter.generate_new_data(size=2)


@each
def test_what_has_no_errors_says_why(name: str) -> None:
    module = getattr(compat, name)()
    with pytest.raises(AttributeError, match="not been fit yet"):
        _ = module.standard_errors_
    fitter = made(compat, name)
    for attribute in ("variance_matrix_", "summary"):
        with pytest.raises(AttributeError, match="it has parameters only"):
            getattr(fitter, attribute)
    assert not hasattr(fitter, "confidence_intervals_")


# Where lifetimes is wrong


@pytest.mark.parametrize("kind", [list, tuple, range])
def test_a_list_of_frequencies_has_customers_without_a_repeat_purchase(original: ModuleType, kind: type) -> None:
    theirs, ours = made(original, "BetaGeoFitter"), made(compat, "BetaGeoFitter")
    frequency = range(2) if kind is range else kind([0, 1])
    row = (np.array([0.0, 3.0]), np.array([5.0, 6.0]))
    with pytest.warns(compat.LifetimesDifference, match="list, tuple or range.*takes frequency 0"):
        found = ours.conditional_probability_alive(frequency, *row)
    np.testing.assert_allclose(found, theirs.conditional_probability_alive(np.array([0, 1]), *row), rtol=1e-12)
    assert theirs.conditional_probability_alive(frequency, *row)[0] < 0.9
    # nothing to tell of: nobody at 0, an array, another model
    differences._TOLD.clear()
    ours.conditional_probability_alive([2, 1], *row)
    ours.conditional_probability_alive(np.array([0, 1]), *row)
    made(compat, "ModifiedBetaGeoFitter").conditional_probability_alive(frequency, *row)


@pytest.mark.parametrize("name", ["BetaGeoFitter", "ModifiedBetaGeoFitter"])
def test_probabilities_of_several_times_are_those_of_each(original: ModuleType, name: str) -> None:
    theirs, ours = made(original, name), made(compat, name)
    times = np.array([1.0, 2.0])
    with pytest.warns(compat.LifetimesDifference, match="several t at once.*adds up over t"):
        found = ours.probability_of_n_purchases_up_to_time(times, 1)
    each_alone = [theirs.probability_of_n_purchases_up_to_time(t, 1) for t in times]
    np.testing.assert_allclose(found, each_alone, rtol=1e-10)
    assert np.all(theirs.probability_of_n_purchases_up_to_time(times, 1) < 0)
    differences._TOLD.clear()
    ours.probability_of_n_purchases_up_to_time(2.0, 1)  # nothing to tell of
    if name == "BetaGeoFitter":
        np.testing.assert_allclose(
            ours.probability_of_n_purchases_up_to_time(times, 0),
            theirs.probability_of_n_purchases_up_to_time(times, 0),
            rtol=1e-12,
        )


def both(original: ModuleType, name: str, parameters: tuple[float, ...]) -> tuple[Any, Any]:
    named = dict(zip(NAMES[name], parameters, strict=True))
    return made(original, name, named), made(compat, name, named)


@each
@pytest.mark.parametrize("beside", [0.0, 1e-12, -1e-9])
def test_the_expectation_is_continuous_at_one(original: ModuleType, name: str, beside: float) -> None:
    theirs, ours = both(original, name, (0.55, 10.58, 1 + beside, 11.67))
    _, near = both(original, name, (0.55, 10.58, 1 + 1e-4, 11.67))
    row = (np.array([1.0]), np.array([2.0]), np.array([30.43]), np.array([38.86]))
    right = near.conditional_expected_number_of_purchases_up_to_time(*row)
    with pytest.warns(compat.LifetimesDifference, match="near 1"):
        value = ours.conditional_expected_number_of_purchases_up_to_time(*row)
    np.testing.assert_allclose(value, right, rtol=1e-3)
    np.testing.assert_allclose(
        ours.expected_number_of_purchases_up_to_time(9.0), near.expected_number_of_purchases_up_to_time(9.0), rtol=1e-3
    )
    with quiet():
        wrong = theirs.conditional_expected_number_of_purchases_up_to_time(*row)
    assert not np.allclose(wrong, value, rtol=1e-6, equal_nan=False)


def test_bg_nbd_with_a_and_b_below_one(original: ModuleType) -> None:
    theirs, ours = both(original, "BetaGeoFitter", (0.3, 3.0, 0.01, 0.02))
    with pytest.warns(compat.LifetimesDifference, match="without a repeat purchase"):
        value = ours.conditional_expected_number_of_purchases_up_to_time(39.0, 0.0, 0.0, 5.0)
    with quiet():
        assert np.isnan(theirs.conditional_expected_number_of_purchases_up_to_time(39.0, 0.0, 0.0, 5.0))
    # E[(1 − (1 + p·39/8)^-0.3)/p] with p ~ Beta(0.01, 0.02), by mpmath's quadrature to 30 digits
    assert value == pytest.approx(1.1025814235259892, rel=1e-10)


@pytest.mark.parametrize(
    ("name", "row"),
    [("ModifiedBetaGeoFitter", (39.0, 1000.0, 2.5, 5.0)), ("ParetoNBDFitter", (10.0, 500.0, 5.0, 5.0))],
)
def test_large_frequencies(original: ModuleType, name: str, row: tuple[float, ...]) -> None:
    theirs, ours = made(original, name), made(compat, name)
    with quiet():
        assert not np.isfinite(theirs.conditional_expected_number_of_purchases_up_to_time(*row))
    with pytest.warns(compat.LifetimesDifference, match=f"frequency {row[1]:.0f}"):
        value = ours.conditional_expected_number_of_purchases_up_to_time(*row)
    assert 0 < value < np.inf


def test_the_probability_to_be_alive_of_heavy_customers(original: ModuleType) -> None:
    theirs, ours = made(original, "ParetoNBDFitter"), made(compat, "ParetoNBDFitter")
    with quiet():
        assert np.isnan(theirs.conditional_probability_alive(500.0, 5.0, 5.0))
    with pytest.warns(compat.LifetimesDifference, match="frequency 500"):
        assert ours.conditional_probability_alive(500.0, 5.0, 5.0) == 1.0


def test_probabilities_of_many_purchases(original: ModuleType) -> None:
    theirs, ours = made(original, "BetaGeoFitter"), made(compat, "BetaGeoFitter")
    with quiet():
        assert np.isnan(theirs.probability_of_n_purchases_up_to_time(1000, 200))
        assert theirs.probability_of_n_purchases_up_to_time(1.0, 50) < 0
    with pytest.warns(compat.LifetimesDifference, match="n = 200"):
        assert ours.probability_of_n_purchases_up_to_time(1000, 200) == pytest.approx(2.46e-5, rel=0.01)
    assert 0 < ours.probability_of_n_purchases_up_to_time(1.0, 50) < 1e-30
    tail = ours.probability_of_n_purchases_up_to_time(1000, np.arange(3000)).sum()
    assert tail == pytest.approx(1, abs=1e-4)


def test_small_conditional_probabilities_and_no_time(original: ModuleType) -> None:
    theirs, ours = made(original, "ParetoNBDFitter"), made(compat, "ParetoNBDFitter")
    row = (1.0, 0, 0.0, 40.0)
    with pytest.warns(compat.LifetimesDifference, match="a probability of"):
        value = ours.conditional_probability_of_n_purchases_up_to_time(20, *row)
    assert 0 < value < 1e-30
    with quiet():
        assert not np.isclose(theirs.conditional_probability_of_n_purchases_up_to_time(20, *row), value, atol=0)
        assert theirs.conditional_probability_of_n_purchases_up_to_time(0, 0, 2, 3.0, 9.0) == 0
    with pytest.warns(compat.LifetimesDifference, match="no time, no purchase"):
        assert ours.conditional_probability_of_n_purchases_up_to_time(0, 0, 2, 3.0, 9.0) == 1
    assert ours.conditional_probability_of_n_purchases_up_to_time(1, 0, 2, 3.0, 9.0) == 0


@each
def test_negative_times(original: ModuleType, name: str) -> None:
    theirs, ours = made(original, name), made(compat, name)
    with quiet():
        assert not theirs.conditional_expected_number_of_purchases_up_to_time(-3.0, 2.0, 3.0, 9.0) >= 0  # or NaN
    with pytest.warns(compat.LifetimesDifference, match="negative numbers of purchases"):
        assert ours.conditional_expected_number_of_purchases_up_to_time(-3.0, 2.0, 3.0, 9.0) == 0
    assert ours.expected_number_of_purchases_up_to_time(np.array([-1.0, 0.0])).tolist() == [0, 0]


@each
def test_what_differs_is_told_and_what_does_not_is_not(original: ModuleType, name: str) -> None:
    """On a grid of parameters and histories, one by one: never silent where it differs by 1e-6."""
    from clvmodels.compat.lifetimes import differences

    sets = (
        (0.55, 10.58, 0.61, 11.67),
        (10.0, 5.0, 0.1, 5.0),
        (0.3, 3.0, 0.3, 0.2),
        (0.5, 9, 1 + 1e-7, 3),
        (1, 9, 2, 3),
    )
    grid = [
        (t, x, share * T if x else 0.0, T)
        for t in (1e-3, 39.0, 1000.0) for T in (5.0, 400.0) for x in (0, 1, 20, 150, 1000) for share in (0.1, 1.0)
    ]  # fmt: skip
    silent = needless = 0
    for parameters in sets:
        theirs, ours = both(original, name, parameters)
        for row in grid:
            columns = [np.array([v]) for v in row]
            differences._TOLD.clear()
            with quiet():
                expected = np.asarray(theirs.conditional_expected_number_of_purchases_up_to_time(*columns))[0]
                value = ours.conditional_expected_number_of_purchases_up_to_time(*columns)[0]
            alike = value == expected or (abs(value) < 1e-290 and abs(expected) < 1e-290)
            differs = not (alike or abs(expected / value - 1) < 1e-6)
            silent += differs and not differences._TOLD
            needless += bool(differences._TOLD) and not differs
    assert silent == 0
    assert needless <= 0.1 * len(sets) * len(grid)


@pytest.mark.parametrize("name", ["summary", "standard_errors_", "confidence_intervals_", "variance_matrix_"])
def test_errors_of_what_was_not_fitted_are_refused_in_words(name):
    fitter = compat.BetaGeoFitter()
    with pytest.raises(AttributeError, match=r"BetaGeoFitter has no standard errors.*not been fit yet. Call its fit"):
        getattr(fitter, name)
    fitter.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    with pytest.raises(AttributeError, match="it has parameters only"):
        getattr(fitter, name)


@pytest.mark.parametrize(
    ("name", "parameters", "row"),
    [
        ("BetaGeoFitter", (0.3455, 0.18, 1.0, 0.6047), (0.0, 2, 3.0, 9.0)),
        ("BetaGeoFitter", (0.1758, 89.91, 15.68, 1.0), (158.5, 0, 0.0, 0.02)),
        ("BetaGeoFitter", (0.07503, 0.1582, 1 - 1.1e-8, 9.011), (9.467, 0, 0.0, 0.0)),
        ("ModifiedBetaGeoFitter", (3.618, 255.9, 1.0, 9.168), (0.0, 2, 0.0, 0.0)),
        ("ModifiedBetaGeoFitter", (15.14, 0.2711, 1 + 6.1e-9, 0.2507), (151.9, 1, 0.0, 0.0)),
        ("ParetoNBDFitter", (5.514, 1.003, 1.0, 71.63), (0.0, 0, 0.0, 0.04)),
        ("ParetoNBDFitter", (0.07759, 0.1845, 2.085, 0.5752), (5.278, 896, 0.0, 0.0)),
        ("ParetoNBDFitter", (5.202, 3.865, 18.34, 133.9), (6.435e-9, 0, 0.0, 22.46)),
    ],
)
def test_where_digits_are_lost_is_never_silent(
    original: ModuleType, name: str, parameters: tuple[float, ...], row: tuple[float, ...]
) -> None:
    theirs, ours = both(original, name, parameters)
    with quiet():
        wrong = np.asarray(theirs.conditional_expected_number_of_purchases_up_to_time(*row))
    with pytest.warns(compat.LifetimesDifference, match="loses its digits"):
        value = ours.conditional_expected_number_of_purchases_up_to_time(*row)
    assert np.isfinite(value)
    assert not np.allclose(wrong, value, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("parameters", "row", "right"),
    [
        # ∫ over the gammas of λ and μ of the alive part, over alive and dead parts; mpmath, 30 digits and 50
        ((3.045, 217.9, 1 - 3.8e-13, 0.2871), (0, 0.0, 9.296), 0.0267410705163117296),
        ((0.1251, 290.8, 1 + 1.1e-11, 0.4113), (21, 0.001016, 0.001216), 0.999515166799762202),
    ],
)
def test_pareto_nbd_alive_where_s_is_next_to_a_whole_number(
    original: ModuleType, parameters: tuple[float, ...], row: tuple[float, ...], right: float
) -> None:
    theirs, ours = both(original, "ParetoNBDFitter", parameters)
    with pytest.warns(compat.LifetimesDifference, match="next to a whole number"):
        assert ours.conditional_probability_alive(*row) == pytest.approx(right, rel=1e-10)
    with quiet():
        assert theirs.conditional_probability_alive(*row) != pytest.approx(right, rel=1e-6)


def test_what_differs_for_one_of_many_is_told(original: ModuleType) -> None:
    theirs, ours = made(original, "ParetoNBDFitter"), made(compat, "ParetoNBDFitter")
    x, t_x = np.full(5000, 2.0), np.full(5000, 3.0)
    T = np.full(5000, 9.0)
    ours.conditional_probability_alive(x, t_x, T)  # silent
    x[4321], t_x[4321] = 500, 9.0
    with quiet():
        assert np.flatnonzero(np.isnan(theirs.conditional_probability_alive(x, t_x, T))).tolist() == [4321]
    with pytest.warns(compat.LifetimesDifference, match="frequency 500"):
        ours.conditional_probability_alive(x, t_x, T)


def test_no_purchase_in_no_time_is_no_lost_digit(original: ModuleType) -> None:
    for name in ("BetaGeoFitter", "ModifiedBetaGeoFitter"):
        with quiet():
            assert made(original, name).probability_of_n_purchases_up_to_time(0.0, 3) == 0
        assert made(compat, name).probability_of_n_purchases_up_to_time(0.0, 3) == 0  # silent


@each
def test_nobody_is_answered_with_nothing(original: ModuleType, name: str) -> None:
    theirs, ours = made(original, name), made(compat, name)
    for nobody in (np.zeros(0), pd.Series([], dtype=float)):
        for method, t in (
            ("conditional_expected_number_of_purchases_up_to_time", (10,)),
            ("conditional_probability_alive", ()),
        ):
            with quiet():
                expected = getattr(theirs, method)(*t, nobody, nobody, nobody)
            same(getattr(ours, method)(*t, nobody, nobody, nobody), expected)


def test_arrays_of_two_dimensions_and_pareto_nbd(original: ModuleType) -> None:
    theirs, ours = made(original, "ParetoNBDFitter"), made(compat, "ParetoNBDFitter")
    x, t_x, T = np.array([[2.0, 0.0], [5.0, 1.0]]), np.array([[3.0, 0.0], [8.0, 2.0]]), np.full((2, 2), 9.0)
    right = np.array([ours.conditional_probability_alive(*row) for row in zip(x, t_x, T, strict=True)])
    with quiet():
        assert not np.allclose(theirs.conditional_probability_alive(x, t_x, T), right, rtol=0.01)
    with pytest.warns(compat.LifetimesDifference, match="arrays of two dimensions"):
        np.testing.assert_allclose(ours.conditional_probability_alive(x, t_x, T), right, rtol=1e-12)


def test_one_customer_who_buys_very_often_and_the_fit_of_pareto_nbd(original: ModuleType, cdnow: pd.DataFrame) -> None:
    heavy = pd.DataFrame({"frequency": [1500], "recency": [38.0], "T": [38.5]})
    few = cdnow[["frequency", "recency", "T"]].iloc[::6]
    data = pd.concat([few, heavy], ignore_index=True)
    fitted(compat, "ParetoNBDFitter", few)  # silent
    with pytest.warns(compat.LifetimesDifference, match="frequency 1500"):
        ours = fitted(compat, "ParetoNBDFitter", data)
    columns = (
        data["frequency"].to_numpy(),
        data["recency"].to_numpy() * ours._scale,
        data["T"].to_numpy() * ours._scale,
    )
    unit = np.array([1.0, ours._scale, 1.0, ours._scale])
    at = ours.params_.to_numpy() * unit, *columns, np.ones(len(data)), 0.0
    with quiet():
        assert np.isnan(original.ParetoNBDFitter._negative_log_likelihood(*at))
    assert compat.ParetoNBDFitter._negative_log_likelihood(*at) == pytest.approx(
        ours._negative_log_likelihood_, rel=1e-9
    )
