"""Fits of simulated worlds: the truth is found again, and awkward worlds get an answer and an honest verdict.

Statistical tests use fixed seeds. Per world the likelihood-ratio statistic of truth against fit is χ²; over the worlds
of one family it is compared with χ² as a whole, at a false-alarm rate of 1e-6 each way.
"""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.families import PURCHASE_FAMILIES, purchase_family

approx = pytest.approx

CONTINUOUS = [name for name in PURCHASE_FAMILIES if purchase_family(name).time == "continuous"]
NAMES = {name: purchase_family(name).parameters for name in CONTINUOUS}
WALL = 14.0  # where the search stops a log-parameter that runs away


def frame(x, t_x, T):
    columns = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, t_x, T)))
    return pd.DataFrame(dict(zip(("frequency", "recency", "T"), columns, strict=True)))


def simulated(name, parameters, n, seed, low=20.0, high=60.0):
    """Customers acquired at different times, in days/7."""
    generator = np.random.default_rng(seed)
    T = generator.integers(int(low * 7), int(high * 7) + 1, n) / 7
    owner, times = purchase_family(name).simulate(generator, T, *parameters)
    t_x = np.zeros(n)
    np.maximum.at(t_x, owner, times)
    return frame(np.bincount(owner, minlength=n), t_x, T)


def fit(name, summary, weights=None, time_unit="week"):
    """A fit, whatever its verdict; any warning other than this package's own fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return clv.PurchaseModel(name, time_unit=time_unit).fit(summary, weights=weights)


# --- the truth is found again --------------------------------------------------------------------------------------


def plausible_worlds(name, count, seed):
    """Parameters of businesses between many light and few heavy buyers, leaving soon or late."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        first = [generator.uniform(0.4, 2.0), generator.uniform(4.0, 15.0)]
        second = {
            "nbd": [],
            "pareto_nbd": [generator.uniform(0.5, 1.5), generator.uniform(8.0, 30.0)],
        }.get(name, [generator.uniform(0.5, 1.5), generator.uniform(1.5, 5.0)])
        yield tuple(float(v) for v in first + second)


def likelihood_ratios(name, count, n, seed):
    ratios = []
    for i, truth in enumerate(plausible_worlds(name, count, seed)):
        summary = simulated(name, truth, n, 1000 * seed + i)
        model = fit(name, summary)
        assert model.fit_report.converged, (truth, model.fit_report.verdict)
        at_truth = clv.PurchaseModel.from_parameters(name, dict(zip(NAMES[name], truth, strict=True)), "week")
        ratios.append(2 * (model.fit_report.log_likelihood - at_truth.log_likelihood(summary).sum()))
    return np.array(ratios)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_truth_is_recovered_in_many_worlds(name):
    ratios = likelihood_ratios(name, count=12, n=1500, seed=71)
    degrees = len(NAMES[name])
    assert np.all(ratios >= 0)  # the fit is the maximum
    assert np.all(ratios < stats.chi2.isf(1e-7, degrees))
    low, high = stats.chi2.isf([1 - 1e-6, 1e-6], degrees * len(ratios))
    assert low < ratios.sum() < high


@pytest.mark.study
@pytest.mark.parametrize("name", CONTINUOUS)
def test_likelihood_ratios_are_chi_square(name):
    """Kolmogorov-Smirnov over 150 worlds, rejected at 1e-6."""
    ratios = likelihood_ratios(name, count=150, n=4000, seed=72)
    assert stats.kstest(ratios, stats.chi2(len(NAMES[name])).cdf).pvalue > 1e-6


@pytest.mark.study
@pytest.mark.parametrize("name", CONTINUOUS)
def test_confidence_intervals_cover_the_truth(name):
    """Of 90 % intervals in 150 worlds between 79 % and 97 % cover: a binomial test at about 1e-4 each way."""
    inside = []
    for i, truth in enumerate(plausible_worlds(name, 150, 73)):
        intervals = fit(name, simulated(name, truth, 4000, 73_000 + i)).confidence_intervals(0.9)
        inside.append([low <= v <= high for v, (low, high) in zip(truth, intervals.values(), strict=True)])
    for share in np.mean(inside, axis=0):
        assert 0.79 < share < 0.97


