"""A few worlds of the study that `make calibrate` makes of hundreds: NBD, whose posterior two dimensions hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from calibration import posteriors
from calibration.posteriors import DRAWS, LIKELIHOOD, checked_world, derived, quantities_of
from calibration.worlds import CENTRES, family_of, generator_of, prior_of, scale_of, world_of
from scipy import stats

import clvmodels as clv

SEED = 11


def shares_below(world):
    """P(quantity < truth | customers) by brute force: posterior weights on a grid of ln r and ln alpha."""
    truth, summary = world_of("nbd", generator_of(SEED, "posterior", "nbd", world))
    family, prior = family_of("nbd"), prior_of("nbd")
    x, T = summary["frequency"].to_numpy(), summary["T"].to_numpy()
    at = np.log(list(truth.values()))
    r, alpha = np.meshgrid(*(np.exp(centre + np.linspace(-1.5, 1.5, 121)) for centre in at), indexing="ij")
    # ln density of counts, written down once more: Γ(r+x)/Γ(r) (alpha/(alpha+T))^r (1/(alpha+T))^x
    likelihood = np.zeros(r.shape)
    for one, length in zip(x, T, strict=True):
        rising = sum(np.log(r + i) for i in range(int(one)))
        likelihood += rising + r * np.log(alpha / (alpha + length)) - one * np.log(alpha + length)
    log_prior = prior["r"].logpdf(np.log(r)) + prior["alpha"].logpdf(np.log(alpha / scale_of("nbd", "alpha")))
    weights = np.exp(likelihood + log_prior - np.max(likelihood + log_prior))
    values = {"r": r, "alpha": alpha, derived("nbd"): r / alpha * 52, LIKELIHOOD: likelihood}
    true = {"r": truth["r"], "alpha": truth["alpha"], derived("nbd"): truth["r"] / truth["alpha"] * 52}
    columns = [summary[name].to_numpy() for name in family.statistics]
    true[LIKELIHOOD] = float(np.sum(family.log_likelihood(*columns, *truth.values())[0]))
    # the truth lies on a point of the grid, half of which is below it
    return {
        what: float(
            np.sum(weights * ((each < true[what] - 1e-9) + (np.abs(each - true[what]) <= 1e-9) / 2)) / np.sum(weights)
        )
        for what, each in values.items()
    }


def test_ranks_are_those_of_the_exact_posterior():
    """Eight worlds, four quantities. 4 errors of 200 draws and the width of a cell: a right one fails once in 490."""
    for world in range(8):
        found = checked_world("nbd", SEED, world)
        assert found.failure is None
        assert found.k_hat < 0.7
        for what, share in shares_below(world).items():
            draws = 200 if what == LIKELIHOOD else DRAWS / 2
            assert abs(found.ranks[what] - share) < 4 * math.sqrt(share * (1 - share) / draws) + 0.02, (world, what)


def test_a_world_is_the_same_again():
    assert checked_world("nbd", SEED, 3) == checked_world("nbd", SEED, 3)


@pytest.mark.parametrize("name", CENTRES)
def test_every_family_is_ranked(name):
    found = checked_world(name, SEED, 0)
    assert found.failure is None
    assert list(found.ranks) == [*family_of(name).parameters, derived(name), LIKELIHOOD]
    assert all(0 < rank < 1 for rank in found.ranks.values())


def test_quantities_of_the_truth_are_the_truth():
    """The draws' quantities at the true parameters, put in the place of draws, are the true quantities."""
    for name in CENTRES:
        truth, summary = world_of(name, generator_of(SEED, "posterior", name, 1))
        thetas = np.array([list(truth.values())] * 3)
        for what, (true, values) in quantities_of(name, thetas, list(truth.values()), summary).items():
            assert np.isfinite(true), (name, what)
            assert values == pytest.approx([true] * 3, rel=1e-12), (name, what)


def test_a_world_without_a_posterior_is_a_failure(monkeypatch):
    def refuse(*_):
        raise clv.NotEnoughData("nobody came back")

    monkeypatch.setattr(posteriors, "posterior_of", refuse)
    found = checked_world("nbd", SEED, 0)
    assert (found.ranks, found.failure, found.method) == ({}, "nobody came back", "")
    assert math.isnan(found.k_hat)


@pytest.mark.study
def test_ranks_are_uniform():
    """Forty worlds; Kolmogorov-Smirnov of four quantities at 1e-3: a right posterior fails once in 250 seeds."""
    found = [checked_world("nbd", SEED, world) for world in range(100, 140)]
    assert not any(each.failure for each in found)
    for what in found[0].ranks:
        assert stats.kstest([each.ranks[what] for each in found], "uniform").pvalue > 1e-3, what
