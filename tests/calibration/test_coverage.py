"""Coverage counts what it says: intervals from the truth hold their level, those of another world do not."""

from __future__ import annotations

import numpy as np
import pytest
from calibration import coverage
from calibration.coverage import LEVELS, QUANTITIES, STUDIES, covered_world, future_of, shares_held
from calibration.worlds import generator_of

import clvmodels as clv

WORLDS = 12
PARETO_NBD = STUDIES["pareto_nbd_few"].fixed


def shares(purchases, spend, key="pareto_nbd_few"):
    """Shares held in a few worlds of the study, by models of these parameters: quantity and level -> (worlds,)."""
    study = STUDIES[key]
    model = clv.CLVModel(
        clv.PurchaseModel.from_parameters(study.family, purchases, "week"),
        clv.SpendModel.from_parameters("gamma_gamma", spend),
    )
    found = []
    for i in range(WORLDS):
        generator = generator_of(6, "test", key, i)
        found.append(shares_held(model, future_of(study, generator), 500, i))
    return {what: np.array([each[what] for each in found]) for what in found[0]}


@pytest.mark.parametrize("key", [pytest.param("bg_nbd_few", marks=pytest.mark.study), "pareto_nbd_few"])
def test_intervals_from_the_truth_hold_their_level(key):
    """Of 1,200 customers the share held is within 4 errors of the level, for 6 levels: wrong in 2,600 seeds."""
    found = shares(*STUDIES[key].fixed, key)
    assert set(found) == {(quantity, level) for quantity in QUANTITIES for level in LEVELS}
    for quantity in ("purchases", "spend"):
        for level in LEVELS:
            # at most the error of as many coins, as the mean over V is taken
            error = np.sqrt(level * (1 - level) / (WORLDS * 100))
            assert abs(found[quantity, level].mean() - level) < 4 * error, (quantity, level)
    for quantity in ("purchases of all", "spend of all"):
        assert found[quantity, 0.95].mean() > 0.5  # at least 7 of 12: wrong in 2,000,000 seeds
        assert set(found[quantity, 0.95]) <= {0.0, 1.0}


def test_intervals_from_another_world_do_not():
    """Here all customers are alike, and stay."""
    buys, spends = PARETO_NBD
    found = shares(buys | {"r": 30.0, "alpha": 500.0, "s": 0.01}, spends)
    assert found["purchases", 0.95].mean() < 0.9
    assert found["spend", 0.95].mean() < 0.9
    assert found["purchases of all", 0.95].mean() < 0.5


@pytest.mark.study
def test_a_world_is_covered_the_same_again():
    one, same = (covered_world("pareto_nbd_few", 3, 1, draws=200) for _ in range(2))
    assert one == same
    expected = {
        f"{quantity} {way} {level:g}" for quantity in QUANTITIES for way in ("posterior", "plug-in") for level in LEVELS
    }
    assert set(one) - {"doubt"} == {"repeaters", *expected}
    assert 0 < one["repeaters"] < 100


def test_a_world_without_a_posterior_is_a_failure(monkeypatch):
    def refuse(*_):
        raise clv.NotEnoughData("nobody came back")

    monkeypatch.setattr(coverage, "posterior_of", refuse)
    assert covered_world("pareto_nbd_few", 3, 1) == {"failure": "nobody came back"}