def test_truth_of_spend_is_recovered():
    """log-errors in standard errors, rejected at |z| > 5 (6e-7 each)."""
    truth = {"p": 5.0, "q": 4.0, "v": 20.0}
    for seed in range(5):
        generator = np.random.default_rng(740 + seed)
        counts = generator.integers(1, 9, 3000)
        amounts = clv.SpendModel().family.simulate(generator, counts, *truth.values())
        mean = np.add.reduceat(amounts, np.cumsum(counts) - counts) / counts
        model = clv.SpendModel().fit(pd.DataFrame({"frequency": counts, "monetary_value": mean}))
        assert model.fit_report.converged
        for name, value in truth.items():
            error = model.standard_errors[name] / model.parameters[name]
            assert abs(math.log(model.parameters[name] / value)) < 5 * error


# --- awkward worlds ------------------------------------------------------------------------------------------------


def heterogeneous(n=300, seed=75):
    """Counts, times of the last purchase and T of customers who never leave."""
    generator = np.random.default_rng(seed)
    T = generator.integers(140, 281, n) / 7
    x = generator.poisson(generator.gamma(1.0, 1 / 10, n) * T)
    last = np.ceil(7 * T * generator.random(n) ** (1 / np.maximum(x, 1))) / 7
    return x, np.where(x > 0, np.minimum(last, T), 0.0), T


def leave_at_once(seed=76):
    generator = np.random.default_rng(seed)
    x = generator.poisson(0.5, 300)
    return frame(x, np.where(x > 0, generator.integers(1, 4, 300) / 7, 0.0), 100.0)


def awkward():
    x, t_x, T = heterogeneous()
    ages = np.random.default_rng(77).integers(20, 40, 100).astype(float)
    rare = np.zeros(100)
    rare[:8] = [1, 2, 1, 3, 1, 1, 2, 1]
    last = np.zeros(100)
    last[:8] = [12, 18, 1, 15, 3, 9, 8, 19]
    huge = frame([20_000, 30_000, 15, 0, 5_000, 1_200] * 4, [350, 365, 100, 0, 200, 300] * 4, 365.0)
    few_daily = frame([270, 268, 0, 1, 272] * 3, [271 / 7, 270 / 7, 0, 10, 272 / 7] * 3, 272 / 7)
    return {
        "three customers": frame([2, 0, 1], [30, 0, 11], [38, 37, 20]),
        "one customer": frame([3], [20], [30]),
        "one customer, just seen": frame([3], [30], [30]),
        "nobody leaves": frame(x, t_x, T),
        "all bought just now": frame(x, np.where(x > 0, T, 0), T),
        "everyone leaves at once": leave_at_once(),
        "a few daily buyers": few_daily,
        "a single repeater": frame([0] * 99 + [1], [0] * 99 + [12], ages),
        "eight repeaters": frame(rare, last, ages),
        "all with the same T": frame(x, np.minimum(t_x, 20.0), 40.0),
        "all alike": frame([5] * 30, [20] * 30, 30.0),
        "huge counts": huge,
        "hours for decades": frame(x, t_x * 24 * 365.25, T * 24 * 365.25),
        "years for hours": frame(x, t_x / 8766, T / 8766),
        "most came today": frame([0] * 20 + [2], [0] * 20 + [4], [0] * 20 + [9]),
        "repeats at the time of the first purchase": frame(x, 0.0, T),
    }


