"""Posteriors of CDNOW beside those of another implementation: NUTS of nutpie on likelihoods written in PyTensor.

`make nuts` (tools/nuts_check.py) made the numbers in nuts_cdnow.json. Means, standard deviations and quantiles of the
15 log-parameters of four models, 75 numbers, may differ by 4 combined Monte-Carlo errors each. Right draws would fail
at most with one seed in 200 (75 times 6e-5); the seeds are fixed.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

import clvmodels as clv

NUTS = json.loads((Path(__file__).parent / "nuts_cdnow.json").read_text(encoding="utf-8"))
MODELS = list(NUTS["models"])


@pytest.fixture(scope="module")
def cdnow():
    log = clv.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")


def drawn(name, summary, **how):
    make = clv.SpendModel if name == "gamma_gamma" else clv.PurchaseModel
    return clv.posterior(make(name).fit(summary), summary, **how)


def apart(name, found):
    """Differences from NUTS in combined Monte-Carlo errors, by parameter and what is compared."""
    result = {}
    for j, parameter in enumerate(found.parameters):
        draws, told = np.log(found.flat()[:, j]), NUTS["models"][name][parameter]
        error_of = errors(found, j)
        own = {
            "mean": (draws.mean(), error_of("mean"), told["mean"], told["mcse_mean"]),
            "sd": (draws.std(), error_of("sd"), told["sd"], error_of_sd(draws, told["ess_tail"])),
        }
        for text, (value, error) in told["quantiles"].items():
            own[text] = np.quantile(draws, float(text)), error_of("quantile", float(text)), value, error
        for what, (ours, our_error, theirs, their_error) in own.items():
            result[parameter, what] = (ours - theirs) / math.hypot(our_error, their_error)
    return result


def error_of_sd(draws, effective):
    """Of a standard deviation, where ``effective`` is of squares, which wander more slowly than the draws themselves.

    (ArviZ's error takes that of the mean; of NUTS, whose draws are not stored, that of the tails comes closest.)
    """
    return draws.std() * math.sqrt((stats.kurtosis(draws, fisher=False) - 1) / 4 / effective)


def errors(found, j):
    """The Monte-Carlo error of a mean, a standard deviation or a quantile of a log-parameter."""
    chains = np.log(found.draws[:, :, j])
    if found.k_hat is None:
        ways = {"chain_axis": 0, "draw_axis": 1}
        of_sd = error_of_sd(chains.ravel(), array_stats.ess(chains, method="sd", **ways))
        return lambda what, q=None: of_sd if what == "sd" else array_stats.mcse(chains, method=what, prob=q, **ways)
    # by their weights, and once more because they were resampled: no worse than as many independent ones
    draws, effective = chains.ravel(), 1 / (1 / found.ess[found.parameters[j]] + 1 / chains.size)

    def error_of(what, q=None):
        if what == "mean":
            return draws.std() / math.sqrt(effective)
        if what == "sd":
            return error_of_sd(draws, effective)
        low, high = np.quantile(draws, (q - 0.02, q + 0.02))
        return math.sqrt(q * (1 - q) / effective) * (high - low) / 0.04

    return error_of


def test_the_other_implementation_can_be_trusted_itself():
    for name in MODELS:
        told = NUTS["models"][name]
        assert told["divergent"] == 0
        for parameter in told["scales"]:
            assert told[parameter]["r_hat"] < 1.005
            assert min(told[parameter]["ess_bulk"], told[parameter]["ess_tail"]) > 3000


@pytest.mark.parametrize("name", MODELS)
def test_importance_sampling_agrees(cdnow, name):
    found = drawn(name, cdnow, method="laplace")
    assert found.trusted, found.verdict
    assert found.n_customers == NUTS["models"][name]["customers"]
    differences = apart(name, found)
    worst = max(differences, key=lambda key: abs(differences[key]))
    assert abs(differences[worst]) < 4, (worst, differences[worst])
    # the prior is the one that NUTS had, word for word
    for parameter, scale in NUTS["models"][name]["scales"].items():
        sentence = next(text for text in found.prior if text.startswith(f"{parameter}:"))
        of = f"ln({parameter})" if scale == 1 else f"ln({parameter} / {scale:.6g})"
        assert f"normal(0, {NUTS['prior_sd']:g}) of {of}, the default" in sentence


def test_another_prior_does_not_agree(cdnow):
    """Pareto/NBD's ridge feels the prior: with half its standard deviation the comparison fails."""
    narrow = dict.fromkeys(("r", "alpha", "s", "beta"), stats.norm(0, NUTS["prior_sd"] / 2))
    found = drawn("pareto_nbd", cdnow, prior=narrow, method="laplace")
    assert max(abs(v) for v in apart("pareto_nbd", found).values()) > 8


@pytest.mark.study
@pytest.mark.parametrize("name", MODELS)
def test_hamiltonian_monte_carlo_agrees(cdnow, name):
    found = drawn(name, cdnow, method="hmc")
    assert found.trusted, found.verdict
    differences = apart(name, found)
    worst = max(differences, key=lambda key: abs(differences[key]))
    assert abs(differences[worst]) < 4, (worst, differences[worst])
