"""GammaGammaFitter against lifetimes itself, published numbers, and where lifetimes is wrong."""

from __future__ import annotations

import inspect
import re
import warnings
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat.lifetimes import GammaGammaFitter, LifetimesDifference
from clvmodels.compat.lifetimes.utils import ConvergenceError

from .conftest import quiet

# Fader & Hardie (2013), note 025, table 3
PUBLISHED = {"p": 6.25, "q": 3.74, "v": 15.44}


@pytest.fixture(scope="module")
def repeaters() -> pd.DataFrame:
    log = clv.load_cdnow(sample=True)
    summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    return summary[summary["frequency"] > 0]


@pytest.fixture(scope="module")
def fitted(repeaters: pd.DataFrame) -> GammaGammaFitter:
    return GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"])


def spending(q: float, size: int = 400) -> tuple[Any, Any]:
    """Counts and means of customers whose q is known."""
    generator = np.random.default_rng(1)
    x = generator.poisson(2, size) + 1.0
    return x, generator.gamma(6 * x) / generator.gamma(q, 1 / 5.0, size) / x


def given(**parameters: float) -> GammaGammaFitter:
    fitter = GammaGammaFitter()
    fitter.params_ = pd.Series(parameters or PUBLISHED)
    return fitter


def of_original(original: ModuleType, fitter: GammaGammaFitter) -> Any:
    found = original.GammaGammaFitter()
    found.params_ = fitter.params_
    return found


def test_the_published_fit(fitted: GammaGammaFitter) -> None:
    assert fitted.params_.round(2).to_dict() == PUBLISHED
    assert fitted._negative_log_likelihood_ * len(fitted.data) == pytest.approx(4055.92, abs=0.01)


@pytest.mark.parametrize("penalizer_coef", [0.0, 0.01])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_is_that_of_the_original(original: ModuleType, penalizer_coef: float, weighted: bool) -> None:
    x, m = spending(3.5)
    weights = np.random.default_rng(2).integers(1, 4, len(x)) if weighted else None
    index = [f"c{i}" for i in range(len(x))]
    with quiet():
        theirs = original.GammaGammaFitter(penalizer_coef).fit(x, m, weights, index=index)
    ours = GammaGammaFitter(penalizer_coef).fit(x, m, weights, index=index)
    np.testing.assert_allclose(ours.params_, theirs.params_, rtol=3e-5)  # as far as its search goes
    assert ours._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, rel=1e-9)
    assert ours._negative_log_likelihood_ <= theirs._negative_log_likelihood_ * (1 + 1e-12)
    pd.testing.assert_frame_equal(ours.summary, theirs.summary, rtol=3e-5)
    pd.testing.assert_frame_equal(ours.data, theirs.data)
    assert repr(ours) == repr(theirs)


def test_the_objective_is_that_of_the_original(original: ModuleType) -> None:
    x, m = spending(3.5, 50)
    weights = np.arange(1, 51)
    there = np.log([5.0, 2.0, 9.0])
    with quiet():
        theirs = original.GammaGammaFitter._negative_log_likelihood(there, x, m, weights, 0.3)
    assert GammaGammaFitter._negative_log_likelihood(there, x, m, weights, 0.3) == pytest.approx(theirs, rel=1e-12)


def test_signatures_are_those_of_the_original(original: ModuleType) -> None:
    theirs = original.GammaGammaFitter
    for name in ("__init__", "fit", "conditional_expected_average_profit", "customer_lifetime_value"):
        mine, other = (inspect.signature(getattr(fitter, name)).parameters for fitter in (GammaGammaFitter, theirs))
        assert [(p.name, p.kind, p.default) for p in mine.values()] == [
            (p.name, p.kind, p.default) for p in other.values()
        ]


def test_q_is_held_at_one(original: ModuleType) -> None:
    x, m = spending(0.8)
    free = GammaGammaFitter(0.001).fit(x, m)
    assert free.params_["q"] < 1
    ours = GammaGammaFitter(0.001).fit(x, m, q_constraint=True)
    with quiet():
        theirs = original.GammaGammaFitter(0.001).fit(x, m, q_constraint=True)
    assert ours.params_["q"] == 1
    np.testing.assert_allclose(ours.params_, theirs.params_, rtol=3e-3)  # L-BFGS-B stops early
    assert ours._negative_log_likelihood_ <= theirs._negative_log_likelihood_ * (1 + 1e-12)
    assert ours._negative_log_likelihood_ > free._negative_log_likelihood_
    pd.testing.assert_series_equal(ours.standard_errors_, theirs.standard_errors_, rtol=1e-2)
    weights = np.ones(len(x))
    at_best = ours._negative_log_likelihood(np.log(ours.params_), x, m, weights, 0.001)
    assert ours._negative_log_likelihood_ == pytest.approx(at_best, rel=1e-13)
    # no pair of p and v near by is better
    for step in ([0.01, 0, 0], [-0.01, 0, 0], [0, 0, 0.01], [0, 0, -0.01]):
        moved = np.log(ours.params_.to_numpy()) + step
        assert ours._negative_log_likelihood(moved, x, m, weights, 0.001) > ours._negative_log_likelihood_