AWKWARD = awkward()
TOO_FEW = {
    "three customers", "one customer", "one customer, just seen", "a single repeater", "eight repeaters",
    "most came today",
}  # fmt: skip


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("world", AWKWARD)
def test_awkward_worlds_get_an_answer(world, name):
    """Parameters are finite, predictions in range, whatever the verdict."""
    summary = AWKWARD[world]
    model = fit(name, summary)
    report = model.fit_report
    assert list(model.parameters) == list(NAMES[name])
    assert all(math.isfinite(v) and v > 0 for v in model.parameters.values())
    numbers = (report.log_likelihood, report.aic, report.bic, report.gradient_norm, report.newton_decrement)
    assert all(math.isfinite(v) for v in numbers)
    assert report.hessian_condition >= 1
    assert all(v >= 0 or math.isnan(v) for v in model.standard_errors.values())
    assert report.converged == report.verdict.startswith("The fit has converged")
    assert report.log_likelihood == approx(model.log_likelihood(summary).sum(), rel=1e-9)

    horizon = float(summary["T"].max())
    alive = model.p_alive(summary)
    expected = model.expected_purchases(summary, horizon)
    none = model.purchase_pmf(summary, 0, horizon)
    some = model.probability_of_purchase(summary, horizon)
    worth = model.discounted_expected_purchases(summary, horizon)
    endless = model.discounted_expected_purchases(summary)
    for quantity in (alive, none, some):
        assert quantity.between(0, 1 + 1e-12).all()
    for quantity in (expected, worth, endless):
        assert np.isfinite(quantity).all()
        assert (quantity >= 0).all()
    assert (worth <= expected * (1 + 1e-9)).all()
    # Nobody is expected to buy much more in as long again than the busiest so far.
    assert expected.max() <= 1.5 * summary["frequency"].max() + 5


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("world", sorted(TOO_FEW))
def test_too_few_repeaters_are_not_trusted(world, name):
    title = re.escape(purchase_family(name).title)
    with pytest.warns(clv.ClvWarning, match=f"^{title}: Do not trust this fit as it is: .*too few to learn from"):
        model = clv.PurchaseModel(name, time_unit="week").fit(AWKWARD[world])
    repeaters = int((AWKWARD[world]["frequency"] > 0).sum())
    assert model.fit_report.converged is False
    came = f"only {repeaters} customer{'' if repeaters == 1 else 's'} ever came back"
    assert came in model.fit_report.verdict
    assert model.fit_report.n_repeaters == repeaters
    assert model.fit_report.verdict.removeprefix("Do not trust this fit as it is: ").rstrip(".") in str(
        model.fit_report.warnings
    )


def test_no_fit_converges_at_the_wall():
    """A parameter a million times its natural scale is no estimate: in each of 32 runaway fits the verdict says so."""
    trusted = []
    for seed in range(4):
        for summary in (frame(*heterogeneous(seed=seed)), leave_at_once(seed)):
            for name in CONTINUOUS:
                model = fit(name, summary)
                for parameter, value in model.parameters.items():
                    scale = float(summary["T"].max()) if parameter in purchase_family(name).time_parameters else 1.0
                    if model.fit_report.converged and abs(math.log(value / scale)) > WALL - 0.1:
                        trusted.append((seed, name, parameter, value))
    assert not trusted


@pytest.mark.parametrize(
    ("world", "name", "meaning"),
    [
        ("all bought just now", "bg_nbd", "nobody seems to leave"),
        ("all bought just now", "mbg_nbd", "nobody seems to leave"),
        ("all bought just now", "pareto_nbd", "nobody seems to leave"),
        ("everyone leaves at once", "bg_nbd", "dropout looks homogeneous"),
        ("all with the same T", "pareto_nbd", "dropout looks homogeneous"),
        ("all alike", "nbd", "everybody seems to buy at the same rate"),
        ("all alike", "pareto_nbd", "everybody seems to buy at the same rate"),
    ],
)
def test_verdicts_say_what_it_means(world, name, meaning):
    with pytest.warns(clv.ClvWarning, match=meaning):
        model = clv.PurchaseModel(name, time_unit="week").fit(AWKWARD[world])
    assert meaning in model.fit_report.verdict


def test_ordinary_data_are_trusted_without_a_warning():
    """Any warning is an error here."""
    summary = simulated("pareto_nbd", (0.8, 8.0, 0.9, 15.0), 1500, 78)
    for name in CONTINUOUS:
        model = clv.PurchaseModel(name, time_unit="week").fit(summary)
        assert model.fit_report.converged
        assert model.fit_report.warnings == ()


def test_one_age_for_all_is_remarked():
    x, t_x, _ = heterogeneous()
    model = fit("nbd", frame(x, np.minimum(t_x, 20.0), 40.0))
    assert model.fit_report.converged
    assert any("same T" in warning for warning in model.fit_report.warnings)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_nothing_to_learn_from(name):
    with pytest.raises(clv.NotEnoughData, match="nobody came back"):
        clv.PurchaseModel(name, time_unit="week").fit(frame([0, 0, 0], 0.0, [5, 6, 7]))
    with pytest.raises(clv.NotEnoughData, match="no customer"):
        clv.PurchaseModel(name, time_unit="week").fit(frame([], [], []))
    with pytest.raises(clv.NotEnoughData, match="no customer"):
        clv.PurchaseModel(name, time_unit="week").fit(frame([2, 3], [4, 5], [6, 7]), weights=[0, 0])
    with pytest.raises(clv.NotEnoughData, match="nobody came back"):
        clv.PurchaseModel(name, time_unit="week").fit(frame([0, 3], [0, 5], [6, 7]), weights=[2, 0])


