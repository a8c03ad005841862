"""BetaGeoBetaBinomFitter against lifetimes itself, published numbers, and where lifetimes is wrong."""

from __future__ import annotations

import inspect
import warnings
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat.lifetimes import BetaGeoBetaBinomFitter, LifetimesDifference
from clvmodels.compat.lifetimes.utils import ConvergenceError

from .conftest import quiet

# Fader, Hardie & Shang (2010), table 3
PUBLISHED = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
EXPECTED = "conditional_expected_number_of_purchases_up_to_time"
ALIVE = "conditional_probability_alive"


@pytest.fixture(scope="module")
def donations() -> pd.DataFrame:
    return clv.load_donations().rename(columns={"T": "n_periods"})


@pytest.fixture(scope="module")
def fitted(donations: pd.DataFrame) -> BetaGeoBetaBinomFitter:
    return BetaGeoBetaBinomFitter().fit(**donations)


def given(**parameters: float) -> BetaGeoBetaBinomFitter:
    fitter = BetaGeoBetaBinomFitter()
    fitter.params_ = pd.Series({**PUBLISHED, **parameters})
    return fitter


def of_original(original: ModuleType, fitter: BetaGeoBetaBinomFitter) -> Any:
    found = original.BetaGeoBetaBinomFitter()
    found.params_ = fitter.params_
    return found


def of_definition(x: int, t_x: int, n: int, m: int, parameters: Any) -> tuple[Any, Any, Any]:
    """Likelihood, P(alive at n + m) and E[purchases in the m periods], summed over the period in which he left."""
    alpha, beta, gamma, delta = (mpmath.mpf(p) for p in parameters)

    def sequence(periods: int) -> Any:  # P(x of these periods, in one order | there for all of them)
        return mpmath.beta(alpha + x, beta + periods - x) / mpmath.beta(alpha, beta)

    def stays(periods: int) -> Any:
        return mpmath.beta(gamma, delta + periods) / mpmath.beta(gamma, delta)

    def leaves(after: int) -> Any:
        return mpmath.beta(gamma + 1, delta + after) / mpmath.beta(gamma, delta)

    likelihood = sequence(n) * stays(n) + sum(sequence(i) * leaves(i) for i in range(t_x, n))
    alive = [sequence(n) * stays(n + j) / likelihood for j in range(m + 1)]
    return likelihood, alive[m], (alpha + x) / (alpha + beta + n) * sum(alive[1:])


def test_the_published_fit(fitted: BetaGeoBetaBinomFitter, donations: pd.DataFrame) -> None:
    assert fitted.params_.round(3).to_dict() == PUBLISHED
    assert fitted._negative_log_likelihood_ * 11_104 == pytest.approx(33_225.6, abs=0.05)
    ahead = getattr(fitted, EXPECTED)(5, donations["frequency"], donations["recency"], donations["n_periods"])
    assert ahead @ donations["weights"] == pytest.approx(12_884.2, abs=0.05)


@pytest.mark.parametrize("penalizer_coef", [0.0, 0.02])
def test_a_fit_is_that_of_the_original(original: ModuleType, donations: pd.DataFrame, penalizer_coef: float) -> None:
    index = [f"c{i}" for i in range(len(donations))]
    with quiet():
        theirs = original.BetaGeoBetaBinomFitter(penalizer_coef).fit(**donations, index=index)
    ours = BetaGeoBetaBinomFitter(penalizer_coef).fit(**donations, index=index)
    np.testing.assert_allclose(ours.params_, theirs.params_, rtol=1e-5)  # as far as its search goes
    assert ours._negative_log_likelihood_ == pytest.approx(theirs._negative_log_likelihood_, rel=1e-10)
    assert ours._negative_log_likelihood_ <= theirs._negative_log_likelihood_ * (1 + 1e-12)
    pd.testing.assert_frame_equal(ours.summary, theirs.summary, rtol=2e-5)
    pd.testing.assert_frame_equal(ours.data, theirs.data)
    assert repr(ours) == repr(theirs)


def test_weights_are_customers(donations: pd.DataFrame, fitted: BetaGeoBetaBinomFitter) -> None:
    each = donations.loc[donations.index.repeat(donations["weights"])]
    ours = BetaGeoBetaBinomFitter().fit(each["frequency"], each["recency"], each["n_periods"])
    np.testing.assert_allclose(ours.params_, fitted.params_, rtol=1e-7)
    pd.testing.assert_frame_equal(ours.summary, fitted.summary, rtol=1e-6)