def test_a_constraint_that_does_not_bind_changes_nothing() -> None:
    x, m = spending(3.5)
    pd.testing.assert_series_equal(
        GammaGammaFitter().fit(x, m, q_constraint=True).params_, GammaGammaFitter().fit(x, m).params_
    )


def test_customers_without_a_repeat_purchase_are_left_out(original: ModuleType, repeaters: pd.DataFrame) -> None:
    x, m = repeaters["frequency"].to_numpy(float), repeaters["monetary_value"].to_numpy()
    more, spent = np.append(x, [0.0, 0.0]), np.append(m, [30.0, np.nan])
    with quiet(), pytest.raises(ValueError, match="did not converge"):
        original.GammaGammaFitter().fit(more, spent)
    with pytest.warns(LifetimesDifference, match=f"2 of {len(more)} customers"):
        fitter = GammaGammaFitter().fit(more, spent)
    alone = GammaGammaFitter().fit(x, m)
    pd.testing.assert_series_equal(fitter.params_, alone.params_)
    pd.testing.assert_frame_equal(fitter.summary, alone.summary)
    assert len(fitter.data) == len(more)
    there = np.log(fitter.params_)
    assert fitter._negative_log_likelihood(there, more, spent, np.ones(len(more)), 0.0) == pytest.approx(
        alone._negative_log_likelihood_, rel=1e-12
    )


@pytest.mark.parametrize(
    ("x", "m", "message"),
    [
        ([1.5, 2.0], [3.0, 4.0], "non-integer values in the frequency"),
        ([1.0, 2.0], [0.0, 4.0], r"non-positive \(<= 0\) values in the monetary_value"),
        ([1.0, 2.0], [-3.0, 4.0], r"non-positive \(<= 0\) values in the monetary_value"),
    ],
)
def test_it_refuses_what_the_original_refuses(original: ModuleType, x: Any, m: Any, message: str) -> None:
    for fitter in (original.GammaGammaFitter(), GammaGammaFitter()):
        with pytest.raises(ValueError, match=message):
            fitter.fit(np.array(x), np.array(m))


