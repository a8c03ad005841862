"""Quantiles of counts under several draws of the parameters: against one draw, brute force, and simulation.

Simulated frequencies are refused at |z| > 5, once in 1.7 million where the law is true; about 40 of them are looked at.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import clvmodels as clv
from clvmodels.families import bg_nbd, mbg_nbd, nbd, pareto_nbd
from clvmodels.models import quantiles, questions
from clvmodels.models.predictive import counts
from clvmodels.models.predictive.counts import count_quantiles, representative

from ...families import erlang_nbd
from ...families.worlds import WORLDS, histories_of, parameters_of

SHARES = [1e-12, 1e-4, 0.05, 0.5, 0.9, 0.999, 1 - 1e-9]
FAMILIES = ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd"]


def laws(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=set(Phase) - {Phase.explain})


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


@pytest.fixture(scope="module")
def calibration():
    return clv.rfm_summary(clv.load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.mark.parametrize("name", FAMILIES)
def test_one_draw_says_what_the_model_says_of_all_of_cdnow(calibration, name):
    model = clv.PurchaseModel(name).fit(calibration)
    history = [calibration[column].to_numpy(dtype=float) for column in model.family.statistics]
    found = count_quantiles(model.family, [list(model.parameters.values())], history, 39.0, SHARES)
    for q, values in zip(SHARES, found.values, strict=True):
        assert_array_equal(values, model.purchase_quantile(calibration, q, horizon=39))
    assert_allclose(found.mean, model.expected_purchases(calibration, 39), rtol=1e-10)
    assert_allclose(found.none, model.purchase_pmf(calibration, 0, 39), rtol=1e-10)


@of_every(WORLDS)
@laws(20)
@given(data=st.data(), q=st.sampled_from(SHARES))
def test_one_draw_says_what_the_family_says(world, data, q):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world, most=20))
    t = data.draw(st.just(0.0) | st.floats(0.01, 10).map(lambda v: v / (1 + float(np.max(history[0])))))
    t = float(np.ceil(t)) if world.discrete else t
    found = count_quantiles(family, [parameters], history, t, q)
    assert_array_equal(found.values[0], quantiles.purchase_quantile(family, q, t, history, parameters))


@of_every(WORLDS)
def test_several_draws_are_the_mean_of_their_distributions(world):
    family, ahead = world.family, world.watched[1]
    history, _ = world.simulated(5, 300, world.watched[0])
    draws = np.array(world.values) * np.exp(np.random.default_rng(6).normal(0, 0.4, (3, len(world.values))))
    found = count_quantiles(family, draws, history, ahead, SHARES)
    each = [
        [questions.purchase_pmf(family, float(n), ahead, history, theta) for n in range(int(found.values.max()) + 1)]
        for theta in draws
    ]
    reached = np.cumsum(np.mean(each, axis=0), axis=0)
    columns = np.arange(300)
    for q, values, at_most, below in zip(SHARES, found.values, found.at_most, found.below, strict=True):
        here = values.astype(int)
        assert_allclose(at_most, reached[here, columns], atol=1e-11)
        assert_allclose(below, np.where(here > 0, reached[here - 1, columns], 0), atol=1e-11)
        assert np.all(reached[here, columns] >= q - 1e-11)
        assert np.all(below < q)
    assert_allclose(found.none, reached[0], rtol=1e-11)
    means = [questions.expected_purchases(family, ahead, 0.0, history, theta) for theta in draws]
    assert_allclose(found.mean, np.mean(means, axis=0), rtol=1e-11)


def bought(family, latent, t, generator):
    """Purchases in a time t ahead of customers with these rates."""
    rate, alive = latent["purchase_rate"], latent["alive"]
    if "dropout_rate" in latent:
        stays = np.minimum(t, generator.exponential(1, len(rate)) / latent["dropout_rate"])
        return generator.poisson(rate * stays * alive)
    made = generator.poisson(rate * t * alive)
    p = latent.get("dropout_probability")
    return made if p is None else np.minimum(made, generator.geometric(np.maximum(p, 1e-15)))


@pytest.mark.parametrize("family", [bg_nbd.FAMILY, mbg_nbd.FAMILY, pareto_nbd.FAMILY, nbd.FAMILY], ids=lambda f: f.name)
def test_simulated_futures_under_random_draws(family):
    world = next(world for world in WORLDS if world.family is family)
    generator = np.random.default_rng(11)
    draws = np.array(world.values) * np.exp(generator.normal(0, 0.5, (8, len(world.values))))
    history = [np.array([0.0, 2.0, 12.0]), np.array([0.0, 25.0, 38.0]), np.array([30.0, 38.5, 39.0])]
    found = count_quantiles(family, draws, history, 39.0, [0.1, 0.5, 0.9])
    size = 40_000
    for i in range(3):
        theta = draws[generator.integers(0, len(draws), size)].T
        latent = family.draw_latent(generator, *(np.full(size, h[i]) for h in history), *theta)
        counted = bought(family, latent, 39.0, generator)
        for chance, events in [
            (found.none[i], counted == 0),
            *((p[i], counted <= v[i]) for v, p in zip(found.values, found.at_most, strict=True)),
        ]:
            assert abs(events.mean() - chance) < 5 * np.sqrt(chance * (1 - chance) / size)
        assert abs(counted.mean() - found.mean[i]) < 5 * counted.std() / np.sqrt(size)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_who_buys_very_often_is_not_walked_to_the_end(name):
    world = next(world for world in WORLDS if world.family.name == name)
    history = [np.array([300.0, 4000.0, 3.0]), np.array([38.9, 38.99, 10.0]), np.array([39.0, 39.0, 39.0])]
    one = count_quantiles(world.family, [world.values], history, 39.0, SHARES)
    for q, values in zip(SHARES, one.values, strict=True):
        expected = quantiles.purchase_quantile(world.family, q, 39.0, history, world.values)
        assert_array_equal(values, expected)
    assert one.values[-2, 1] > 2000
    draws = np.array([world.values, np.array(world.values) * 1.2])
    two = count_quantiles(world.family, draws, history, 39.0, SHARES)
    for values, at_most, below in zip(two.values, two.at_most, two.below, strict=True):
        for i in range(3):
            those = [column[[i]] for column in history]
            more = [
                np.mean(
                    [
                        np.exp(world.family.log_p_alive(*those, *theta))
                        * world.family.more_purchases_alive(n, 39.0, *those, *theta)
                        if n >= 0
                        else np.ones(1)
                        for theta in draws
                    ]
                )
                for n in (values[i] - 1, values[i])
            ]
            assert_allclose([1 - below[i], 1 - at_most[i]], more, atol=1e-11)


def test_blocks_and_the_order_of_rows_change_nothing(monkeypatch):
    world = WORLDS[2]
    history, _ = world.simulated(8, 500, 30.0)
    t = np.where(np.arange(500) % 3 == 0, 10.0, 39.0)
    draws = np.array(world.values) * np.exp(np.random.default_rng(6).normal(0, 0.2, (5, 4)))
    whole = count_quantiles(world.family, draws, history, t, SHARES)
    for length in (10.0, 39.0):
        rows = np.flatnonzero(t == length)
        some = count_quantiles(world.family, draws, [column[rows] for column in history], length, SHARES)
        assert_array_equal(some.values, whole.values[:, rows])
        assert_allclose(some.at_most, whole.at_most[:, rows], atol=1e-12)
    back = np.random.default_rng(9).permutation(500)
    turned = count_quantiles(world.family, draws, [column[back] for column in history], t[back], SHARES)
    assert_array_equal(turned.values, whole.values[:, back])
    monkeypatch.setattr(counts, "_ROWS", 64)
    small = count_quantiles(world.family, draws, history, t, SHARES)
    assert_array_equal(small.values, whole.values)
    for name in ("at_most", "below", "none", "mean"):
        assert_allclose(getattr(small, name), getattr(whole, name), rtol=1e-10, atol=1e-12)


@of_every(WORLDS)
def test_nothing_ahead_and_nobody_there(world):
    history, _ = world.simulated(5, 20, world.watched[0])
    found = count_quantiles(world.family, [world.values], history, 0.0, [0.0, 0.5, 0.999])
    assert not found.values.any()
    assert_allclose(found.none, 1, rtol=1e-12)
    assert_allclose(found.mean, 0, atol=1e-12)
    nobody = count_quantiles(world.family, [world.values], [column[:0] for column in history], 3.0, [0.5, 0.9])
    assert nobody.values.shape == (2, 0)
    assert nobody.mean.shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thetas": [[0.2, 4.0]]}, r"shape \(draws, 4\), one column each for r, alpha, a, b; found \(1, 2\)"),
        ({"thetas": np.zeros((0, 4))}, r"shape \(draws, 4\)"),
        ({"thetas": [[0.2, 4, 1, 2], [0.2, 4, -1, 2]]}, r"finite and above 0: 1 of 2 are not, first draw 1"),
        ({"horizon": -1.0}, "horizon must be finite and at least 0; found"),
        ({"horizon": np.inf}, "horizon must be finite and at least 0; found"),
        ({"q": [0.5, 1.0]}, "q must be probabilities of at least 0 and below 1"),
        ({"q": [np.nan]}, "q must be probabilities"),
        ({"horizon": 1e300, "q": 0.9}, r"infinite or beyond 9e15 for 1 of 1 customers, first row 0 \(q=0.9\)"),
    ],
)
def test_refuses(change, message):
    given = {"thetas": [[0.2, 4.0, 1e-3, 200.0]], "horizon": 3.0, "q": [0.5]} | change
    with pytest.raises(clv.InvalidInput, match=message):
        count_quantiles(bg_nbd.FAMILY, given["thetas"], ([3.0], [30.0], [30.0]), given["horizon"], given["q"])


def test_a_family_without_probabilities_of_counts_cannot():
    from dataclasses import replace

    family = replace(erlang_nbd.FAMILY, conditional_purchase_pmf=None)
    with pytest.raises(clv.NotAvailable, match="erlang_nbd cannot give purchase_pmf"):
        count_quantiles(family, [[1.0, 2.0]], ([0.0],) * 4, 3.0, 0.5)


# --- representative draws ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 16, 37, 64])
def test_few_draws_have_the_mean_and_covariance_of_all(size):
    generator = np.random.default_rng(3)
    correlated = generator.normal(size=(3000, 4)) @ generator.normal(size=(4, 4)) * [1e-3, 0.1, 1.0, 0.3]
    skewed = np.exp(correlated + 0.5 * correlated[:, [2]] ** 2 - 2)
    few = representative(skewed, size)
    assert few.shape == (size, 4)
    assert_allclose(np.log(few).mean(axis=0), np.log(skewed).mean(axis=0), rtol=1e-10)
    assert_allclose(np.cov(np.log(few).T, bias=True), np.cov(np.log(skewed).T, bias=True), rtol=1e-8)
    assert_allclose(representative(skewed * [1, 1000, 1, 7], size), few * [1, 1000, 1, 7], rtol=1e-9)


def test_draws_that_are_few_or_alike():
    draws = np.exp(np.random.default_rng(3).normal(size=(5, 2)))
    assert_array_equal(representative(draws, 5), draws)
    assert_array_equal(representative(draws, 64), draws)
    assert_allclose(representative(np.full((100, 3), 0.7), 8), 0.7, rtol=1e-14)
    fixed = np.column_stack([np.repeat(draws[:, 0], 50), np.full(250, 2.5)])
    few = representative(fixed, 8)
    assert_allclose(few[:, 1], 2.5, rtol=1e-14)
    assert_allclose(np.log(few[:, 0]).std(), np.log(fixed[:, 0]).std(), rtol=1e-9)
    assert_allclose(np.log(representative(fixed, 1)[0, 0]), np.log(fixed[:, 0]).mean(), rtol=1e-12)
    with pytest.raises(clv.InvalidInput, match="at least 1; found 0"):
        representative(draws, 0)


def test_sixty_four_draws_say_of_cdnow_what_four_hundred_say(calibration):
    """P(no purchase) within 1e-4 for everybody; the first 64 of the draws miss it by more than 1e-3."""
    model = clv.PurchaseModel("bg_nbd").fit(calibration)
    few = pd.DataFrame(calibration[["frequency", "recency", "T"]]).drop_duplicates().astype(float)
    history = [few[column].to_numpy() for column in few]
    middle = np.log(list(model.parameters.values()))
    draws = np.exp(np.random.default_rng(1).multivariate_normal(middle, model._fitted.covariance, 400))
    everything = count_quantiles(model.family, draws, history, 39.0, [0.05, 0.5, 0.95])
    found = count_quantiles(model.family, representative(draws, 64), history, 39.0, [0.05, 0.5, 0.95])
    assert np.abs(found.none - everything.none).max() < 1e-4
    assert np.mean(found.values != everything.values) < 2e-3
    first = count_quantiles(model.family, draws[:64], history, 39.0, 0.5)
    assert np.abs(first.none - everything.none).max() > 1e-3