def test_the_objective_is_that_of_the_original(original: ModuleType, donations: pd.DataFrame) -> None:
    there = np.log([1.0, 0.5, 0.9, 2.0])
    columns = [donations[name] for name in ("frequency", "recency", "n_periods", "weights")]
    mine, theirs = BetaGeoBetaBinomFitter, original.BetaGeoBetaBinomFitter
    with quiet():
        rows = theirs._loglikelihood(np.exp(there), *columns[:3])
        total = theirs._negative_log_likelihood(there, *columns, 0.3)
        free = theirs._negative_log_likelihood(there, *columns)
    pd.testing.assert_series_equal(
        mine._loglikelihood(np.exp(there), *columns[:3]), rows, rtol=1e-10, check_names=False
    )
    assert mine._negative_log_likelihood(there, *columns, 0.3) == pytest.approx(total, rel=1e-11)
    assert mine._negative_log_likelihood(there, *columns) == pytest.approx(free, rel=1e-11)


def test_signatures_are_those_of_the_original(original: ModuleType) -> None:
    theirs = original.BetaGeoBetaBinomFitter
    names = ("__init__", "fit", EXPECTED, ALIVE, "expected_number_of_transactions_in_first_n_periods")
    for name in names:
        mine, other = (
            inspect.signature(getattr(fitter, name)).parameters for fitter in (BetaGeoBetaBinomFitter, theirs)
        )
        assert [(p.name, p.kind, p.default) for p in mine.values()] == [
            (p.name, p.kind, p.default) for p in other.values()
        ]


@pytest.mark.parametrize("m", [0, 1, 7, 60])
def test_predictions_are_those_of_the_original(
    original: ModuleType, fitted: Any, donations: pd.DataFrame, m: int
) -> None:
    columns = [donations[name] for name in ("frequency", "recency", "n_periods")]
    for question in (EXPECTED, ALIVE):
        theirs = getattr(of_original(original, fitted), question)(m, *columns)
        np.testing.assert_allclose(getattr(fitted, question)(m, *columns), theirs, rtol=1e-10, atol=1e-300)


X = pd.Series([0, 1, 4], index=["a", "b", "c"], name="frequency")
T_X = pd.Series([0, 2, 6], index=X.index, name="recency")
N = pd.Series([6, 6, 6], index=X.index, name="n_periods")


@pytest.mark.parametrize(
    "columns",
    [
        (2, X, T_X, N),
        (2, X.rename("x"), T_X.rename("x"), N.rename("x")),
        (2, X, T_X, 6),
        (2, X, T_X.to_numpy(), N.to_numpy()),
        (2, X.to_numpy(), T_X.to_numpy(), N.to_numpy()),
        (2, X.to_numpy(), T_X.to_numpy(), 6),
        (np.arange(3), X, T_X, N),
        (pd.Series([0, 1, 2], X.index), X, T_X, N),
        (np.arange(4), np.int64(1), np.int64(2), np.int64(6)),
        (2, np.int64(1), np.int64(2), np.int64(6)),
        (2, X, T_X.iloc[::-1], N),
    ],
)
def test_answers_have_the_form_that_the_original_gives(original: ModuleType, columns: Any) -> None:
    fitter = given()
    for question in (EXPECTED, ALIVE):
        theirs = getattr(of_original(original, fitter), question)(*columns)
        ours = getattr(fitter, question)(*columns)
        assert type(ours) is type(theirs)
        if isinstance(theirs, pd.Series):
            pd.testing.assert_series_equal(ours, theirs, rtol=1e-10)
        else:
            assert np.shape(ours) == np.shape(theirs)
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_numbers_and_lists_are_taken() -> None:
    fitter = given()
    for question in (EXPECTED, ALIVE):
        one = getattr(fitter, question)(2, 1, 2, 6)
        assert isinstance(one, float)
        assert getattr(fitter, question)(2, [1], [2], [6]).tolist() == [one]
    assert fitter._loglikelihood(fitter.params_, 1, 2, 6) == pytest.approx(
        float(mpmath.log(of_definition(1, 2, 6, 0, fitter.params_)[0])), rel=1e-13
    )


def test_what_is_missing_stays_missing() -> None:
    found = getattr(given(), EXPECTED)(2, np.array([0, np.nan, 4]), np.array([0, 2, np.nan]), np.array([6, 6, 6]))
    assert np.isnan(found).tolist() == [False, True, True]


@pytest.mark.parametrize("gamma", [1.0, 1 + 1e-12])
def test_gamma_of_one(original: ModuleType, gamma: float) -> None:
    fitter = given(gamma=gamma)
    with quiet():
        theirs = getattr(of_original(original, fitter), EXPECTED)(5, *(v.to_numpy() for v in (X, T_X, N)))
    with pytest.warns(LifetimesDifference, match="gamma at or next to 1"):
        ours = getattr(fitter, EXPECTED)(5, X, T_X, N)
    exact = [float(of_definition(*row, 5, fitter.params_)[2]) for row in zip(X, T_X, N, strict=True)]
    np.testing.assert_allclose(ours, exact, rtol=1e-11)
    assert not np.allclose(theirs, exact, rtol=1e-6)


