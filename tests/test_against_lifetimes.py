"""lifetimes 0.11.3 as a live oracle, where it is right.

Fits are compared as far as its optimisers go. Formulas are evaluated at our parameters, so that they can be compared to
the last digits they have. Where they lose them (see each test) only ours is asked to be finite; how right it is there
is tested against 30-digit arithmetic elsewhere.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

FITTERS = {"bg_nbd": "BetaGeoFitter", "mbg_nbd": "ModifiedBetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}
FAMILIES = tuple(FITTERS)
WORLDS = ("cdnow", "simulated")
# BFGS to a gradient of 1e-7, and Nelder-Mead to steps of 1e-4 in its own unit of time.
FIT_TOLERANCE = {"bg_nbd": 1e-4, "mbg_nbd": 1e-4, "pareto_nbd": 1e-3}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """lifetimes is older than pandas 2, and changes the filters of warnings while it fits."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def lifetimes() -> ModuleType:
    with quiet():
        import lifetimes
        import lifetimes.utils
    return lifetimes


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return clv.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def summaries(log: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """CDNOW's 39 weeks of calibration, and customers of all ages who buy and leave more briskly."""
    brisk = clv.PurchaseModel.from_parameters(
        "pareto_nbd", {"r": 1.2, "alpha": 5.0, "s": 1.4, "beta": 25.0}, time_unit="week"
    )
    age = np.random.default_rng(7).uniform(2.0, 60.0, 2000)
    spend = np.random.default_rng(8).gamma(5.0, 6.0, 2000)
    simulated = brisk.simulate(2000, observation=age, seed=9).summary
    return {
        "cdnow": clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30"),
        "simulated": simulated.assign(monetary_value=np.where(simulated["frequency"] > 0, spend, np.nan)),
    }


@pytest.fixture(scope="module")
def models(summaries: dict[str, pd.DataFrame]) -> dict[tuple[str, str], clv.PurchaseModel]:
    return {(world, family): clv.PurchaseModel(family).fit(summaries[world]) for world in WORLDS for family in FAMILIES}


def with_our_parameters(lifetimes: ModuleType, name: str, model: Any) -> Any:
    """A fitter of lifetimes that was never fitted."""
    fitter = getattr(lifetimes, name)()
    fitter.params_ = pd.Series(model.parameters)
    return fitter


def histories(summary: pd.DataFrame) -> list[np.ndarray]:
    return [summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")]


def hard_histories() -> pd.DataFrame:
    """From one day to ten years, with more purchases than anybody makes, and the last at any time."""
    rows = [
        (x, share * T, T)
        for T in (1 / 7, 4.0, 39.0, 500.0)
        for x in (0, 1, 5, 30, 100, 300, 1000, 3000)
        for share in (0.0, 0.3, 0.9, 1.0)
        if x or not share
    ]
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


# Fits


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_fits_agree(
    lifetimes: ModuleType, summaries: dict[str, pd.DataFrame], models: dict[Any, Any], world: str, family: str
) -> None:
    summary, model = summaries[world], models[world, family]
    with quiet():
        np.random.seed(1)  # noqa: NPY002  (its Pareto/NBD starts from random numbers)
        fitter = getattr(lifetimes, FITTERS[family])().fit(*histories(summary))
    theirs = {name: float(value) for name, value in fitter.params_.items()}
    assert model.parameters == pytest.approx(theirs, rel=FIT_TOLERANCE[family])

    # Never worse than theirs, and its maximum is the same number: it scales time to a largest T of 1, and its BG/NBD
    # and MBG/NBD report the negative mean.
    at_theirs = clv.PurchaseModel.from_parameters(family, theirs, time_unit="week").log_likelihood(summary).sum()
    assert model.fit_report.log_likelihood >= at_theirs - 1e-7
    reported = -fitter._negative_log_likelihood_ * (1 if family == "pareto_nbd" else len(summary))
    reported -= summary["frequency"].sum() * math.log(summary["T"].max())
    assert at_theirs == pytest.approx(reported, rel=1e-10)

    if family != "pareto_nbd":  # which has no standard errors there
        errors = {name: float(value) for name, value in fitter.standard_errors_.items()}
        assert model.standard_errors == pytest.approx(errors, rel=1e-3)


@pytest.mark.parametrize("world", WORLDS)
def test_spend_fits_agree(lifetimes: ModuleType, summaries: dict[str, pd.DataFrame], world: str) -> None:
    summary = summaries[world]
    repeaters = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]  # it refuses a mean of 0
    with quiet():
        fitter = lifetimes.GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"])
    model = clv.SpendModel().fit(summary)
    assert model.parameters == pytest.approx(dict(fitter.params_), rel=1e-4)
    assert model.standard_errors == pytest.approx(dict(fitter.standard_errors_), rel=1e-3)


# Formulas, at our parameters


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_p_alive(
    lifetimes: ModuleType, summaries: dict[str, pd.DataFrame], models: dict[Any, Any], world: str, family: str
) -> None:
    summary, model = summaries[world], models[world, family]
    with quiet():
        theirs = with_our_parameters(lifetimes, FITTERS[family], model).conditional_probability_alive(
            *histories(summary)
        )
    np.testing.assert_allclose(model.p_alive(summary), theirs, rtol=1e-9)


@pytest.mark.parametrize("horizon", [1 / 7, 1.0, 39.0, 520.0])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_expected_purchases(
    lifetimes: ModuleType,
    summaries: dict[str, pd.DataFrame],
    models: dict[Any, Any],
    world: str,
    family: str,
    horizon: float,
) -> None:
    summary, model = summaries[world], models[world, family]
    with quiet():
        fitter = with_our_parameters(lifetimes, FITTERS[family], model)
        theirs = np.asarray(fitter.conditional_expected_number_of_purchases_up_to_time(horizon, *histories(summary)))
        new = float(fitter.expected_number_of_purchases_up_to_time(horizon))
    assert np.isfinite(theirs).all()
    # Theirs is a small difference of two numbers near 1: what is lost is about 1e-15 over that difference.
    np.testing.assert_allclose(model.expected_purchases(summary, horizon=horizon), theirs, rtol=1e-8)
    assert model.new_customer().expected_purchases(horizon=horizon) == pytest.approx(new, rel=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_where_its_formulas_give_out(lifetimes: ModuleType, models: dict[Any, Any], family: str) -> None:
    """Its MBG/NBD expectation, and everything in its Pareto/NBD, is NaN where hyp2f1 or a power overflows."""
    summary, fitted = hard_histories(), models["cdnow", family]
    model = clv.PurchaseModel.from_parameters(family, fitted.parameters, time_unit="week")
    with quiet():
        fitter = with_our_parameters(lifetimes, FITTERS[family], model)
        alive = fitter.conditional_probability_alive(*histories(summary))
        expected = fitter.conditional_expected_number_of_purchases_up_to_time(39.0, *histories(summary))
    ours = model.p_alive(summary), model.expected_purchases(summary, horizon=39.0)
    for own, theirs in zip(ours, (alive, expected), strict=True):
        there = np.isfinite(theirs)
        assert there.mean() > 0.8
        np.testing.assert_allclose(own[there], theirs[there], rtol=1e-8, atol=1e-12)
        assert np.isfinite(own).all()
    assert (ours[0] <= 1).all()
    assert (ours[1] <= 39.0 * (fitted.parameters["r"] + summary["frequency"]) / summary["T"]).all()


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd"])
def test_purchase_pmf_of_a_new_customer(lifetimes: ModuleType, models: dict[Any, Any], world: str, family: str) -> None:
    model = models[world, family]
    fitter = with_our_parameters(lifetimes, FITTERS[family], model)
    # From n = 170 on its gamma functions overflow.
    counts = [*range(30), 60, 120]
    for horizon in (1.0, 39.0, 520.0):
        with quiet():
            theirs = [float(fitter.probability_of_n_purchases_up_to_time(horizon, n)) for n in counts]
        # It takes a sum from 1: absolute errors of 1e-15, whatever is left.
        np.testing.assert_allclose(
            model.new_customer().purchase_pmf(counts, horizon=horizon), theirs, rtol=1e-9, atol=1e-14
        )


@pytest.mark.parametrize("world", WORLDS)
def test_purchase_pmf_given_history(
    lifetimes: ModuleType, summaries: dict[str, pd.DataFrame], models: dict[Any, Any], world: str
) -> None:
    summary, model = summaries[world].iloc[::10], models[world, "pareto_nbd"]
    counts = [0, 1, 2, 5, 12]
    with quiet():
        fitter = with_our_parameters(lifetimes, "ParetoNBDFitter", model)
        theirs = [
            fitter.conditional_probability_of_n_purchases_up_to_time(n, 39.0, *histories(summary)) for n in counts
        ]
    ours = model.purchase_pmf(summary, counts, horizon=39.0).to_numpy()
    # It is what remains of sums of far larger terms.
    np.testing.assert_allclose(ours, np.column_stack(theirs), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("world", WORLDS)
def test_expected_spend(lifetimes: ModuleType, summaries: dict[str, pd.DataFrame], world: str) -> None:
    summary = summaries[world]
    model = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    with quiet():  # it wants 0, not NaN, where there is no repeat purchase
        theirs = with_our_parameters(lifetimes, "GammaGammaFitter", model).conditional_expected_average_profit(
            summary["frequency"], summary["monetary_value"].fillna(0.0)
        )
    np.testing.assert_allclose(model.expected_spend(summary), theirs, rtol=1e-12)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_value_in_its_months(
    lifetimes: ModuleType, summaries: dict[str, pd.DataFrame], models: dict[Any, Any], world: str, family: str
) -> None:
    """Its months of 4.345 weeks are discounted from their ends; the value in continuous time lies a little above."""
    summary, purchases, months = summaries[world].iloc[::4], models[world, family], 12
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    fitter = with_our_parameters(lifetimes, FITTERS[family], purchases)
    fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    columns = [summary[name] for name in ("frequency", "recency", "T")]
    with quiet():
        theirs = with_our_parameters(lifetimes, "GammaGammaFitter", spend).customer_lifetime_value(
            fitter, *columns, summary["monetary_value"].fillna(0.0), time=months, discount_rate=0.01, freq="W"
        )
    ends = [4.345 * month for month in range(months + 1)]
    bought = np.diff(purchases.expected_purchases(summary, horizon=ends).to_numpy(), axis=1)
    ours = spend.expected_spend(summary).to_numpy() * (bought @ 1.01 ** -np.arange(1.0, months + 1))
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)

    model = clv.CLVModel(purchases, spend, annual_discount_rate=1.01**12 - 1)
    continuous = model.predict(summary, horizon=ends[-1])["clv"]
    assert (continuous > theirs).all()
    assert (continuous < 1.01 * theirs).all()


# Summaries


@pytest.mark.parametrize(("unit", "days"), [("day", 1), ("week", 7)])
@pytest.mark.parametrize("end", ["1997-09-30", "1998-06-30"])
def test_summary_of_cdnow(lifetimes: ModuleType, log: pd.DataFrame, unit: str, days: int, end: str) -> None:
    with quiet():
        theirs = lifetimes.utils.summary_data_from_transaction_data(
            log, "customer_id", "date", "amount", observation_period_end=end, freq="D", freq_multiplier=days
        )
    assert_same_summary(clv.rfm_summary(log, time_unit=unit, observation_end=end), theirs)


def test_summary_of_a_random_log_with_times_of_day(lifetimes: ModuleType) -> None:
    generator = np.random.default_rng(11)
    seconds = generator.integers(0, 200 * 86400, 4000)
    log = pd.DataFrame(
        {
            "customer_id": generator.integers(0, 700, 4000),
            "date": pd.Timestamp("2024-01-15") + pd.to_timedelta(seconds, unit="s"),
            "amount": generator.integers(0, 10_000, 4000) / 100,
        }
    )
    with quiet():
        theirs = lifetimes.utils.summary_data_from_transaction_data(
            log, "customer_id", "date", "amount", observation_period_end="2024-06-30", freq="D"
        )
    assert_same_summary(clv.rfm_summary(log, time_unit="day", observation_end="2024-06-30"), theirs)


def assert_same_summary(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Equal to the last bit, but for mean spend: it sums doubles, and writes 0 where there is no repeat purchase."""
    ours, theirs = ours.set_index("customer_id"), theirs.sort_index()
    assert ours.index.tolist() == theirs.index.tolist()
    for name in ("frequency", "recency", "T"):
        assert (ours[name].to_numpy() == theirs[name].to_numpy()).all()
    repeated = (ours["frequency"] > 0).to_numpy()
    assert (theirs.loc[~repeated, "monetary_value"] == 0).all()
    assert ours.loc[~repeated, "monetary_value"].isna().all()
    np.testing.assert_allclose(
        ours.loc[repeated, "monetary_value"], theirs.loc[repeated, "monetary_value"], rtol=1e-13, atol=1e-13
    )
