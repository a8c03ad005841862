"""Simulated worlds are what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.coverage import AHEAD, STUDIES, future_of, held
from calibration.worlds import (
    CENTRES,
    CUSTOMERS,
    FEWEST_PERIODS,
    LONGEST,
    MOST_PERIODS,
    SHORTEST,
    family_of,
    generator_of,
    prior_of,
    scale_of,
    world_of,
)
from scipy import stats

WORLDS = 40


@pytest.mark.parametrize("name", CENTRES)
def test_customers_follow_the_likelihood(name):
    """The gradient of a true log-likelihood has the mean 0. Four errors: one of 25 such tests fails in 640 seeds."""
    family = family_of(name)
    slopes = []
    for i in range(WORLDS):
        truth, summary = world_of(name, generator_of(3, "test", name, i))
        rows = summary.loc[summary["frequency"] > 0] if name == "gamma_gamma" else summary
        columns = [rows[column].to_numpy() for column in family.statistics]
        slopes.append(np.mean(family.log_likelihood(*columns, *truth.values())[1], axis=1))
    slopes = np.array(slopes)
    error = slopes.std(axis=0, ddof=1) / np.sqrt(WORLDS)
    assert np.all(np.abs(slopes.mean(axis=0)) < 4 * error)
    assert np.all(error > 0)


@pytest.mark.parametrize("name", CENTRES)
def test_parameters_follow_the_prior(name):
    """Kolmogorov-Smirnov of 21 parameters, each at 1e-4: a fixed seed, wrong once in 470."""
    truths = [world_of(name, generator_of(4, "test", name, i), customers=1).truth for i in range(300)]
    for parameter, prior in prior_of(name).items():
        u = np.log([truth[parameter] for truth in truths]) - np.log(scale_of(name, parameter))
        assert stats.kstest(u, prior.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", CENTRES)
def test_a_world_depends_on_its_number_alone(name):
    one, same = (world_of(name, generator_of(1, "test", name, 7)) for _ in range(2))
    other = world_of(name, generator_of(1, "test", name, 8))
    assert one.truth == same.truth != other.truth
    assert one.summary.equals(same.summary)
    assert len(one.summary) == CUSTOMERS
    if "T" in one.summary:
        ends = (FEWEST_PERIODS, MOST_PERIODS) if name == "bg_bb" else (SHORTEST, LONGEST)
        assert one.summary["T"].between(*ends).all()
        assert (one.summary["recency"] <= one.summary["T"]).all()
    else:
        assert one.summary["monetary_value"].isna().equals(one.summary["frequency"] == 0)


def test_the_holdout_goes_on_from_the_history():
    """With the parameters known, spend and purchases have the means that the models give, within 4 errors."""
    study = STUDIES["pareto_nbd_few"]
    buys, spends = (tuple(part.values()) for part in study.fixed)
    apart = []
    for i in range(WORLDS):
        made = future_of(study, generator_of(5, "test", "future", i))
        x, t_x, T, m = (made.summary[c].to_numpy() for c in ("frequency", "recency", "T", "monetary_value"))
        family = family_of("pareto_nbd")
        alive = np.exp(family.log_p_alive(x, t_x, T, *buys))
        expected = alive * family.expected_purchases_alive(AHEAD, 0.0, x, t_x, T, *buys)
        price = family_of("gamma_gamma").expected_spend(x, m, *spends)
        apart.append([np.sum(made.purchases - expected), np.sum(made.spend - expected * price)])
        assert np.all((made.spend > 0) == (made.purchases > 0))
    apart = np.array(apart)
    assert np.all(np.abs(apart.mean(axis=0)) < 4 * apart.std(axis=0, ddof=1) / np.sqrt(WORLDS))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("p", [0.02, 0.3, 0.9])
def test_what_an_interval_holds_is_the_mean_over_v(level, p):
    """u = P(X < x) + V P(X = x) is uniform: the shares of each x, weighed by its probability, add up to the level."""
    x = np.arange(13.0)
    of = stats.binom(12, p)
    tails = ((1 - level) / 2, (1 + level) / 2)
    ends = [(np.full(13, of.ppf(q)), np.full(13, of.cdf(of.ppf(q))), np.full(13, of.cdf(of.ppf(q) - 1))) for q in tails]
    found = held(x, *ends, level)
    v = (np.arange(20_000) + 0.5) / 20_000
    u = of.cdf(x - 1)[:, None] + v * of.pmf(x)[:, None]
    assert found == pytest.approx(np.mean((u > tails[0]) & (u < tails[1]), axis=1), abs=2e-4)
    assert of.pmf(x) @ found == pytest.approx(level)
