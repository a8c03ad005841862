"""The laws of the family contract, which every purchase family meets: the shipped ones and the two of the tests.

Deterministic laws run over parameters and histories that Hypothesis draws. Those that compare with simulation use fixed
seeds and z-tests that reject at |z| > 5, one true law in 1.7 million; the whole file makes about 60 such tests.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import special, stats

import clvmodels as clv
from clvmodels.families import purchase_family
from clvmodels.inference.patterns import Patterns
from clvmodels.models import questions
from clvmodels.numerics import discounting

from .worlds import CONTINUOUS, LEAVING, LENGTHS, SCALES, SHAPES, WORLDS, histories_of, parameters_of

Z = 5.0
SHIPPED_LEAVING = [world for world in LEAVING if not world.discrete]


def laws(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, phases=set(Phase) - {Phase.explain})


def of_every(worlds):
    return pytest.mark.parametrize("world", worlds, ids=str)


def z_score(sample, mean=0.0):
    return (np.mean(sample) - mean) / (np.std(sample) / math.sqrt(len(sample)))


def place(world, name):
    return world.family.statistics.index(name)


# --- likelihood ----------------------------------------------------------------------------------------------------


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_gradient_is_the_numerical_derivative(world, data):
    parameters = np.array(data.draw(parameters_of(world)))
    history = data.draw(histories_of(world))
    value, gradient = world.family.log_likelihood(*history, *parameters)
    assert gradient.shape == (len(parameters), len(history[0]))
    h = 2e-3
    x, T = history[place(world, "frequency")], history[place(world, "T")]
    for i in range(len(parameters)):

        def at(steps, i=i):
            moved = parameters * np.exp(np.eye(len(parameters))[i] * h * steps)
            return world.family.log_likelihood(*history, *moved)[0]

        # Differences of sixth order: their error is h^6 times a seventh derivative, plus 1e-16/h of the value.
        numeric = (45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))) / (60 * h)
        scale = 1 + np.abs(value) + x * (1 + np.abs(np.log(np.where(T > 0, T, 1))))
        assert np.all(np.abs(gradient[i] - numeric) < 1e-10 * scale), world.family.parameters[i]


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_the_value_alone_is_the_same(world, data):
    if world.family.log_likelihood_value is None:
        return
    parameters = np.array(data.draw(parameters_of(world)))
    history = data.draw(histories_of(world))
    value = world.family.log_likelihood(*history, *parameters)[0]
    assert_allclose(world.family.log_likelihood_value(*history, *parameters), value, rtol=1e-13, atol=1e-13)


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_nothing_seen_is_certain(world, data):
    """T = 0: log-likelihood 0 with gradient 0."""
    nothing = [np.zeros(1) for _ in world.family.statistics]
    value, gradient = world.family.log_likelihood(*nothing, *data.draw(parameters_of(world)))
    assert_allclose(value, 0, atol=1e-14)
    assert_allclose(gradient, 0, atol=1e-12)


@of_every(WORLDS)
@laws(15)
@given(data=st.data())
def test_density_of_histories_adds_up_to_the_pmf(world, data):
    """P(X(T) = x) is the density of the purchase times, integrated over the times of x purchases."""
    parameters = data.draw(parameters_of(world))
    x = data.draw(st.integers(0, 8))
    if world.discrete:
        T = data.draw(st.integers(x, 20))
        lasts, weights = np.arange(max(x, 1), T + 1.0), 1.0
    else:
        T = data.draw(st.floats(0.05, 3.0)) * next(
            (v for n, v in zip(world.family.parameters, parameters, strict=True) if n in world.family.time_parameters)
        )
        nodes, weights = np.polynomial.legendre.leggauss(120)
        # Nodes crowd at both ends, where a power of t_x or of beta + t_x may bend the density.
        v = (nodes + 1) / 2
        lasts, weights = T * v * v * (3 - 2 * v), weights / 2 * T * 6 * v * (1 - v)
    if x == 0:
        lasts, weights = np.zeros(1), 1.0
    known = {"frequency": float(x), "recency": lasts, "T": float(T), "geometric_gap": 1.0}
    density = world.family.log_likelihood(*(known[name] for name in world.family.statistics), *parameters)[0]
    volume = world.log_volume(x, lasts) if x else 0.0
    total = np.sum(weights * np.exp(density + volume))
    assert total == pytest.approx(float(world.family.purchase_pmf(x, T, *parameters)), rel=1e-6, abs=1e-14)


@of_every(CONTINUOUS)
@laws(25)
@given(data=st.data(), c=st.sampled_from([7.0, 1 / 7, 24.0, 8766.0, 1 / 365.25]))
def test_another_time_unit(world, data, c):
    """Predictions stay, and each log-likelihood shifts by −x·ln c."""
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    t, start = data.draw(LENGTHS), data.draw(LENGTHS)
    rescaled = [h if name == "frequency" else h * c for name, h in zip(family.statistics, history, strict=True)]
    scaled = tuple(
        p * c if name in family.time_parameters else p for name, p in zip(family.parameters, parameters, strict=True)
    )
    x = history[place(world, "frequency")]
    value, gradient = family.log_likelihood(*history, *parameters)
    value_scaled, gradient_scaled = family.log_likelihood(*rescaled, *scaled)
    # ln T and ln alpha are rounded apart from ln c.
    tolerance = 4e-12 * (1 + np.abs(value) + x * (1 + abs(math.log(c))))
    assert np.all(np.abs(value_scaled - (value - x * math.log(c))) < tolerance)
    assert np.all(np.abs(gradient_scaled - gradient) < 10 * tolerance)
    same = [
        (questions.p_alive(family, t, history, parameters), questions.p_alive(family, c * t, rescaled, scaled)),
        (
            questions.expected_purchases(family, t, start, history, parameters),
            questions.expected_purchases(family, c * t, c * start, rescaled, scaled),
        ),
        (
            questions.discounted(family, t, 0.01, history, parameters),
            questions.discounted(family, c * t, 0.01 / c, rescaled, scaled),
        ),
        (
            questions.discounted(family, math.inf, 0.01, history, parameters),
            questions.discounted(family, math.inf, 0.01 / c, rescaled, scaled),
        ),
        (
            questions.probability_of_purchase(family, t, history, parameters),
            questions.probability_of_purchase(family, c * t, rescaled, scaled),
        ),
        (
            questions.purchase_pmf(family, 2.0, t, history, parameters),
            questions.purchase_pmf(family, 2.0, c * t, rescaled, scaled),
        ),
    ]
    for before, after in same:
        assert_allclose(after, before, rtol=2e-10, atol=1e-300)


@of_every(WORLDS)
def test_duplicated_rows_equal_weights(world):
    """Through fit: a row twice is the row with weight 2, a row of weight 0 is no row."""
    history, _ = world.simulated(31, 60, world.watched[0])
    copies = np.random.default_rng(32).integers(0, 4, 60)
    rows = dict(zip(world.family.statistics, history, strict=True))
    repeated = {name: np.repeat(column, copies) for name, column in rows.items()}
    weighted = fitted(world, {**rows, "copies": copies}, weights="copies")
    plain = fitted(world, repeated)
    assert weighted.fit_report.n_customers == plain.fit_report.n_customers == copies.sum()
    assert weighted.fit_report.log_likelihood == pytest.approx(plain.fit_report.log_likelihood, rel=1e-13)
    assert weighted.parameters == pytest.approx(plain.parameters, rel=1e-9)
    assert weighted.standard_errors == pytest.approx(plain.standard_errors, rel=1e-6, nan_ok=True)


def fitted(world, rows, weights=None):
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return clv.PurchaseModel(world.family, time_unit="week").fit(pd.DataFrame(rows), weights=weights)


# --- being alive ---------------------------------------------------------------------------------------------------


@of_every(WORLDS)
@laws(30)
@given(data=st.data())
def test_p_alive_is_a_probability_that_never_rises(world, data):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    t = world.horizon(data.draw(LENGTHS))
    log_alive = family.log_p_alive(*history, *parameters)
    assert np.all(log_alive <= 0)
    assert np.all(np.isfinite(log_alive))
    now = questions.p_alive(family, 0.0, history, parameters)
    later = questions.p_alive(family, t, history, parameters)
    latest = questions.p_alive(family, 2 * t, history, parameters)
    for p in (now, later, latest):
        assert np.all((p >= 0) & (p <= 1))
    assert np.all(later <= now)
    assert np.all(latest <= later)

    silent = list(history)
    silent[place(world, "T")] = history[place(world, "T")] + t
    assert np.all(family.log_p_alive(*silent, *parameters) <= log_alive + 1e-12)


@of_every(WORLDS)
@laws(30)
@given(data=st.data())
def test_p_alive_never_falls_in_the_time_of_the_last_purchase(world, data):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    x, t_x, T = (history[place(world, name)] for name in ("frequency", "recency", "T"))
    share = data.draw(st.floats(0, 1))
    bought_later = t_x + share * (T - t_x)
    if world.discrete:
        bought_later = np.round(bought_later)
    moved = list(history)
    moved[place(world, "recency")] = np.where(x > 0, bought_later, 0.0)
    assert np.all(family.log_p_alive(*moved, *parameters) >= family.log_p_alive(*history, *parameters) - 1e-12)


def alive_at_the_last_purchase(world, x, parameters):
    p = dict(zip(world.family.parameters, parameters, strict=True))
    if world.family.name == "bg_nbd":
        return 1 / (1 + p["a"] / (p["b"] + x - 1)) if x > 0 else 1.0
    if world.family.name == "mbg_nbd":
        return 1 / (1 + p["a"] / (p["b"] + x))
    return 1.0


@of_every(WORLDS)
@laws(30)
@given(data=st.data())
def test_p_alive_right_after_a_purchase(world, data):
    """1, but where customers leave after purchases: 1/(1 + a/(b+x−1)) for BG/NBD, 1/(1 + a/(b+x)) for MBG/NBD."""
    parameters, history = data.draw(parameters_of(world)), data.draw(histories_of(world))
    x = history[place(world, "frequency")]
    history[place(world, "T")] = history[place(world, "recency")]
    expected = [alive_at_the_last_purchase(world, v, parameters) for v in x]
    assert_allclose(np.exp(world.family.log_p_alive(*history, *parameters)), expected, rtol=1e-12)


@of_every(WORLDS)
@laws(20)
@given(data=st.data())
def test_who_is_never_doubted(world, data):
    """P(alive) is constant 1 for families without dropout, and for one-timers under BG/NBD."""
    parameters, history = data.draw(parameters_of(world)), data.draw(histories_of(world))
    log_alive = world.family.log_p_alive(*history, *parameters)
    if world.family.finite_total is None:
        assert np.all(log_alive == 0)
    if world.family.name == "bg_nbd":
        assert np.all(log_alive[history[0] == 0] == 0)
    doubted = (history[place(world, "T")] > history[place(world, "recency")]) & (world.family.name != "bg_nbd")
    if world.family.finite_total is not None:
        assert np.all(log_alive[doubted] < 0)


# --- how many purchases --------------------------------------------------------------------------------------------


@of_every(WORLDS)
@laws(15)
@given(data=st.data())
def test_pmf_sums_to_1_and_its_mean_is_the_expectation(world, data):
    """Horizons up to three times alpha + T, so that what lies beyond the last n is under 1e-12."""
    family, parameters = world.family, data.draw(parameters_of(world))
    history = data.draw(histories_of(world, rows=2, most=20))
    t = data.draw(st.floats(0.01, 3.0))
    if world.discrete:
        t, n = round(10 * t), np.arange(32.0)
    else:
        # The scale of the purchase process is alpha + T: a negative binomial falls by t/(alpha + T + t) each n.
        late = parameters[family.parameters.index("alpha")] + np.max(history[place(world, "T")])
        t, n = t * late, np.arange(900.0)
        history = [np.repeat(h[h == np.max(h)][:1], 1) if name == "T" else h[:1] for name, h in
                   zip(family.statistics, history, strict=True)]  # fmt: skip
    columns = [h[None, :] for h in history]
    given_history = family.conditional_purchase_pmf(n[:, None], t, *columns, *parameters)
    assert np.all(given_history >= 0)
    assert_allclose(given_history.sum(axis=0), 1, rtol=1e-9)
    expected = questions.expected_purchases(family, t, 0.0, history, parameters)
    assert_allclose(n @ given_history, expected, rtol=1e-8)

    first = family.purchase_pmf(n, t, *parameters)
    if not world.discrete:
        t_new = t / late * parameters[family.parameters.index("alpha")]
        first = family.purchase_pmf(n, t_new, *parameters)
        t = t_new
    assert_allclose(first.sum(), 1, rtol=1e-9)
    assert_allclose(n @ first, family.expected_purchases(t, *parameters), rtol=1e-8)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
@laws(20)
@given(r=st.floats(2.0, 20.0), alpha=SCALES, a=st.floats(0.05, 5.0), b=SHAPES, x=st.integers(0, 20))
def test_pmf_with_a_heavy_tail(name, r, alpha, a, b, x):
    """After a time without end P(X > N) is E[(1 − p)^N] = B(a, b + N)/B(a, b), which falls like N^-a."""
    family = next(world.family for world in WORLDS if world.family.name == name)
    n, T = np.arange(301.0), 10.0
    endless = 1e12 * (alpha + T)
    left = x + (name == "mbg_nbd")
    alive = np.exp(family.log_p_alive(x, 0.4 * T * (x > 0), T, r, alpha, a, b))
    seen = family.conditional_purchase_pmf(n, endless, x, 0.4 * T * (x > 0), T, r, alpha, a, b)
    log_tail = special.betaln(a, b + left + 300) - special.betaln(a, b + left)
    assert seen.sum() + alive * np.exp(log_tail) == pytest.approx(1, rel=1e-9)


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_probability_of_purchase_is_1_minus_pmf_0(world, data):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    t = world.horizon(data.draw(LENGTHS))
    some = questions.probability_of_purchase(family, t, history, parameters)
    assert_allclose(some, 1 - questions.purchase_pmf(family, 0.0, t, history, parameters), rtol=1e-9, atol=1e-13)
    assert np.all((some >= 0) & (some <= questions.p_alive(family, 0.0, history, parameters) + world.rounding))
    expected = questions.expected_purchases(family, t, 0.0, history, parameters)
    assert np.all(some <= expected * (1 + 1e-9) + 10 * world.rounding)


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_a_new_customer_has_an_empty_history(world, data):
    family, parameters = world.family, data.draw(parameters_of(world))
    t = world.horizon(data.draw(st.just(0.0) | LENGTHS))
    nothing = [np.zeros(1) for _ in family.statistics]
    assert_allclose(
        family.expected_purchases(t, *parameters),
        questions.expected_purchases(family, t, 0.0, nothing, parameters)[0],
        rtol=1e-11,
    )
    n = np.arange(6.0)
    given_nothing = [family.conditional_purchase_pmf(v, t, *nothing, *parameters)[0] for v in n]
    assert_allclose(family.purchase_pmf(n, t, *parameters), given_nothing, rtol=1e-10, atol=1e-300)


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_windows_add_up(world, data):
    """(T, T + s] and (T + s, T + s + t] make (T, T + s + t]; no time, no purchase."""
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    s, t = world.horizon(data.draw(LENGTHS)), world.horizon(data.draw(LENGTHS))
    first = questions.expected_purchases(family, s, 0.0, history, parameters)
    second = questions.expected_purchases(family, t, s, history, parameters)
    both = questions.expected_purchases(family, s + t, 0.0, history, parameters)
    assert_allclose(first + second, both, rtol=1e-6 if world.discrete else 1e-9, atol=world.rounding)
    assert np.all(first >= 0)
    assert np.all(second >= 0)
    assert np.all(questions.expected_purchases(family, 0.0, s, history, parameters) == 0)
    assert_allclose(questions.purchase_pmf(family, 0.0, 0.0, history, parameters), 1, rtol=1e-14)
    assert_allclose(questions.probability_of_purchase(family, 0.0, history, parameters), 0, atol=world.rounding)


# --- discounted ----------------------------------------------------------------------------------------------------


@of_every(WORLDS)
@laws(20)
@given(data=st.data(), delta=st.floats(-3, -0.5).map(lambda v: 10**v))
def test_discounting(world, data, delta):
    """Rate 0 changes nothing; more time is worth more, a higher rate less, and all of it has a bound."""
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    t = world.horizon(data.draw(LENGTHS))
    plain = questions.expected_purchases(family, t, 0.0, history, parameters)
    assert_allclose(questions.discounted(family, t, 0.0, history, parameters), plain, rtol=1e-13)
    barely = questions.discounted(family, t, 1e-12 / t, history, parameters)
    assert_allclose(barely, plain, rtol=1e-9, atol=world.rounding)
    worth = questions.discounted(family, t, delta, history, parameters)
    longer = questions.discounted(family, 2 * t, delta, history, parameters)
    endless = questions.discounted(family, math.inf, delta, history, parameters)
    slack = 1 + 1e-9
    assert np.all(worth <= plain * slack)
    assert np.all(worth >= plain * math.exp(-delta * t) / slack)
    assert np.all(worth <= longer * slack)
    assert np.all(longer <= endless * slack)
    assert np.all(np.isfinite(endless))
    assert np.all(endless <= questions.discounted(family, math.inf, delta / 2, history, parameters) * slack)
    if not world.discrete:
        # A negative rate makes later purchases worth more.
        growing = questions.discounted(family, t, -1 / t, history, parameters)
        assert np.all(growing >= plain / slack)
        assert np.all(growing <= plain * math.e * slack)


@of_every([world for world in WORLDS if world.family.discounted_purchases_alive])
@laws(20)
@given(data=st.data(), delta=st.floats(-3, -0.5).map(lambda v: 10**v))
def test_generic_quadrature_agrees_with_the_familys_own(world, data, delta):
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world, rows=3))
    t = np.array([data.draw(LENGTHS), data.draw(LENGTHS), math.inf])

    def expected(u):
        spread = [np.broadcast_to(h, u.shape) for h in history]
        return family.expected_purchases_alive(u, np.zeros(u.shape), *spread, *parameters)

    own = family.discounted_purchases_alive(t, delta, *history, *parameters)
    generic = discounting.discounted_periods if world.discrete else discounting.discounted
    assert_allclose(generic(expected, t, delta), own, rtol=1e-8)


@of_every(WORLDS)
@laws(25)
@given(data=st.data())
def test_without_an_end(world, data):
    """Undiscounted for ever: the limit where it is finite, else inf and a warning that names the parameter."""
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    if family.finite_total is None:
        with pytest.warns(clv.ClvWarning, match="no dropout"):
            assert np.all(np.isinf(questions.expected_purchases(family, math.inf, 0.0, history, parameters)))
        return
    name, bound = family.finite_total
    above = 1 + data.draw(st.floats(0.5, 5.0))
    for value in (above, 1.0, 0.3):
        at = tuple(value if n == name else p for n, p in zip(family.parameters, parameters, strict=True))
        if value > bound:
            endless = questions.expected_purchases(family, math.inf, 0.0, history, at)
            assert np.all(np.isfinite(endless))
            assert np.all(endless >= questions.expected_purchases(family, 200.0, 0.0, history, at) / (1 + 1e-9))
        else:
            with pytest.warns(clv.ClvWarning, match=f"{name} = "):
                assert np.all(np.isinf(questions.expected_purchases(family, math.inf, 0.0, history, at)))


@laws(20)
@given(r=SHAPES, alpha=SCALES, a=st.floats(1.05, 8.0), b=SHAPES, x=st.integers(1, 40), T=LENGTHS)
def test_closed_forms_without_an_end(r, alpha, a, b, x, T):
    """DESIGN: P(alive)·(a+b+x−1)/(a−1) BG/NBD, ·(a+b+x)/(a−1) MBG/NBD, ·(r+x)(beta+T)/((alpha+T)(s−1)) Pareto/NBD."""
    at = {world.family.name: world.family for world in WORLDS}
    history = (float(x), 0.5 * T, T)
    found = {
        name: at[name].expected_purchases_alive(math.inf, 0.0, *history, r, alpha, a, b)
        for name in ("bg_nbd", "mbg_nbd", "pareto_nbd")
    }
    assert found["bg_nbd"] == pytest.approx((a + b + x - 1) / (a - 1), rel=1e-10)
    assert found["mbg_nbd"] == pytest.approx((a + b + x) / (a - 1), rel=1e-10)
    assert found["pareto_nbd"] == pytest.approx((r + x) * (b + T) / ((alpha + T) * (a - 1)), rel=1e-10)


# --- singularities that are none -----------------------------------------------------------------------------------

BESIDE = [0.0, 1e-12, -1e-12, 1e-8, -1e-8, 1e-4, -1e-4]
HISTORIES = ([0.0, 0.0, 3.0, 3.0, 40.0], [0.0, 0.0, 10.0, 25.0, 24.9], [0.0, 25.0, 25.0, 25.0, 25.0])


def all_answers(family, parameters):
    history = [np.array(h) for h in HISTORIES]
    value, gradient = family.log_likelihood(*history, *parameters)
    return {
        "log_likelihood": value,
        "gradient": gradient,
        "log_p_alive": family.log_p_alive(*history, *parameters),
        "survival": family.survival_alive(40.0, *history, *parameters),
        "expected": family.expected_purchases_alive(40.0, 0.0, *history, *parameters),
        "expected, later": family.expected_purchases_alive(40.0, 30.0, *history, *parameters),
        "expected, new": family.expected_purchases(40.0, *parameters),
        "discounted": family.discounted_purchases_alive(40.0, 0.01, *history, *parameters),
        "endless": family.discounted_purchases_alive(math.inf, 0.01, *history, *parameters),
        "pmf": family.conditional_purchase_pmf(2.0, 40.0, *history, *parameters),
        "pmf, new": family.purchase_pmf(2.0, 40.0, *parameters),
        "some": family.probability_of_purchase_alive(40.0, *history, *parameters),
    }


@pytest.mark.parametrize("beside", BESIDE[1:])
@of_every(SHIPPED_LEAVING)
@pytest.mark.parametrize("which", ["dropout", "both", "alpha = beta"])
def test_removable_singularities_are_continuous(world, which, beside):
    """s or a beside 1, r and s (or a and b) beside 1 together, alpha beside beta."""
    names = world.family.parameters
    parameters = dict(zip(names, (0.6, 9.0, 0.8, 12.0 if "beta" in names else 2.0), strict=True))

    def at(offset):
        moved = dict(parameters)
        if which == "dropout":
            moved[names[2]] = 1 + offset
        elif which == "both":
            moved[names[0]] = moved[names[2]] = 1 + offset
        else:
            moved[names[3]] = moved["alpha"] * (1 + offset)
        return all_answers(world.family, tuple(moved.values()))

    on, near = at(0.0), at(beside)
    for name, value in on.items():
        assert np.isfinite(value).all(), name
        # Within the slope of the function (here at most 20 times the offset) and its own accuracy.
        tolerance = 20 * abs(beside) + 2e-11
        assert_allclose(near[name], value, rtol=tolerance, atol=tolerance if "g" in name[:4] else 0, err_msg=name)


# --- broadcasting --------------------------------------------------------------------------------------------------


@of_every(WORLDS)
@pytest.mark.parametrize("n_rows", [1, 40, 300])
def test_parameters_may_be_one_per_row(world, n_rows):
    """An array that repeats a parameter gives what the number gives; rows do not touch each other."""
    family, values = world.family, world.values
    history, _ = world.simulated(41, n_rows, world.watched[0])
    arrays = tuple(np.full(n_rows, v) for v in values)
    t = world.horizon(20.0)
    for ask in (
        lambda p: family.log_likelihood(*history, *p)[0],
        lambda p: family.log_likelihood(*history, *p)[1] + 1.0,
        lambda p: family.log_p_alive(*history, *p) - 1.0,
        lambda p: family.survival_alive(t, *history, *p),
        lambda p: family.expected_purchases_alive(t, 0.0, *history, *p),
        lambda p: family.expected_purchases_alive(t, t, *history, *p),
        lambda p: family.conditional_purchase_pmf(1.0, t, *history, *p),
        lambda p: family.expected_purchases(t, *p) + np.zeros(n_rows),
        lambda p: family.purchase_pmf(1.0, t, *p) + np.zeros(n_rows),
    ):
        assert_allclose(ask(arrays), ask(values), rtol=1e-11)
    if family.discounted_purchases_alive:
        for length in (t, math.inf):
            each = family.discounted_purchases_alive(length, 0.01, *history, *arrays)
            assert_allclose(each, family.discounted_purchases_alive(length, 0.01, *history, *values), rtol=1e-11)

    # Another parameter in every row.
    factors = np.random.default_rng(42).uniform(0.5, 2.0, (len(values), n_rows))
    varied = factors * np.array(values)[:, None]
    every = family.expected_purchases_alive(t, 0.0, *history, *varied)
    likely = family.log_likelihood(*history, *varied)[0]
    if family.log_likelihood_value:
        assert_allclose(family.log_likelihood_value(*history, *varied), likely, rtol=1e-12)
    for i in range(0, n_rows, max(1, n_rows // 20)):
        row, own = [h[i] for h in history], varied[:, i]
        assert_allclose(every[i], family.expected_purchases_alive(t, 0.0, *row, *own), rtol=1e-11)
        assert_allclose(likely[i], family.log_likelihood(*row, *own)[0], rtol=1e-11)


QUESTIONS = {
    "log_likelihood": lambda f, h, p: f.log_likelihood(*h, *p)[0],
    "log_p_alive": lambda f, h, p: f.log_p_alive(*h, *p),
    "survival_alive": lambda f, h, p: f.survival_alive(3.0, *h, *p),
    "expected_purchases_alive": lambda f, h, p: f.expected_purchases_alive(3.0, 1.0, *h, *p),
    "conditional_purchase_pmf": lambda f, h, p: f.conditional_purchase_pmf(1.0, 3.0, *h, *p),
    "discounted_purchases_alive": lambda f, h, p: f.discounted_purchases_alive(3.0, 0.1, *h, *p),
    "probability_of_purchase_alive": lambda f, h, p: f.probability_of_purchase_alive(3.0, *h, *p),
}


@of_every(WORLDS)
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("shape", ["numbers", "T alone an array"])
def test_statistics_broadcast(world, question, shape):
    """Numbers give a number, and an array beside numbers gives its shape."""
    if getattr(world.family, question) is None:
        pytest.skip(f"{world} leaves it to the generic function")
    T = 9.0 if shape == "numbers" else np.array([9.0, 12.0, 40.0])
    known = {"frequency": 2.0, "recency": 5.0, "T": T, "geometric_gap": 2.4}
    history = [known[name] for name in world.family.statistics]
    found = QUESTIONS[question](world.family, history, world.values)
    assert np.shape(found) == np.shape(T)
    whole = QUESTIONS[question](world.family, [np.broadcast_to(h, (3,)) for h in history], world.values)
    assert_allclose(np.broadcast_to(found, (3,)), whole, rtol=1e-12)


def test_pmf_at_0_is_quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for world in SHIPPED_LEAVING:
            world.family.purchase_pmf(0.0, 30.0, 0.5, 9.0, 0.7, 0.3)


@of_every(WORLDS)
@pytest.mark.parametrize("n_rows", [40, 300])
def test_questions_with_parameters_one_per_row(world, n_rows):
    family, values = world.family, world.values
    history, _ = world.simulated(43, n_rows, world.watched[0])
    arrays = tuple(np.full(n_rows, v) for v in values)
    for ask in (
        lambda p: questions.p_alive(family, 5.0, history, p),
        lambda p: questions.expected_purchases(family, 20.0, 5.0, history, p),
        lambda p: questions.probability_of_purchase(family, 20.0, history, p),
        lambda p: questions.purchase_pmf(family, 1.0, 20.0, history, p),
        lambda p: questions.discounted(family, 20.0, 0.01, history, p),
        lambda p: questions.discounted(family, math.inf, 0.2 if world.discrete else 0.01, history, p),
    ):
        assert_allclose(ask(arrays), ask(values), rtol=1e-11)


@of_every(WORLDS)
def test_many_rows_are_as_few(world):
    """Interpolation and blocks, which begin at many rows, change nothing."""
    family, values = world.family, world.values
    history, _ = world.simulated(44, 3000, world.watched[0])
    if not world.discrete:
        generator = np.random.default_rng(45)
        more = generator.uniform(0.0, 60.0, 3000)
        history[place(world, "T")] = history[place(world, "T")] + more
    some = slice(0, 3000, 137)
    few = [h[some] for h in history]
    t = world.horizon(20.0)
    for ask in (
        lambda h: family.log_likelihood(*h, *values)[0],
        lambda h: family.log_p_alive(*h, *values) - 1.0,
        lambda h: questions.expected_purchases(family, t, 0.0, h, values),
        lambda h: questions.expected_purchases(family, t, t, h, values),
        lambda h: questions.discounted(family, t, 0.01, h, values),
        lambda h: questions.discounted(family, math.inf, 0.2 if world.discrete else 0.01, h, values),
        lambda h: questions.purchase_pmf(family, 1.0, t, h, values),
        lambda h: questions.probability_of_purchase(family, t, h, values),
    ):
        assert_allclose(ask(history)[some], ask(few), rtol=1e-10)


@of_every([world for world in WORLDS if world.family.changed_purchases_alive])
@laws(20)
@given(data=st.data())
def test_changed_rates(world, data):
    """Factors of 1 change nothing; more purchases never cost, and more dropout never pays."""
    family, parameters, history = world.family, data.draw(parameters_of(world)), data.draw(histories_of(world))
    t, delta = world.horizon(data.draw(LENGTHS)), data.draw(st.sampled_from([0.0, 0.01]))
    c, d, more = (data.draw(st.floats(0.1, 10.0)) for _ in range(3))

    def future(c, d):
        return questions.changed(family, t, delta, c, d, history, parameters)

    assert_allclose(future(1.0, 1.0), questions.discounted(family, t, delta, history, parameters), rtol=1e-10)
    found = future(c, d)
    assert np.all(np.isfinite(found))
    assert np.all(future(c * (1 + more), d) >= found * (1 - 1e-10))
    assert np.all(future(c, d * (1 + more)) <= found * (1 + 1e-10))


# --- simulation ----------------------------------------------------------------------------------------------------


@of_every(WORLDS)
def test_simulated_purchases_are_in_order(world):
    T = world.watched[0]
    owner, times = world.family.simulate(np.random.default_rng(51), np.full(500, T), *world.values)
    assert np.all(np.diff(owner) >= 0)
    assert np.all(np.diff(times)[np.diff(owner) == 0] > 0)
    assert np.all((times > 0) & (times <= T))
    again = world.family.simulate(np.random.default_rng(51), np.full(500, T), *world.values)
    assert np.array_equal(times, again[1])
    owner, times = world.family.simulate(np.random.default_rng(51), np.zeros(5), *world.values)
    assert len(owner) == len(times) == 0


@of_every(WORLDS)
def test_simulated_counts_follow_the_pmf(world):
    """χ² over n = 0, 1, ..., 7 and more, rejected at 5.7e-7."""
    T, n = world.watched[0], 20_000
    history, _ = world.simulated(52, n, T)
    counts = np.bincount(np.minimum(history[0], 7).astype(int), minlength=8)
    p = np.atleast_1d(world.family.purchase_pmf(np.arange(7.0), T, *world.values))
    p = np.append(p, 1 - p.sum())
    kept = p * n > 5
    chi2 = np.sum((counts[kept] - n * p[kept]) ** 2 / (n * p[kept]))
    assert chi2 < stats.chi2.isf(5.7e-7, kept.sum() - 1)
    assert abs(z_score(history[0], float(world.family.expected_purchases(T, *world.values)))) < Z


@of_every(WORLDS)
def test_history_tells_nothing_on_average(world):
    """The mean of E[X(T, T + t] | history] over all simulated histories is E[X(T + t)] − E[X(T)], and so for P(alive).

    And, which is sharper, among customers with the same history what was bought is what was expected.
    """
    family, values, (T, t) = world.family, world.values, world.watched
    history, bought = world.simulated(53, 20_000, T, t)
    expected = questions.expected_purchases(family, t, 0.0, history, values)
    unconditional = float(family.expected_purchases(T + t, *values) - family.expected_purchases(T, *values))
    assert abs(z_score(expected, unconditional)) < Z

    nothing = [np.zeros(1) for _ in family.statistics]
    alive = questions.p_alive(family, 0.0, history, values)
    survival = questions.p_alive(family, T, nothing, values)[0]
    if np.ptp(alive) > 0:
        assert abs(z_score(alive, survival)) < Z
    else:
        assert alive[0] == survival

    x, t_x = history[0], history[1]
    none = questions.purchase_pmf(family, 0.0, t, history, values)
    early = questions.expected_purchases(family, t / 2 if not world.discrete else 2.0, 0.0, history, values)
    assert np.all(early <= expected * (1 + 1e-9))
    for group in (x == 0, (x >= 1) & (x <= 2), x >= 3, (x >= 1) & (t_x < T / 2), (x >= 1) & (t_x >= T / 2)):
        assert group.sum() > 500
        assert abs(z_score((bought - expected)[group])) < Z
        assert abs(z_score(((bought == 0) - none)[group])) < Z


@of_every(WORLDS)
def test_parameters_are_recovered(world):
    """Twice the log-likelihood ratio of fit and truth is χ² with as many degrees as parameters; rejected at 1e-6."""
    history, _ = world.simulated(54, 4000, 2 * world.watched[0])
    model = fitted(world, dict(zip(world.family.statistics, history, strict=True)))
    assert model.fit_report.converged, model.fit_report.verdict
    truth = world.family.log_likelihood(*history, *world.values)[0].sum()
    ratio = 2 * (model.fit_report.log_likelihood - truth)
    assert 0 <= ratio < stats.chi2.isf(1e-6, len(world.values))
    for name, error in model.standard_errors.items():
        log_error = error / model.parameters[name]
        assert abs(math.log(model.parameters[name] / world.parameters[name])) < Z * log_error


# --- a customer's own rates ----------------------------------------------------------------------------------------

OWN = 20_000


def own_history(world, which):
    """One customer, many times: active, silent, or never seen again."""
    T = world.watched[0]
    x, t_x = {"active": (4.0, 0.9 * T), "silent": (3.0, 0.5 * T), "one-timer": (0.0, 0.0)}[which]
    t_x = float(round(t_x)) if world.discrete else t_x
    x = min(x, t_x) if world.discrete else x
    gap = 0.8 * t_x / x if x else 0.0
    known = {"frequency": x, "recency": t_x, "T": T, "geometric_gap": gap}
    return [np.full(OWN, known[name]) for name in world.family.statistics]


@of_every(WORLDS)
@pytest.mark.parametrize("which", ["active", "silent", "one-timer"])
def test_draws_of_rates_agree_with_p_alive_and_expectations(world, which):
    family, values, t = world.family, world.values, world.watched[1]
    history = own_history(world, which)
    latent = family.draw_latent(np.random.default_rng(55), *history, *values)
    alive = float(np.exp(family.log_p_alive(*(h[0] for h in history), *values)))
    assert set(np.unique(latent["alive"])) <= {0.0, 1.0}
    assert abs(latent["alive"].sum() - OWN * alive) <= Z * math.sqrt(OWN * alive * (1 - alive))
    ahead = latent["alive"] * world.purchases_given_latent(latent, t)
    expected = questions.expected_purchases(family, t, 0.0, [h[:1] for h in history], values)[0]
    assert abs(z_score(ahead, expected)) < Z


@of_every(WORLDS)
@pytest.mark.parametrize("which", ["active", "silent", "one-timer"])
def test_draws_have_the_posterior_mean(world, which):
    """Alive or not: with θ ~ Gamma(k, z) (or Beta), E[θ | history] = E[θ] · L(k + 1)/L(k)."""
    family, values = world.family, world.values
    history = own_history(world, which)
    latent = family.draw_latent(np.random.default_rng(56), *history, *values)
    one = [h[:1] for h in history]
    before = family.log_likelihood(*one, *values)[0][0]
    for quantity, (name, mean) in world.priors.items():
        counted = tuple(p + (n == name) for n, p in world.parameters.items())
        gained = family.log_likelihood(*one, *counted)[0][0] - before
        assert abs(z_score(latent[quantity], mean(**world.parameters) * math.exp(gained))) < Z, quantity


@of_every(WORLDS)
def test_draws_fit_rows_of_different_histories(world):
    history, _ = world.simulated(57, 200, world.watched[0])
    latent = world.family.draw_latent(np.random.default_rng(58), *history, *world.values)
    for values in latent.values():
        assert values.shape == (200,)
        assert np.all(np.isfinite(values) & (values >= 0))


# --- starts --------------------------------------------------------------------------------------------------------


@of_every(WORLDS)
def test_start_is_usable_and_scales_with_weights_and_time(world):
    history, _ = world.simulated(59, 300, world.watched[0])
    patterns = Patterns(tuple(history), np.ones(300))
    start = np.array(world.family.start(*patterns.columns, weights=patterns.weights))
    assert np.all(np.isfinite(start) & (start > 0))
    again = np.array(world.family.start(*patterns.columns, weights=3 * patterns.weights))
    assert_allclose(again, start, rtol=1e-12)


@pytest.mark.parametrize("years", [0.1, 5.0, 40.0])
@pytest.mark.parametrize("annual_rate", [-0.05, -0.5, -0.99])
@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd"])
def test_negative_rates_equal_the_integral(name, annual_rate, years):
    """∫ e^(-delta·u) dE(u) over panels, the rate of purchases from short windows; the value lies at the far end."""
    family = purchase_family(name)
    values = {"nbd": (0.385, 12.07), "pareto_nbd": (0.553, 10.58, 0.606, 11.67)}.get(name, (0.4, 5.0, 0.8, 2.4))
    history = [np.array([v]) for v in (2.0, 30.43, 38.86)]
    t, delta = 52.18 * years, math.log1p(annual_rate) / 52.18
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = t - t * np.concatenate([0.5 ** np.arange(14), [0.0]])  # panels that shrink towards the far end
    u = (edges[:-1] + np.outer(nodes + 1, np.diff(edges)) / 2).ravel()
    du = np.outer(weights, np.diff(edges) / 2).ravel()
    h = 1e-3
    many = [np.full(len(u), v[0]) for v in history]
    slope = family.expected_purchases_alive(h, np.maximum(u - h / 2, 0.0), *many, *values) / h
    true = np.sum(du * np.exp(-delta * (u - t)) * slope)
    alive = np.exp(family.log_p_alive(*history, *values))[0]
    found = questions.discounted(family, t, delta, history, values)[0] / alive * math.exp(delta * t)
    assert found == pytest.approx(true, rel=1e-6)
