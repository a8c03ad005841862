"""Probability and time of the next purchase: with and without the condition that there is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import clvmodels as clv
from clvmodels.economics import next_purchase

PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
    "bg_bb": {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
}


def model_of(family):
    return clv.PurchaseModel.from_parameters(family, PARAMETERS[family], "week")


@pytest.fixture
def seen():
    columns = {"customer_id": ["ann", "bob", "cy", "di"], "frequency": [2, 5, 0, 6], "recency": [30.0, 20.0, 0.0, 38.0]}
    found = pd.DataFrame(columns | {"T": [38.0, 38.0, 30.0, 38.0]}, index=list("wxyz"))
    found.attrs = {"clvmodels": '{"time_unit": "week"}'}
    return found


def test_bg_nbd_by_hand():
    """F(t) = P(alive)·(1 − ((alpha + T)/(alpha + T + t))^(r + x)), solved for t."""
    seen = pd.DataFrame({"frequency": [2, 5], "recency": [30.43, 20.0], "T": [38.86, 38.86]})
    m, late = np.array([2.243, 5.243]), 43.274
    dead = 0.793 / np.array([3.426, 6.426]) * (late / np.array([34.844, 24.414])) ** m
    alive = 1 / (1 + dead)
    found = next_purchase(model_of("bg_nbd"), seen, horizon=4, q=0.4)
    assert_allclose(found["probability_ever"], alive, rtol=1e-12)
    assert_allclose(found["probability_within_horizon"], alive * (1 - (late / (late + 4)) ** m), rtol=1e-12)
    assert_allclose(found["if_ever_0.4"], late * ((1 - 0.4) ** (-1 / m) - 1), rtol=1e-10)
    assert alive[1] < 0.4 < alive[0]
    by_hand = late * ((1 - 0.4 / alive[0]) ** (-1 / m[0]) - 1)
    assert_allclose(found["bought_by_0.4"], [by_hand, np.inf], rtol=1e-10)


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd"])
def test_probabilities_are_reached_then(family, seen):
    model, shares = model_of(family), (0.0, 0.1, 0.5, 0.9)
    found = next_purchase(model, seen, horizon=np.inf, q=shares)
    ever = found["probability_ever"].to_numpy()
    assert_allclose(found["probability_within_horizon"], ever)
    for share in shares:
        if_ever, by_then = found[f"if_ever_{share:g}"], found[f"bought_by_{share:g}"]
        reached = model.probability_of_purchase(seen, if_ever.to_numpy())
        assert_allclose(reached, share * ever, rtol=1e-9, atol=1e-12)
        never = by_then == np.inf
        assert (never == (share >= ever)).all()
        until = np.where(never, 1.0, by_then)
        assert_allclose(model.probability_of_purchase(seen, until)[~never], share, rtol=1e-9, atol=1e-12)
        assert (by_then >= if_ever).all()
    assert (found["bought_by_0.9"] == np.inf).any() == (family != "nbd")


def test_discrete_time_gives_the_first_period_that_reaches_it(seen):
    model = model_of("bg_bb")
    found = next_purchase(model, seen, horizon=3, q=[0.3, 0.6], observation_end="2024-03-31")
    chances = np.column_stack([model.probability_of_purchase(seen, t) for t in range(60)])
    for share in (0.3, 0.6):
        for row, by_then in enumerate(found[f"bought_by_{share}"]):
            reached = chances[row] >= share - 1e-12
            assert by_then == (np.argmax(reached) if reached.any() else np.inf)
    weeks = found["bought_by_0.3"].to_numpy()
    assert np.isfinite(weeks).any()
    for day, week in zip(found["bought_by_0.3_on"], weeks, strict=True):
        assert pd.isna(day) if np.isinf(week) else day == pd.Timestamp("2024-03-31") + pd.Timedelta(weeks=week)


def test_dates(seen):
    found = next_purchase(model_of("nbd"), seen, horizon=4, q=0.5, observation_end="2024-02-27")
    days = np.ceil(7 * found["bought_by_0.5"])
    assert (found["bought_by_0.5_on"] == pd.Timestamp("2024-02-27") + pd.to_timedelta(days, unit="D")).all()
    assert next_purchase(model_of("nbd"), seen, horizon=4)["bought_by_0.5_on"].isna().all()


def test_shape_is_the_callers(seen):
    found = next_purchase(model_of("bg_nbd"), seen, horizon=4, q=0.5)
    assert found.index.tolist() == seen.index.tolist()
    assert clv.frames.read_facts(found) == clv.frames.read_facts(seen)
    assert list(found.columns) == [
        "customer_id", "probability_within_horizon", "probability_ever",
        "if_ever_0.5", "bought_by_0.5", "bought_by_0.5_on",
    ]  # fmt: skip
    from_polars = next_purchase(model_of("bg_nbd"), pl.from_pandas(seen), horizon=4, q=0.5)
    assert from_polars["bought_by_0.5"].to_list() == found["bought_by_0.5"].tolist()
    own = next_purchase(model_of("bg_nbd"), seen.assign(ahead=[1.0, 2, 3, 4]), horizon="ahead")
    one = next_purchase(model_of("bg_nbd"), seen, horizon=3)
    assert own.loc["y", "probability_within_horizon"] == one.loc["y", "probability_within_horizon"]
    empty = next_purchase(model_of("pareto_nbd"), seen.iloc[:0], horizon=4)
    assert len(empty) == 0
    assert len(empty.columns) == 12


def test_a_clv_model_will_do(seen):
    spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    model = clv.CLVModel(model_of("mbg_nbd"), spend)
    pd.testing.assert_frame_equal(
        next_purchase(model, seen, horizon=4), next_purchase(model_of("mbg_nbd"), seen, horizon=4)
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"horizon": -1}, "horizon must be a number of at least 0"),
        ({"horizon": [1, 2]}, "horizon must be one number"),
        ({"horizon": 4, "q": 1}, "q must be at least 0 and below 1"),
        ({"horizon": 4, "q": [0.5, -0.1]}, "q must be at least 0 and below 1"),
        ({"horizon": 4, "q": [0.5, 0.5]}, "each q makes a column"),
        ({"horizon": 4, "q": "half"}, "q must be a probability"),
    ],
)
def test_refusals(seen, asked, message):
    with pytest.raises(clv.InvalidInput, match=message):
        next_purchase(model_of("bg_nbd"), seen, **asked)
    with pytest.raises(clv.InvalidInput, match="a CLVModel or a PurchaseModel"):
        next_purchase(None, seen, horizon=4)