@pytest.mark.parametrize("name", CONTINUOUS)
def test_no_time_at_all(name):
    """All were first seen at the very end, and bought twice then: legal, and nothing to learn from."""
    try:
        model = fit(name, frame([1] * 20, 0.0, 0.0))
    except clv.ClvError:
        return
    assert not model.fit_report.converged


# --- the same whatever the order, the unit and the day -------------------------------------------------------------

TRUTH = {
    "bg_nbd": (0.6, 6.0, 0.8, 2.5),
    "mbg_nbd": (0.8, 6.0, 0.8, 2.5),
    "pareto_nbd": (0.8, 8.0, 0.9, 15.0),
    "nbd": (0.8, 8.0),
}


@pytest.fixture(scope="module", params=CONTINUOUS)
def simulated_fit(request):
    summary = simulated(request.param, TRUTH[request.param], 1200, 79)
    return request.param, summary, fit(request.param, summary)


def test_two_runs_and_any_row_order_agree_to_the_last_bit(simulated_fit):
    name, summary, first = simulated_fit
    for order in (summary, summary.iloc[::-1], summary.sample(frac=1, random_state=80)):
        again = fit(name, order)
        assert again.parameters == first.parameters
        assert again.standard_errors == first.standard_errors
        assert again.fit_report == first.fit_report


def test_any_row_order_of_day_grained_times_agrees(simulated_fit):
    """Where rows are equal and merged."""
    name, summary, _ = simulated_fit
    days = summary.assign(recency=np.ceil(summary["recency"] * 7) / 7)
    days["recency"] = np.minimum(days["recency"], days["T"])
    first, again = fit(name, days), fit(name, days.sample(frac=1, random_state=81))
    assert again.parameters == first.parameters
    assert again.fit_report == first.fit_report
    assert first.fit_report.n_patterns == len(days.drop_duplicates())


@pytest.mark.parametrize(
    ("unit", "per_week"), [("hour", 168.0), ("day", 7.0), ("month", 168 / 730.5), ("year", 168 / 8766)]
)
def test_any_time_unit_agrees(simulated_fit, unit, per_week):
    name, summary, first = simulated_fit
    scaled = fit(name, frame(summary["frequency"], summary["recency"] * per_week, summary["T"] * per_week), None, unit)
    timed = purchase_family(name).time_parameters
    back = {p: v / per_week if p in timed else v for p, v in scaled.parameters.items()}
    assert back == approx(first.parameters, rel=1e-7)
    shift = summary["frequency"].sum() * math.log(per_week)
    assert scaled.fit_report.log_likelihood + shift == approx(first.fit_report.log_likelihood, abs=1e-6)
    ours, theirs = first.standard_errors, scaled.standard_errors
    assert {p: v / per_week if p in timed else v for p, v in theirs.items()} == approx(ours, rel=1e-4)


def test_weights_are_repeated_rows(simulated_fit):
    name, summary, _ = simulated_fit
    copies = np.random.default_rng(82).integers(0, 4, len(summary))
    repeated = summary.loc[summary.index.repeat(copies)]
    plain, weighted = fit(name, repeated), fit(name, summary.assign(copies=copies), "copies")
    assert weighted.parameters == plain.parameters
    assert weighted.fit_report == plain.fit_report
    by_array = fit(name, summary, copies)
    assert by_array.parameters == plain.parameters


def test_weights_may_be_fractions(simulated_fit):
    """Half of everybody leaves estimates as they are, and standard errors wider by √2."""
    name, summary, first = simulated_fit
    half = fit(name, summary, np.full(len(summary), 0.5))
    assert half.parameters == approx(first.parameters, rel=1e-7)
    wider = {p: v * math.sqrt(2) for p, v in first.standard_errors.items()}
    assert half.standard_errors == approx(wider, rel=1e-5)