def test_beside_one_the_original_is_right_and_nothing_is_told(original: ModuleType) -> None:
    fitter = given(gamma=1 + 1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = getattr(fitter, EXPECTED)(5, X, T_X, N)
    theirs = getattr(of_original(original, fitter), EXPECTED)(5, X, T_X, N)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize(("x", "t_x", "n"), [(40, 60, 80), (300, 400, 700), (60, 100, 130)])
def test_long_histories(original: ModuleType, x: int, t_x: int, n: int) -> None:
    fitter = given()
    likelihood, alive, ahead = of_definition(x, t_x, n, 12, fitter.params_)
    rows = [np.array([v]) for v in (x, t_x, n)]
    with pytest.warns(LifetimesDifference, match="adds 1e-15"):
        ours = [getattr(fitter, question)(12, *rows)[0] for question in (ALIVE, EXPECTED)]
    np.testing.assert_allclose(ours, [float(alive), float(ahead)], rtol=1e-10)
    np.testing.assert_allclose(fitter._loglikelihood(fitter.params_, *rows), float(mpmath.log(likelihood)), rtol=1e-12)
    with quiet():
        theirs = [getattr(of_original(original, fitter), question)(12, *rows)[0] for question in (ALIVE, EXPECTED)]
    assert not np.allclose(theirs, ours, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("x", "t_x", "n"), [(3, 6, 20), (11, 24, 24), (25, 25, 25), (30, 30, 130)])
def test_nothing_is_told_of_histories_that_the_original_has_right(
    original: ModuleType, x: int, t_x: int, n: int
) -> None:
    rows = [np.array([v]) for v in (x, t_x, n)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = getattr(given(), ALIVE)(12, *rows)
    np.testing.assert_allclose(ours, getattr(of_original(original, given()), ALIVE)(12, *rows), rtol=1e-6)


def test_a_fit_of_long_histories_is_told_of() -> None:
    generator = np.random.default_rng(3)
    buys = generator.beta(2.0, 2.0, 300)[:, None] > generator.random((300, 60))
    buys &= np.arange(60) < generator.geometric(generator.beta(0.7, 8.0, 300))[:, None]
    recency = np.max(np.where(buys, np.arange(60) + 1, 0), axis=1)
    with pytest.warns(LifetimesDifference, match="adds 1e-15"):
        fitter = BetaGeoBetaBinomFitter().fit(buys.sum(axis=1), recency, np.full(300, 60))
    native = clv.PurchaseModel("bg_bb", time_unit="week").fit(
        pd.DataFrame({"frequency": buys.sum(axis=1), "recency": recency, "T": 60})
    )
    np.testing.assert_allclose(fitter.params_, list(native.parameters.values()), rtol=1e-6)


def test_in_first_n_periods(original: ModuleType, fitted: BetaGeoBetaBinomFitter) -> None:
    theirs = of_original(original, fitted)
    theirs.data = fitted.data
    for n in (1, 4, 6):
        pd.testing.assert_frame_equal(
            fitted.expected_number_of_transactions_in_first_n_periods(n),
            theirs.expected_number_of_transactions_in_first_n_periods(n),
            rtol=1e-9,
        )


def test_in_first_n_periods_with_gaps(original: ModuleType) -> None:
    fitter, theirs = given(beta=1.0), of_original(original, given(beta=1.0))
    fitter.data = theirs.data = pd.DataFrame({"frequency": [0, 2, 3], "weights": [7, 5, 3]})
    with quiet():
        wrong = theirs.expected_number_of_transactions_in_first_n_periods(6)["model"]
    assert wrong.isna().tolist() == [False, True, True]
    found = fitter.expected_number_of_transactions_in_first_n_periods(6)["model"]
    ways = [mpmath.mpf(0)] * 7
    for bought in range(2**6):  # every sequence of six periods
        when = [i + 1 for i in range(6) if bought >> i & 1]
        ways[len(when)] += of_definition(len(when), max(when, default=0), 6, 0, fitter.params_)[0]
    assert float(sum(ways)) == pytest.approx(1)
    assert found.tolist() == pytest.approx([15 * float(ways[x]) for x in (0, 2, 3)], rel=1e-12)


def test_parts_of_periods_are_cut_off() -> None:
    fitter = given()
    with pytest.warns(LifetimesDifference, match="a part of a period holds no further chance"):
        found = getattr(fitter, EXPECTED)(2.7, X, T_X, N)
    pd.testing.assert_series_equal(found, getattr(fitter, EXPECTED)(2, X, T_X, N))


def test_before_now() -> None:
    fitter = given()
    with pytest.warns(LifetimesDifference, match="m_periods_in_future < 0"):
        found = getattr(fitter, EXPECTED)(np.array([-1, 0, 1]), 1, 2, 6)
    assert found[0] == found[1] == 0 < found[2]
    alive = getattr(fitter, ALIVE)(np.array([-1, 0, 1]), 1, 2, 6)
    assert alive[0] == alive[1] > alive[2]


@pytest.mark.parametrize(
    ("columns", "weights", "kind", "message"),
    [
        (([1, 3], [1, 2], [6, 6]), None, ValueError, r"1 of 2 rows violate it, first row 1 \(frequency=3, recency=2\)"),
        (([1, 3], [1, 7], [6, 6]), None, ValueError, "recency vector are larger than T"),
        (([0, 3], [1, 4], [6, 6]), None, ValueError, "non-zero recency values when frequency is zero"),
        (([0, 0], [0, 0], [6, 6]), None, ConvergenceError, "nobody came back, all 2 customers"),
        (([1, 3], [1, 4], [6, 6]), [1, -1], ValueError, "weights must be finite numbers of at least 0"),
    ],
)
def test_it_says_what_cannot_be_fitted(columns: Any, weights: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        BetaGeoBetaBinomFitter().fit(*columns, weights=weights)


def test_new_data(original: ModuleType, donations: pd.DataFrame) -> None:
    """The share of customers without a purchase is off by four standard errors in 6 of 100,000 runs."""
    donations = donations.assign(n_periods=np.where(donations["frequency"] == 0, 8, 6))
    fitter = BetaGeoBetaBinomFitter().fit(**donations)
    with quiet():
        theirs = original.BetaGeoBetaBinomFitter().fit(**donations)
    with pytest.raises(TypeError), quiet():
        theirs.generate_new_data(size=3)
    np.random.seed(7)  # noqa: NPY002 (what seeds them in lifetimes)
    with pytest.warns(LifetimesDifference, match="observed as long as those of the data"):
        found = fitter.generate_new_data(size=12_000)
    assert list(found) == ["frequency", "recency", "n_periods", "p", "theta", "alive", "customer_id"]
    assert found["n_periods"].tolist() == [6] * 7_640 + [8] * 3_464 + [6] * 896
    assert len(fitter.generate_new_data()) == 1
    share = (found.loc[found["n_periods"] == 6, "frequency"] == 0).mean()
    expected = fitter.expected_number_of_transactions_in_first_n_periods(6)["model"][0] / 11_104
    assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 8_536))


def test_files(tmp_path: Any, fitted: BetaGeoBetaBinomFitter, donations: pd.DataFrame) -> None:
    fitted.save_model(tmp_path / "model.json")
    again = BetaGeoBetaBinomFitter()
    again.load_model(tmp_path / "model.json")
    pd.testing.assert_frame_equal(again.summary, fitted.summary)
    pd.testing.assert_frame_equal(again.data, fitted.data)
    columns = [donations[name] for name in ("frequency", "recency", "n_periods")]
    pd.testing.assert_series_equal(getattr(again, ALIVE)(1, *columns), getattr(fitted, ALIVE)(1, *columns))
    assert not hasattr(again, "predict")
    assert again._time_unit == "year"


def test_digits_lost_beside_gamma_of_1_are_told(original: ModuleType) -> None:
    named = {"alpha": 0.09339, "beta": 12.24, "gamma": 1.00000003, "delta": 3.815}
    ours, theirs = BetaGeoBetaBinomFitter(), original.BetaGeoBetaBinomFitter()
    ours.params_ = theirs.params_ = pd.Series(named)
    row = [np.array([v]) for v in (10000, 0, 0, 0)]
    with pytest.warns(LifetimesDifference, match="gamma at or next to 1"):
        value = ours.conditional_expected_number_of_purchases_up_to_time(*row)
    # E[p] · Σ over periods of P(still there): each a product, no difference
    stays = np.cumprod((named["delta"] + np.arange(10000)) / (named["gamma"] + named["delta"] + np.arange(10000)))
    right = named["alpha"] / (named["alpha"] + named["beta"]) * stays.sum()
    np.testing.assert_allclose(value, right, rtol=1e-11)
    with quiet():
        wrong = theirs.conditional_expected_number_of_purchases_up_to_time(*row)
    assert not np.allclose(wrong, right, rtol=1e-6)
    few = [np.array([v]) for v in (10, 1, 2, 6)]
    ours.params_["gamma"] = theirs.params_["gamma"] = 0.657
    np.testing.assert_allclose(
        ours.conditional_expected_number_of_purchases_up_to_time(*few),
        theirs.conditional_expected_number_of_purchases_up_to_time(*few),
        rtol=1e-9,
    )