@pytest.mark.parametrize(
    ("x", "m", "weights", "kind", "message"),
    [
        ([1, 2, 3], [3.0, np.nan, 4.0], None, ConvergenceError, "1 of 3 rows have none, first row 1"),
        ([1, -2, 3], [3.0, 4.0, 4.0], None, ValueError, "1 of 3 rows are not, first row 1"),
        ([0, 0], [3.0, 4.0], None, ConvergenceError, "nobody came back, all 2 customers"),
        ([1, 2], [3.0, 4.0], [1, -1], ValueError, "weights must be finite numbers of at least 0"),
        ([1, 2], [3.0, 4.0], [1], ValueError, "one for each of the 2 rows"),
    ],
)
def test_it_says_what_else_cannot_be_fitted(x: Any, m: Any, weights: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        GammaGammaFitter().fit(x, m, weights)


ROWS = pd.Index(["a", "b", "c"], name="who")
FREQUENCY, SPENT = pd.Series([0, 2, 7], ROWS, name="frequency"), pd.Series([0.0, 22.35, 3.5], ROWS, name="money")


@pytest.mark.parametrize(
    ("frequency", "spent"),
    [
        (FREQUENCY, SPENT),
        (FREQUENCY.rename("x"), SPENT.rename("x")),
        (FREQUENCY.to_numpy(), SPENT),
        (FREQUENCY, SPENT.to_numpy()),
        (FREQUENCY.to_numpy(), SPENT.to_numpy()),
        (FREQUENCY, SPENT.iloc[::-1]),
        (FREQUENCY, 22.35),
        (2, SPENT),
        (2, 22.35),
        (np.int64(2), np.float64(22.35)),
        (FREQUENCY, SPENT.where(SPENT > 4)),
    ],
)
def test_spend_has_the_form_that_the_original_gives(original: ModuleType, frequency: Any, spent: Any) -> None:
    fitter = given()
    theirs = of_original(original, fitter).conditional_expected_average_profit(frequency, spent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LifetimesDifference)
        ours = fitter.conditional_expected_average_profit(frequency, spent)
    if isinstance(theirs, pd.Series):
        nobody = pd.Series(FREQUENCY == 0).reindex(theirs.index) & theirs.isna()
        pd.testing.assert_series_equal(ours[~nobody], theirs[~nobody], rtol=1e-12)
        assert not ours[nobody].isna().any()
    else:
        assert np.shape(ours) == np.shape(theirs)
        assert isinstance(ours, float) == isinstance(theirs, float)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_spend_of_the_fitted_customers(fitted: GammaGammaFitter, repeaters: pd.DataFrame) -> None:
    ours = fitted.conditional_expected_average_profit()
    named = clv.SpendModel.from_parameters("gamma_gamma", dict(fitted.params_)).expected_spend(repeaters)
    assert isinstance(ours, pd.Series)
    assert ours.name is None
    assert ours.index.equals(fitted.data.index)
    np.testing.assert_array_equal(ours, named)
    pd.testing.assert_series_equal(ours, fitted.conditional_expected_average_profit(fitted.data["frequency"]))


def test_lists_are_taken() -> None:
    ours = given().conditional_expected_average_profit([0, 2, 7], [0.0, 22.35, 3.5])
    np.testing.assert_array_equal(
        ours, given().conditional_expected_average_profit(FREQUENCY.to_numpy(), SPENT.to_numpy())
    )


def test_spend_of_somebody_unknown() -> None:
    fitter = given()
    with pytest.warns(LifetimesDifference, match="mean of the population.*1 customers"):
        values = fitter.conditional_expected_average_profit(np.array([0, 2, np.nan]), np.array([np.nan, np.nan, 3.0]))
    assert values[0] == pytest.approx(6.25 * 15.44 / 2.74)
    assert np.isnan(values[1:]).all()


@pytest.mark.parametrize("q", [0.8, 1.0, 0.999999])
def test_spend_is_never_negative(original: ModuleType, q: float) -> None:
    fitter = given(p=0.1, q=q, v=15.0)
    x, m = np.array([0.0, 1.0, 5.0]), np.array([0.0, 20.0, 20.0])
    with quiet():
        theirs = of_original(original, fitter).conditional_expected_average_profit(x, m)
    with pytest.warns(LifetimesDifference, match=re.escape(f"q = {q:.4g}, {2 if q == 0.8 else 1} customers")):
        ours = fitter.conditional_expected_average_profit(x, m)
    finite = 0.1 * x + q > 1
    np.testing.assert_array_equal(np.isinf(ours), ~finite)
    x, m = x[finite], m[finite]
    np.testing.assert_allclose(ours[finite], 0.1 * (15 + x * m) / (0.1 * x + q - 1), rtol=1e-9)
    assert q == 1 or np.all(theirs[~finite] < 0)
    if q < 1:  # where it is finite the original has it right
        np.testing.assert_allclose(ours[finite], theirs[finite], rtol=1e-6)
    else:
        assert not np.isfinite(theirs).any()


def test_nothing_is_told_where_nothing_differs() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given().conditional_expected_average_profit(FREQUENCY, SPENT)
        given(p=6.0, q=0.9, v=15.0).conditional_expected_average_profit(np.array([1, 2]), np.array([3.0, 4.0]))


def test_a_fitter_without_parameters_says_so(original: ModuleType) -> None:
    for fitter in (original.GammaGammaFitter(), GammaGammaFitter()):
        with pytest.raises(ValueError, match="Model has not been fit yet"):
            fitter.conditional_expected_average_profit(1, 2.0)
        with pytest.raises(AttributeError, match="data"):
            fitter.conditional_expected_average_profit()


def test_the_search_is_printed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    x, m = spending(3.5)
    GammaGammaFitter().fit(x, m)
    assert not capsys.readouterr().out
    GammaGammaFitter().fit(x, m, verbose=True)
    assert "The fit has converged." in capsys.readouterr().out


def test_files(tmp_path: Any, fitted: GammaGammaFitter) -> None:
    fitted.save_model(tmp_path / "model.json")
    again = GammaGammaFitter()
    again.load_model(tmp_path / "model.json")
    pd.testing.assert_frame_equal(again.summary, fitted.summary)
    pd.testing.assert_series_equal(
        again.conditional_expected_average_profit(), fitted.conditional_expected_average_profit()
    )


def test_spend_that_is_small_next_to_a_pole_is_told(original: ModuleType) -> None:
    """Where q is so near 1 that the mean of the population, which is multiplied with 0, drowns what was spent."""
    ours, theirs = GammaGammaFitter(), original.GammaGammaFitter()
    ours.params_ = theirs.params_ = pd.Series({"p": 15.37, "q": 1 - 1.7858840e-9, "v": 372.5})
    row = 50.0, 0.04080349540313253
    with pytest.warns(LifetimesDifference, match="q = 1"):
        value = ours.conditional_expected_average_profit(*row)
    p, q, v = (Fraction(float(each)) for each in ours.params_)
    x, m = map(Fraction, row)
    assert value == pytest.approx(float(p * (v + x * m) / (p * x + q - 1)), rel=1e-13)
    assert theirs.conditional_expected_average_profit(*row) != pytest.approx(value, rel=1e-6)


def test_the_mean_of_the_population_next_to_a_pole_is_not_told(original: ModuleType) -> None:
    ours, theirs = GammaGammaFitter(), original.GammaGammaFitter()
    ours.params_ = theirs.params_ = pd.Series({"p": 0.1128, "q": 1 + 3.5e-10, "v": 241.6})
    value = ours.conditional_expected_average_profit(0.0, 0.0)  # silent
    assert value == pytest.approx(theirs.conditional_expected_average_profit(0.0, 0.0), rel=1e-12)
