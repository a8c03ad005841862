"""Bands of the weekly curves, against a closed form, against all customers simulated, and over many worlds.

Fixed seeds; the two tests over worlds reject a right band in fewer than 1 of 200 runs each.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.models.predictive.parameter_draws import draws_of
from clvmodels.validation import tracking_bands
from clvmodels.validation.tracking import compute_tracking
from clvmodels.validation.tracking_bands import band_of
from clvmodels.validation.weeks import DAY, WEEK, Weeks

PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
NBD = {"r": 0.385, "alpha": 12.072}


def weeks_for(entries, n_weeks=26, until=13):
    """Customers who come in on these days, watched for so many weeks."""
    ends = WEEK * np.arange(1, n_weeks + 1, dtype=np.int64)
    entries = np.asarray(entries, dtype=np.int64) * DAY
    return Weeks(np.datetime64("2024-01-01", "s"), 0, entries, ends, until * WEEK, float(WEEK), "week")


def bought(generator, model, weeks):
    """Repeat purchases until the end by one set of new customers."""
    times = (weeks.ends[-1] - weeks.entries) / weeks.unit
    return len(model.family.simulate(generator, times, *model.parameters.values())[0])


def within(band, total, week=-1):
    return band.low_cumulative[week] <= total <= band.high_cumulative[week]


def test_against_the_negative_binomial_sum():
    """So many NBD customers of one age buy together as a negative binomial with r times their number."""
    model = clv.PurchaseModel.from_parameters("nbd", NBD, "week")
    weeks = weeks_for(np.zeros(40))
    band = band_of(model, weeks, 0.9, 20_000, 1)
    assert band.interval_source == "parameters as given"
    for week in (1, 13, 26):
        total = stats.nbinom(40 * NBD["r"], NBD["alpha"] / (NBD["alpha"] + week))
        found = band.low_cumulative[week - 1], band.high_cumulative[week - 1]
        assert found == pytest.approx((total.ppf(0.05), total.ppf(0.95)), abs=1.001)
    one = stats.nbinom(40 * NBD["r"], NBD["alpha"] / (NBD["alpha"] + 1))  # any week is like the first one
    assert (band.low_incremental[20], band.high_incremental[20]) == pytest.approx(one.ppf([0.05, 0.95]), abs=1.001)


def test_chance_alone_holds_ninety_of_a_hundred_totals():
    """300 worlds of known parameters: between 0.85 and 0.95 but for 1 in 200."""
    model = clv.PurchaseModel.from_parameters("pareto_nbd", PARETO, "week")
    generator = np.random.default_rng(5)
    weeks = weeks_for(generator.integers(0, 80, 150))
    held = np.mean(
        [within(band_of(model, weeks, 0.9, 99, seed), bought(generator, model, weeks)) for seed in range(300)]
    )
    assert 0.855 <= held <= 0.945


@pytest.mark.study
def test_estimated_parameters_hold_ninety_of_a_hundred_totals_of_new_customers():
    """120 worlds, each fitted on customers of its own: between 0.82 and 0.96 but for 1 in 200."""
    truth = clv.PurchaseModel.from_parameters("nbd", NBD, "week")
    generator = np.random.default_rng(6)
    weeks = weeks_for(generator.integers(0, 80, 300))
    held, alone = [], []
    for seed in range(120):
        fitted = clv.PurchaseModel("nbd").fit(truth.simulate(300, observation=20, seed=seed).summary)
        given = clv.PurchaseModel.from_parameters("nbd", fitted.parameters, "week")
        total = bought(generator, truth, weeks)
        band = band_of(fitted, weeks, 0.9, 199, seed)
        assert band.interval_source == "covariance"
        held.append(within(band, total))
        alone.append(within(band_of(given, weeks, 0.9, 199, seed), total))
    assert 0.82 <= np.mean(held) <= 0.96
    assert np.mean(alone) < 0.82  # as if the parameters were known, the band would be too narrow


def test_a_part_of_the_customers_stands_for_all(monkeypatch):
    model = clv.PurchaseModel.from_parameters("pareto_nbd", PARETO, "week")
    weeks = weeks_for(np.random.default_rng(7).integers(0, 80, 3000))
    whole = band_of(model, weeks, 0.9, 1500, 1)
    monkeypatch.setattr(tracking_bands, "MOST_CUSTOMERS", 500)
    part = band_of(model, weeks, 0.9, 1500, 2)
    for name in ("cumulative", "incremental"):
        low, high = (getattr(whole, f"{end}_{name}") for end in ("low", "high"))
        own_low, own_high = (getattr(part, f"{end}_{name}") for end in ("low", "high"))
        assert np.mean((own_high - own_low)[3:] / (high - low)[3:]) == pytest.approx(1, abs=0.05)
        assert np.max(np.abs((own_high + own_low - high - low)[3:] / (high - low)[3:])) < 0.25


def test_heavy_buyers_are_not_simulated_one_by_one(monkeypatch):
    """A draw of absurd parameters costs no memory: 3,000 purchases a week by each of 50 customers."""
    monkeypatch.setattr(tracking_bands, "MOST_EVENTS", 1000)
    model = clv.PurchaseModel.from_parameters("nbd", {"r": 3000.0, "alpha": 1.0}, "week")
    band = band_of(model, weeks_for(np.zeros(50)), 0.9, 20, 1)
    assert band.low_cumulative[-1] == pytest.approx(50 * 3000 * 26, rel=1e-9)


def test_draws_have_their_own_parameters():
    """Of very many customers chance is little: what is left are the parameters, as their draws say."""
    fitted = clv.PurchaseModel("nbd").fit(
        clv.PurchaseModel.from_parameters("nbd", NBD, "week").simulate(400, observation=20, seed=2).summary
    )
    weeks = weeks_for(np.zeros(200_000))
    band = band_of(fitted, weeks, 0.9, 300, 3)
    thetas = draws_of(fitted._state, "NBD", 20_000, 4).thetas
    low, high = np.quantile(200_000 * 26 * thetas[:, 0] / thetas[:, 1], [0.05, 0.95])
    assert (band.low_cumulative[-1], band.high_cumulative[-1]) == pytest.approx((low, high), rel=0.03)


def test_no_band_without_a_reason():
    fitted = clv.PurchaseModel("nbd").fit(
        clv.PurchaseModel.from_parameters("nbd", NBD, "week").simulate(400, observation=20, seed=2).summary
    )
    report = dataclasses.replace(fitted._state.report, converged=False)
    broken = clv.PurchaseModel("nbd")
    broken._fitted = dataclasses.replace(fitted._state, report=report)
    band = band_of(broken, weeks_for(np.zeros(5)), 0.9, 10, 0)
    assert band.interval_source == "none: the fit is not to be trusted"
    assert np.isnan(band.low_cumulative).all()
    mute = dataclasses.replace(fitted.family, simulate=None)
    given = clv.PurchaseModel.from_parameters(mute, NBD, "week")
    assert band_of(given, weeks_for(np.zeros(5)), 0.9, 10, 0).interval_source == "none: nbd cannot simulate"


def test_in_the_table():
    log, ask = clv.load_cdnow(sample=True), {"calibration_end": "1997-09-30"}
    narrow = compute_tracking("nbd", log, level=0.5, **ask)
    wide = compute_tracking("nbd", log, level=0.9, **ask)
    assert wide["level"].unique().tolist() == [0.9]
    assert (wide["low_cumulative"] <= narrow["low_cumulative"]).all()
    assert (wide["high_incremental"] >= narrow["high_incremental"]).all()
    assert wide.equals(compute_tracking("nbd", log, **ask))
    assert not wide.equals(compute_tracking("nbd", log, seed=1, **ask))
    last = wide.iloc[-1]
    assert last["high_cumulative"] > last["expected_cumulative"] > last["low_cumulative"] > last["actual_cumulative"]
    with pytest.raises(clv.InvalidInput, match="level must lie between 0 and 1"):
        compute_tracking("nbd", log, level=90, **ask)
    with pytest.raises(clv.InvalidInput, match="seed must be a whole number"):
        compute_tracking("nbd", log, seed=-1, **ask)
