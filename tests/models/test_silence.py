"""When P(alive) comes down to a level in silence: closed forms, integrals from the definition, brute force, limits."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.testing import assert_allclose, assert_array_equal

import clvmodels as clv
from clvmodels.families import purchase_family
from clvmodels.models import questions
from clvmodels.models.silence import LONGEST, _whole_periods, time_until_below

from ..families import beta_bernoulli, erlang_nbd

PARAMETERS = {
    "bg_nbd": (0.243, 4.414, 0.793, 2.426),
    "mbg_nbd": (0.525, 6.183, 0.891, 1.614),
    "pareto_nbd": (0.553, 10.578, 0.606, 11.669),
    "nbd": (0.385, 12.072),
    "bg_bb": (1.204, 0.750, 0.657, 2.783),
}
LEVELS = [1e-9, 0.05, 0.5, 0.9, 1 - 1e-6]


def histories(seed=1, size=400):
    generator = np.random.default_rng(seed)
    T = np.round(generator.uniform(1, 80, size), 3)
    x = generator.poisson(generator.gamma(0.6, 4.0, size)).astype(np.float64)
    t_x = np.where(x > 0, T * generator.uniform(0, 1, size) ** 0.4, 0.0)
    t_x[:20] = T[:20] * (x[:20] > 0)
    return [x, t_x, T]


def found(family, level, history, parameters=None):
    return time_until_below(purchase_family(family), level, history, parameters or PARAMETERS[family])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd"])
def test_closed_forms(family, level):
    """((alpha + T + u)/(alpha + t_x))^(r + x) · a/(b + x − 1) = (1 − level)/level; MBG/NBD: b + x."""
    x, t_x, T = histories()
    r, alpha, a, b = PARAMETERS[family]
    stays = np.where(x > 0, b + x - 1, 1.0) if family == "bg_nbd" else b + x
    with np.errstate(over="ignore"):
        silence = (alpha + t_x) * np.expm1(np.log((1 - level) / level * stays / a) / (r + x))
    wanted = np.maximum(silence, 0) + t_x - T
    if family == "bg_nbd":
        wanted = np.where(x > 0, wanted, np.inf)
    assert (x == 0).sum() > 50
    assert_allclose(found(family, level, [x, t_x, T]) + T, wanted + T, rtol=1e-10)


@pytest.mark.parametrize("level", [0.01, 0.5, 0.98])
@pytest.mark.parametrize("history", [(0.0, 0.0, 20.0), (2.0, 30.43, 38.86), (26.0, 30.857, 31.0), (60.0, 9.0, 40.0)])
def test_pareto_nbd_from_the_definition(history, level):
    """The odds of having left are an integral over the lifetime; at what is found they are those of the level."""
    x, t_x, T = history
    u = float(found("pareto_nbd", level, [np.array([v]) for v in history])[0])
    with mp.workdps(30):
        r, alpha, s, beta = map(mpf, PARAMETERS["pareto_nbd"])
        end = mpf(T) + mpf(u)

        def bought(until):  # a gamma rate, x purchases until then
            return (alpha + until) ** -(r + x)

        alive = bought(end) * (beta / (beta + end)) ** s
        points = mp.linspace(mpf(t_x), end, 20)
        left = mp.quad(lambda until: bought(until) * s * beta**s / (beta + until) ** (s + 1), points)
        assert_allclose(float(alive / (alive + left)), level, rtol=1e-10)


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_p_alive_reaches_the_level_then_and_not_before(family):
    x, t_x, T = histories(seed=2)
    u = found(family, 0.8, [x, t_x, T])
    ever, silent = np.isfinite(u), u > t_x - T
    assert (u[silent & ever] < 0).sum() > 20  # some fell before T
    at = questions.p_alive_if_no_purchase(
        purchase_family(family), np.where(ever, u, 0.0), [x, t_x, T], PARAMETERS[family]
    )
    assert_allclose(at[silent & ever], 0.8, rtol=1e-11)
    # some were below right after the last purchase; for Pareto/NBD nobody leaves at a purchase
    after_purchase = questions.p_alive(purchase_family(family), 0.0, [x, t_x, t_x], PARAMETERS[family])
    assert_array_equal(after_purchase <= 0.8, ~silent)
    assert (~silent).any() == (family != "pareto_nbd")


@pytest.mark.parametrize("level", [0.02, 0.5, 0.9])
def test_bg_bb_by_looking_at_every_period(level):
    x = np.array([0, 0, 0, 1, 1, 3, 6, 2, 5], dtype=np.float64)
    t_x = np.array([0, 0, 0, 1, 6, 3, 6, 4, 9], dtype=np.float64)
    T = np.array([0, 1, 6, 6, 6, 6, 6, 4, 10], dtype=np.float64)
    family, parameters = purchase_family("bg_bb"), PARAMETERS["bg_bb"]
    silence = np.arange(300.0)
    wanted = []
    for one, last in zip(x, t_x, strict=True):
        alive = questions.p_alive(family, 0.0, [one + 0 * silence, last + 0 * silence, last + silence], parameters)
        wanted.append(np.argmax(alive <= level))
        assert alive[-1] <= level
    assert_array_equal(found("bg_bb", level, [x, t_x, T]), np.array(wanted) + t_x - T)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 1000, 8192, 8193, LONGEST - 1, LONGEST])
def test_whole_periods_finds_the_step(step):
    assert _whole_periods(lambda n, rows: n - step, 2).tolist() == [step, step]


def test_whole_periods_ends():
    edges = np.array([1.0, LONGEST + 1, 7.0])
    assert _whole_periods(lambda n, rows: n - edges[rows], 3).tolist() == [1, np.inf, 7]


@pytest.mark.parametrize("level", LEVELS)
def test_who_never_leaves_never_falls(level):
    history = histories(seed=3, size=20)
    assert np.isinf(found("nbd", level, history)).all()
    gap = np.where(history[0] > 0, 1.0, 0.0)
    assert np.isinf(time_until_below(erlang_nbd.FAMILY, level, [*history, gap], (0.5, 5.0))).all()
    whole = [np.array([2.0, 0.0]), np.array([3.0, 0.0]), np.array([5.0, 5.0])]
    assert np.isinf(time_until_below(beta_bernoulli.FAMILY, level, whole, (1.2, 2.7))).all()


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_laws(family):
    x, t_x, T = histories(seed=4, size=100)
    u = found(family, 0.5, [x, t_x, T])
    # the date does not depend on when one looks, nor on the unit of time, and a lower level is reached later
    assert_allclose(found(family, 0.5, [x, t_x, T + 13]), u - 13, rtol=1e-11, atol=1e-9)
    weekly = {"bg_nbd": (1, 7, 1, 1), "mbg_nbd": (1, 7, 1, 1), "pareto_nbd": (1, 7, 1, 7)}[family]
    daily = tuple(np.multiply(PARAMETERS[family], weekly))
    assert_allclose(found(family, 0.5, [x, 7 * t_x, 7 * T], daily), 7 * u, rtol=1e-10, atol=1e-9)
    lower = found(family, 0.3, [x, t_x, T])
    assert (lower >= u).all()
    assert (lower > u)[np.isfinite(u) & (u > t_x - T)].all()


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_extremes_give_numbers(family, scale):
    """Times or inf, never NaN, and no warning of overflow, for counts of 30,000 and parameters far from 1."""
    x = np.array([0.0, 0.0, 1.0, 30_000.0, 30_000.0, 3.0])
    t_x = np.array([0.0, 0.0, 0.0, 500.0, 1e-6, 40.0])
    T = np.array([0.0, 500.0, 500.0, 500.0, 500.0, 40.0])
    parameters = tuple(np.multiply(PARAMETERS[family], scale))
    for level in (1e-300, 1e-9, 0.5, 1 - 1e-12):
        u = found(family, level, [x, t_x, T], parameters)
        assert not np.isnan(u).any()
        assert (u >= t_x - T).all()


def test_nobody():
    for family in ("bg_nbd", "bg_bb"):
        assert found(family, 0.5, [np.zeros(0)] * 3).tolist() == []


def test_a_family_without_a_length_of_observation_cannot_tell():
    from dataclasses import replace

    family = replace(purchase_family("nbd"), statistics=("frequency",))
    with pytest.raises(clv.NotAvailable, match="falls_below"):
        time_until_below(family, 0.5, [np.zeros(1)], (0.4, 12.0))


def test_a_family_that_does_not_read_recency_speaks_of_the_future_alone():
    """Here P(alive) = 1/(1 + T): half at T = 1, which is past for the second customer."""
    from dataclasses import replace

    family = replace(
        purchase_family("nbd"), statistics=("T",), log_p_alive=lambda T, r, alpha: -np.log1p(T), finite_total=("r", 1)
    )
    u = time_until_below(family, 0.5, [np.array([0.25, 3.0])], (0.4, 12.0))
    assert_allclose(u, [0.75, 0.0], rtol=1e-12)
