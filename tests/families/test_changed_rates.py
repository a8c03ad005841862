"""The future of customers whose own rates are multiplied from T on: laws, definitions, and simulation.

Simulations have fixed seeds and reject a true law at |z| > 5, one in 1.7 million; about 120 such tests are made here.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

from clvmodels.families import bg_bb, bg_nbd, nbd, pareto_nbd
from clvmodels.models import questions

from .worlds import WORLDS

Z = 5.0
MANY = 20_000
CHANGING = [world for world in WORLDS if world.family.changed_purchases_alive]
FACTORS = [(1.0, 0.9), (1.0, 1.1), (1.3, 1.0), (0.5, 0.4), (1.6, 3.0), (3.0, 0.0)]
DELTAS = [0.0, 0.05, -0.02]


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


def customers(world):
    """Active, silent, never seen again."""
    T = world.watched[0]
    rows = [(4.0, round(0.9 * T), T), (3.0, round(0.5 * T), T), (0.0, 0.0, T)]
    columns = dict(zip(("frequency", "recency", "T"), map(np.array, zip(*rows, strict=True)), strict=True))
    return [columns[name] for name in world.family.statistics]


def changed(world, t, delta, c, d, history=None, parameters=None):
    history = customers(world) if history is None else history
    return world.family.changed_purchases_alive(t, delta, c, d, *history, *(parameters or world.values))


def multiplied(family, rates, c, d):
    """The rates of a customer from now on; probabilities are 1 at most."""
    whole = family is bg_bb.FAMILY  # whose purchase rate is a probability
    return {
        name: np.minimum(values * (c if name == "purchase_rate" else d), 1.0 if whole or "prob" in name else np.inf)
        for name, values in rates.items()
    }


def test_every_shipped_family_tells_it():
    assert {world.family.name for world in CHANGING} == {"bg_nbd", "mbg_nbd", "pareto_nbd", "nbd", "bg_bb"}


@of_every(CHANGING)
@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("t", [0.0, 1.0, 40.0, math.inf])
def test_unchanged_rates_change_nothing(world, t, delta):
    if math.isinf(t) and delta <= 0:
        return
    history = customers(world)
    alive = np.exp(world.family.log_p_alive(*history, *world.values))
    expected = questions.discounted(world.family, t, delta, history, world.values)
    found = questions.changed(world.family, t, delta, 1.0, 1.0, history, world.values)
    assert_allclose(found, expected, rtol=2e-12)
    assert_allclose(questions.changed(world.family, t, delta, 1.0, 1.0, history, world.values, alive), found, rtol=0)


@of_every(CHANGING)
@pytest.mark.parametrize("delta", DELTAS)
def test_more_purchases_never_cost_and_more_dropout_never_pays(world, delta):
    steps = [0.0, 1e-9, 0.3, 0.95, 1 - 1e-9, 1.0, 1 + 1e-13, 1 + 1e-9, 1.05, 2.0, 30.0, 1e6]
    rising = np.array([changed(world, 30.0, delta, c, 1.2) for c in steps])
    assert np.all(np.diff(rising, axis=0) >= -1e-12 * rising[1:])
    assert np.all(rising[0] == 0)
    falling = np.array([changed(world, 30.0, delta, 1.2, d) for d in steps])
    assert np.all(np.isfinite(falling))
    assert np.all(np.diff(falling, axis=0) <= 1e-12 * falling[1:])
    # beside 1, where the cap at a probability of 1 begins
    assert_allclose(falling[4:8], np.broadcast_to(falling[5], (4, 3)), rtol=1e-8)


@of_every(CHANGING)
@pytest.mark.parametrize(("c", "d"), FACTORS)
def test_equals_the_mean_over_rates_given_history(world, c, d):
    """The exact future of rates that are drawn, and multiplied, averages to it."""
    family, T = world.family, world.watched[0]
    for i, history in enumerate(zip(*customers(world), strict=True)):
        columns = [np.full(MANY, value) for value in history]
        rates = multiplied(
            family, family.draw_rates_alive(np.random.default_rng(70 + i), *columns, *world.values), c, d
        )
        for t, delta in ((T, 0.0), (T, 0.05), (math.inf, 0.05)):
            sample = family.purchases_of_rates(t, delta, rates)
            mean = float(family.changed_purchases_alive(t, delta, c, d, *history, *world.values))
            spread = np.std(sample) / math.sqrt(MANY)
            assert abs(np.mean(sample) - mean) <= Z * spread + 1e-12 * mean


@of_every(CHANGING)
@pytest.mark.parametrize(("c", "d"), [(1.3, 0.5), (1.2, 2.0)])
def test_equals_simulated_purchases(world, c, d):
    """The same with purchases that are made one by one: the factors are those of the rates that act."""
    family, t = world.family, world.watched[1]
    history = [column[0] for column in customers(world)]
    columns = [np.full(MANY, value) for value in history]
    rates = multiplied(family, family.draw_rates_alive(np.random.default_rng(80), *columns, *world.values), c, d)
    owner, times = family.simulate_of_rates(np.random.default_rng(81), t, rates)
    worth = np.bincount(owner, np.exp(-0.02 * times), minlength=MANY)
    mean = float(family.changed_purchases_alive(t, 0.02, c, d, *history, *world.values))
    assert abs(np.mean(worth) - mean) <= Z * np.std(worth) / math.sqrt(MANY)


@of_every(CHANGING)
@pytest.mark.parametrize("delta", [0.0, 0.05])
def test_rows_are_as_alone(world, delta):
    """Factors, horizons and parameters of its own for each row, in any shape; and many rows as few."""
    c, d = np.array([1.0, 0.0, 2.0, 1.1]), np.array([1.3, 0.5, 0.0, 1.0])
    down = [np.reshape(column, (3, 1)) for column in customers(world)]
    found = changed(world, 20.0, delta, c, d, down)
    assert found.shape == (3, 4)
    for i in range(3):
        for j in range(4):
            one = [column[i, 0] for column in down]
            assert_allclose(found[i, j], changed(world, 20.0, delta, c[j], d[j], one), rtol=1e-12)
    history, _ = world.simulated(82, 3000, world.watched[0])
    if not world.discrete:
        T = world.family.statistics.index("T")
        history[T] = history[T] + np.random.default_rng(83).uniform(0.0, 60.0, 3000)
    some = slice(0, 3000, 311)
    for c_, d_ in ((1.2, 0.9), (1.2, 1.1)):
        many = changed(world, 20.0, delta, c_, d_, history)
        assert_allclose(many[some], changed(world, 20.0, delta, c_, d_, [h[some] for h in history]), rtol=1e-10)
        spread = tuple(np.full(3000, value) for value in world.values)
        assert_allclose(
            many[:50],
            changed(world, 20.0, delta, c_, d_, [h[:50] for h in history], tuple(p[:50] for p in spread)),
            rtol=1e-10,
        )
    assert changed(world, 20.0, delta, 1.0, 1.1, [h[:0] for h in history]).shape == (0,)


# --- definitions -----------------------------------------------------------------------------------------------------


def mean_over_logit(value, a, b, splits):
    """E[value(p)] for p ~ Beta(a, b) with mpmath: in v = logit p, split where the integrand bends."""
    a, b = mpf(a), mpf(b)

    def integrand(v):
        log_p, log_q = -mpmath.log1p(mpmath.exp(-v)), -mpmath.log1p(mpmath.exp(v))
        return value(mpmath.exp(log_p)) * mpmath.exp(a * log_p + b * log_q)

    low, high = -60 / min(a, mpf(1)), 60 / min(b, mpf(1))
    inner = [mpf(v) for v in range(-40, 41, 8)]
    points = sorted({low, high, *(v for v in [*inner, *splits] if low < v < high)})
    return mpmath.quad(integrand, points) / mpmath.beta(a, b)


def cap(d):
    return [-mpmath.log(mpf(d) - 1)] if d > 1 else []


@pytest.mark.parametrize(
    ("c", "d", "k", "z", "a", "b"),
    [
        (1.0, 1.1, 2.243, 43.3, 0.793, 4.426),
        (1.3, 1.0 + 1e-9, 2.243, 43.3, 0.793, 0.4),
        (0.5, 0.7, 0.243, 43.3, 0.793, 2.426),
        (2.0, 4.0, 0.02, 5.0, 3.0, 0.3),
        (1.0, 50.0, 300.0, 60.0, 0.8, 300.0),
        (1.0, 1.2, 3000.0, 60.0, 0.05, 3000.0),
        (1.0, 1.5, 5.0, 1e-3, 40.0, 1.0),
    ],
)
def test_leaving_after_purchases_is_its_definition(c, d, k, z, a, b):
    """E over p of (1 − (1 + q·t·c/z)^-k)/q at q = min(d·p, 1); the integral over λ and time is elementary."""
    t = 52.0
    with mpmath.workdps(25):

        def bought(p):
            q = min(mpf(d) * p, mpf(1))
            return -mpmath.expm1(-mpf(k) * mpmath.log1p(q * t * c / mpf(z))) / q

        true = float(mean_over_logit(bought, a, b, cap(d)))
    r = 1e-3  # k = r + x
    found = bg_nbd.changed_purchases_alive(t, 0.0, c, d, k - r, 0.0, z - 1e-4, r, 1e-4, a, b - (k - r))
    assert_allclose(found, true, rtol=1e-11)


def panels(edges):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


def logit_panels(a, b, d):
    """Dense panels of v = logit p with a split at the cap, and the density of Beta(a, b) times their weights."""
    low, high = -80 / min(a, 1), 80 / min(b, 1)
    edges = [np.linspace(-30, 30, 61), low * np.geomspace(1e-3, 1, 40), high * np.geomspace(1e-3, 1, 40)]
    edges = np.unique(np.concatenate([*edges, [-math.log(d - 1)] if d > 1 else []]))
    v, weights = panels(edges[(edges >= low) & (edges <= high)])
    log_p, log_q = -np.logaddexp(0, -v), -np.logaddexp(0, v)
    return np.minimum(d * np.exp(log_p), 1.0), weights * np.exp(a * log_p + b * log_q - special.betaln(a, b))


def cases(seed, number):
    generator = np.random.default_rng(seed)
    return [
        {
            "t": float(generator.choice([1.0, 52.0, math.inf])),
            "delta": float(generator.choice([0.002, 0.05])),
            "c": float(generator.choice([0.5, 0.95, 1.1, 3.0])),
            "d": float(generator.choice([0.5, 0.95, 1 + 1e-10, 1 + 1e-6, 1.05, 1.3, 4.0, 50.0])),
            "x": float(generator.choice([0.0, 1.0, 3.0, 20.0, 300.0])),
            "T": float(generator.uniform(1, 60)),
            "a": float(generator.choice([0.05, 0.793, 1.0, 1.5, 3.0])),
            "b": float(generator.choice([0.05, 0.4, 1.0, 2.426, 8.0])),
        }
        for _ in range(number)
    ]


@pytest.mark.parametrize("case", cases(84, 25), ids=lambda case: f"{case['d']:g} {case['a']:g} {case['b']:g}")
def test_discounted_leaving_after_purchases_is_its_definition(case):
    """∫ over p and time of the density and e^(-delta·u) (k/z') (1 + q·u/z')^-(k+1), by dense panels."""
    r, alpha = 0.4, 5.0
    t, delta, c, d, x, T, a, b = case.values()
    k, z = r + x, (alpha + T) / c
    q, weights = logit_panels(a, b + x, d)
    length = min(t, 40 / delta)
    u, du = panels(np.concatenate([[0.0], np.geomspace(length * 1e-8, length, 100)]))
    true = sum(
        w * np.sum(du * np.exp(-delta * u) * k / z * (1 + each * u / z) ** (-k - 1))
        for each, w in zip(q, weights, strict=True)
    )
    found = bg_nbd.changed_purchases_alive(t, delta, c, d, x, 0.7 * T if x else 0.0, T, r, alpha, a, b)
    assert_allclose(found, true, rtol=1e-10)


@pytest.mark.parametrize("case", cases(85, 25), ids=lambda case: f"{case['d']:g} {case['a']:g} {case['b']:g}")
def test_whole_periods_are_their_definition(case):
    """E[min(c·p, 1)] · E[Σ of e^(-delta·j) (1 − min(d·θ, 1))^j], by dense panels and adding up."""
    t, delta, c, d, x, T, gamma, b = case.values()
    T, delta = max(math.floor(T), x), 25 * delta
    q, weights = logit_panels(gamma, b + T, d)
    left = np.exp(-delta) * (1 - q)
    true = np.sum(weights * sum(left**j for j in range(1, int(min(t, 40 / delta + 1)) + 1)))
    buys, of = logit_panels(1.2 + x, 0.75 + T - x, c)
    found = bg_bb.changed_purchases_alive(t, delta, c, d, x, x, T, 1.2, 0.75, gamma, b)
    assert_allclose(found, np.sum(buys * of) * true, rtol=1e-10)


@pytest.mark.parametrize("d", [0.3, 1.0, 1.2, 7.0])
@pytest.mark.parametrize(("a", "b"), [(1.2, 0.4), (5.0, 3.0), (1.05, 80.0)])
def test_endless_undiscounted_futures(d, a, b):
    """E[1/q] purchases, and E[p] times E[1/q − 1] periods, where the mean is finite."""
    with mpmath.workdps(20):
        # 1/p times the density is that of Beta(a − 1, b)
        ratio = (mpf(a) + b - 1) / (mpf(a) - 1)
        worth = float(ratio * mean_over_logit(lambda p: p / min(mpf(d) * p, 1), a - 1, b, cap(d)))
    purchases = bg_nbd.changed_purchases_alive(math.inf, 0.0, 1.7, d, 0.0, 0.0, 5.0, 0.5, 4.0, a, b)
    assert_allclose(purchases, worth, rtol=1e-10)
    periods = bg_bb.changed_purchases_alive(math.inf, 0.0, 1.0, d, 0.0, 0.0, 0.0, 2.0, 2.0, a, b)
    assert_allclose(periods, 0.5 * (worth - 1), rtol=1e-9)
    assert np.isinf(bg_nbd.changed_purchases_alive(math.inf, 0.0, 1.0, d, 0.0, 0.0, 5.0, 0.5, 4.0, 1.0, b))
    assert np.isinf(bg_bb.changed_purchases_alive(math.inf, 0.0, 1.0, d, 0.0, 0.0, 0.0, 2.0, 2.0, 1.0, b))


def test_pareto_is_a_customer_of_other_gamma_distributions():
    """C·λ ~ Gamma(r + x, (alpha+T)/c) and d·μ ~ Gamma(s, (beta+T)/d): (r+x)·c/(alpha+T) ∫ e^(-δu) (1 + d·u/B)^-s du."""
    r, alpha, s, beta, x, T, c, d = 0.553, 10.578, 0.606, 11.669, 3.0, 39.0, 1.2, 0.9
    for t, delta in ((52.0, 0.0), (52.0, 0.002), (math.inf, 0.002)):
        with mpmath.workdps(25):
            there = mpmath.quad(
                lambda u, delta=delta: mpmath.exp(-mpf(delta) * u) * (1 + mpf(d) * u / (mpf(beta) + T)) ** (-mpf(s)),
                [0, 5, 52] if t == 52 else [0, 10, 100, 1000, 10_000, mpmath.inf],
            )
            true = float(c * (mpf(r) + x) / (mpf(alpha) + T) * there)
        found = pareto_nbd.changed_purchases_alive(t, delta, c, d, x, 20.0, T, r, alpha, s, beta)
        assert_allclose(found, true, rtol=1e-12)


def test_nobody_leaves_under_nbd():
    base = nbd.discounted_purchases_alive(52.0, 0.002, 3.0, 20.0, 39.0, 0.385, 12.072)
    assert_array_equal(nbd.changed_purchases_alive(52.0, 0.002, 1.25, 0.3, 3.0, 20.0, 39.0, 0.385, 12.072), 1.25 * base)


def test_without_dropout_every_family_is_nbd():
    for family, values in ((bg_nbd, (0.5, 9.0, 0.8, 2.4)), (pareto_nbd, (0.5, 9.0, 0.6, 11.0))):
        for t, delta in ((52.0, 0.0), (52.0, 0.002), (math.inf, 0.002)):
            expected = nbd.discounted_purchases_alive(t, delta, 3.0, 20.0, 39.0, 0.5, 9.0)
            found = family.changed_purchases_alive(t, delta, 1.5, 0.0, 3.0, 20.0, 39.0, *values)
            assert_allclose(found, 1.5 * expected, rtol=1e-12)
            nearly = family.changed_purchases_alive(t, delta, 1.5, 1e-13, 3.0, 20.0, 39.0, *values)
            assert_allclose(nearly, found, rtol=1e-9)


@pytest.mark.parametrize("d", [1e-8, 0.5, 1.01, 2.0, 1e8])
@pytest.mark.parametrize("values", [(1e-3, 1e-3, 1e-3, 1e-3), (1e4, 1e4, 1e4, 1e4), (1e-3, 1e4, 1e4, 1e-3)])
@pytest.mark.parametrize("family", [bg_nbd, pareto_nbd, bg_bb])
def test_finite_for_extreme_parameters(family, values, d):
    for t, delta in ((1e-3, 0.0), (1e4, 0.0), (1e4, 1e-3), (math.inf, 1e-4)):
        found = family.changed_purchases_alive(
            t, delta, 1.1, d, *map(np.array, ([0.0, 2000.0], [0.0, 3000.0], [0.0, 3000.0])), *values
        )
        assert np.all(np.isfinite(found))
        assert np.all(found >= 0)
