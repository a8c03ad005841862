"""Power of simulated experiments: against closed forms, and against SciPy's own test on customers drawn one by one."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from clvmodels.experiments import power
from clvmodels.experiments.differences import differences
from clvmodels.experiments.estimates import Estimates
from clvmodels.experiments.future_values import Spread
from clvmodels.experiments.power import Contest, customers_for, difference_for, seen


def poisson(mean: float, money: float = 3.0) -> Spread:
    """So much money times a Poisson number."""
    n = np.arange(200.0)
    share = stats.poisson.pmf(n, mean)
    return Spread(share / share.sum(), money * n, (money * n) ** 2, 10**6)


def heavy(factor: float = 1.0) -> Spread:
    """Mostly 0, else log-normal with a long tail, in 60 values."""
    value = factor * np.append(0.0, np.exp(1.6 * stats.norm.ppf((np.arange(60) + 0.5) / 60)))
    share = np.append(0.7, np.full(60, 0.3 / 60))
    return Spread(share, value, value**2, 10**6)


def contest(control: Spread, other: Spread, level: float = 0.95, ratio: tuple = (1.0, 1.0), seed: int = 1) -> Contest:
    return Contest(control, other, ratio, level, seed)


def by_scipy(control: Spread, other: Spread, sizes: tuple[int, int], level: float, repeats: int, seed: int) -> float:
    generator = np.random.default_rng(seed)
    first = generator.choice(control.value, (repeats, sizes[0]), p=control.share)
    second = generator.choice(other.value, (repeats, sizes[1]), p=other.share)
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss")  # of samples that are all alike
        found = stats.ttest_ind(first, second, axis=1, equal_var=False).pvalue
    return float(np.mean(found < 1 - level))


def told(_: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("ratio", [(1.0, 1.0), (1.6, 0.4)])
@pytest.mark.parametrize("factor", [1.05, 1.5])
def test_poisson_counts_need_what_the_closed_form_says(factor, ratio):
    # n = (z.025 + z.2)² (λ/ratio_0 + fλ/ratio_1)/(λ(f − 1))², Poisson means of λ = 4
    made = contest(poisson(4.0), poisson(4.0 * factor), ratio=ratio)
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    expected = z**2 * (4 / ratio[0] + 4 * factor / ratio[1]) / (4 * (factor - 1)) ** 2
    # 1 % of Monte Carlo error in n, and with few customers one more for Student's t instead of the normal
    found = customers_for(made, 0.8, told)
    assert 0.98 * expected < found < 1.03 * expected + 1.5


@pytest.mark.parametrize(("sizes", "level"), [((40, 40), 0.95), ((30, 90), 0.95), ((200, 200), 0.99), ((2, 3), 0.9)])
@pytest.mark.parametrize("factor", [1.0, 2.5])
def test_it_is_the_test_of_welch_on_customers_drawn_one_by_one(sizes, level, factor):
    # two independent shares of 20,000 and 10,000 experiments: 4 standard errors, 6e-5 false alarms each
    average = sum(sizes) / 2
    made = contest(heavy(), heavy(factor), level, (sizes[0] / average, sizes[1] / average))
    assert made.sizes(average) == sizes
    found, error = seen(made, average, 20_000)
    expected = by_scipy(heavy(), heavy(factor), sizes, level, 10_000, 3)
    assert abs(found - expected) < 4 * math.hypot(error, math.sqrt(max(expected * (1 - expected), 1e-4) / 10_000))


def test_normal_approximation_is_wrong_for_few_and_right_for_many():
    few, many = contest(heavy(), heavy(3.0)), contest(heavy(), heavy(1.05))
    assert abs(seen(few, 60, 20_000)[0] - few.normal_power(60)) > 0.05
    n = customers_for(many, 0.8, told)
    assert n > 10_000
    assert abs(seen(many, n, 20_000, 7)[0] - many.normal_power(n)) < 0.012
    assert many.normal_power(n) == pytest.approx(0.8, abs=0.01)


def test_false_alarms_come_at_the_rate_stated():
    # 40,000 experiments of 400 customers with Poisson values: 4 standard errors
    for level in (0.8, 0.95, 0.99):
        found, _ = seen(contest(poisson(2.0), poisson(2.0), level), 400, 40_000)
        assert abs(found - (1 - level)) < 4 * math.sqrt(level * (1 - level) / 40_000)


@pytest.mark.parametrize(
    "wanted", [pytest.param(0.3, marks=pytest.mark.study), 0.8, pytest.param(0.95, marks=pytest.mark.study)]
)
@pytest.mark.parametrize("other", [heavy(1.3), heavy(4.0), heavy(0.5)])
def test_what_was_found_is_what_was_wanted(wanted, other):
    made = contest(heavy(), other)
    n = customers_for(made, wanted, told)
    if n > 30:  # else a whole customer is worth more than this
        assert abs(power.promised(made, n)[0] - wanted) < 0.015


@pytest.mark.parametrize("customers", [100, pytest.param(2_000, marks=pytest.mark.study)])
def test_a_difference_is_found_as_often_as_wanted(customers):
    def contest_of(more: float) -> Contest:
        return contest(heavy(), heavy(1 + more / heavy().mean))

    more = difference_for(contest_of, customers, 0.8, told)
    assert abs(power.promised(contest_of(more), customers)[0] - 0.8) < 0.015


def test_the_curve_rises_and_holds_what_is_known():
    made = contest(heavy(), heavy(1.5))
    curve = power.curve_of(made, 1000, (0.5, 0.25))
    assert curve["customers"].tolist() == [250, 500, 750, 1000, 1250, 1500, 2000]
    assert curve.loc[3, ["power", "standard_error"]].tolist() == [0.5, 0.25]
    assert curve.drop(3)["power"].is_monotonic_increasing
    assert curve["normal_power"].is_monotonic_increasing


def test_experiments_without_any_difference_between_customers_find_nothing():
    same = Spread(np.array([1.0]), np.array([5.0]), np.array([25.0]), 10)
    assert seen(contest(same, same), 10, 1000)[0] == 0


def test_what_counts_as_found_is_what_comparisons_say():
    generator, sizes = np.random.default_rng(4), (12, 40)
    means, variances = generator.normal(0.0, 2.0, 300), generator.gamma(2.0, 0.5, (2, 300))
    ours = power._found(means, *variances, sizes, 0.9)
    freedom, customers = np.array(sizes) - 1.0, np.array(sizes, dtype=float)
    theirs = []
    for mean, own in zip(means, variances.T, strict=True):
        given = Estimates("observed", ("control", "mail"), np.array([0.0, mean]), np.diag(own), customers, freedom)
        row = differences(given, 0.9).iloc[0]
        theirs.append(row["low"] > 0 or row["high"] < 0)
    assert 50 < sum(theirs) < 250
    assert ours.tolist() == theirs
