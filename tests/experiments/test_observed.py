"""Observed means: Welch's test, regression adjustment, and how often both are wrong."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clvmodels.errors import InvalidInput, NotEnoughData
from clvmodels.experiments.arm_values import ArmValues
from clvmodels.experiments.differences import differences, level_of_each, over_all, welch
from clvmodels.experiments.estimates import Estimates, with_lent_spread
from clvmodels.experiments.observed import adjusted, observed


def values_of(arm, value, complete=None):
    """The customers of an experiment who are only told by what they were worth."""
    n = len(arm)
    return ArmValues(
        names=tuple("abcdef"[: int(max(arm)) + 1]),
        arm=np.asarray(arm),
        complete=np.ones(n, dtype=bool) if complete is None else complete,
        observed=np.asarray(value, dtype=np.float64),
        so_far=np.asarray(value, dtype=np.float64),
        age=np.full(n, 10.0),
        summary=pd.DataFrame({"customer_id": np.arange(n)}),
        window=10.0,
        time_unit="week",
        observation_end="2024-12-31",
        delta=0.0,
        margin=1.0,
    )


def heavy(generator, shape, scale=1.0):
    """Values as customers have them: mostly 0, a few large."""
    return scale * generator.poisson(generator.gamma(0.8, 1.0, shape)) * generator.gamma(2.0, 10.0, shape)


def test_by_hand():
    found = observed(values_of([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 9, 99], np.array([1, 1, 1, 1, 1, 0], dtype=bool)))
    np.testing.assert_array_equal(found.means, [2, 6.5])
    np.testing.assert_allclose(found.covariance, np.diag([1 / 3, 12.5 / 2]))
    np.testing.assert_array_equal(found.freedom, [2, 1])


@pytest.mark.parametrize("sizes", [(40, 70), (5, 4), (1000, 30)])
def test_two_arms_are_welchs_test(sizes):
    generator = np.random.default_rng(sum(sizes))
    arm = np.repeat([0, 1], sizes)
    value = heavy(generator, sum(sizes), 1 + arm)
    row = differences(observed(values_of(arm, value)), 0.9).iloc[0]
    known = stats.ttest_ind(value[arm == 1], value[arm == 0], equal_var=False)
    interval = known.confidence_interval(0.9)
    assert row["p_value"] == pytest.approx(known.pvalue, rel=1e-12)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert row["difference"] / row["standard_error"] == pytest.approx(known.statistic, rel=1e-12)
    assert row["probability_better"] == pytest.approx(stats.t.cdf(known.statistic, known.df), rel=1e-12)


def test_three_arms_and_looks_share_what_may_be_wrong():
    assert level_of_each(0.95, 2, 1) == pytest.approx(1 - (1 - np.sqrt(0.95)), rel=1e-14)
    assert level_of_each(0.95, 3, 4) == pytest.approx((1 - 0.05 / 4) ** (1 / 3), rel=1e-14)
    assert 1 - level_of_each(1 - 1e-9, 2) == pytest.approx(5e-10, rel=1e-6)


def test_a_p_value_is_below_the_error_exactly_where_the_interval_leaves_out_0():
    for comparisons, looks in ((1, 1), (2, 1), (3, 4)):
        edge = 1 - level_of_each(0.95, comparisons, looks)
        assert over_all(np.array([edge]), comparisons, looks)[0] == pytest.approx(0.05, rel=1e-12)
    assert over_all(np.array([0.0, 1.0]), 2, 3).tolist() == [0.0, 1.0]


def test_correlated_means():
    made = Estimates(
        "projected",
        ("a", "b"),
        np.array([1.0, 3.0]),
        np.array([[2.0, 1.5], [1.5, 2.0]]),
        np.full(2, 9.0),
        np.full(2, np.inf),
    )
    difference, error, freedom = welch(made)
    assert (difference[0], error[0], freedom[0]) == (2.0, 1.0, np.inf)


@pytest.mark.parametrize("price", [0, 19.99])
def test_nothing_varies(price):
    arm = np.repeat([0, 1], [3, 1000])
    row = differences(observed(values_of(arm, np.full(len(arm), price))), 0.95).iloc[0]
    assert (row["difference"], row["low"], row["high"], row["standard_error"]) == (0, 0, 0, 0)
    assert np.isnan(row["p_value"])


def test_one_customer_is_no_arm():
    with pytest.raises(NotEnoughData, match=r"at least 2 customers who have lived through the window.*'a' 2, 'b' 1"):
        observed(values_of([0, 0, 1], [1, 2, 3]))


@pytest.mark.parametrize("arms", [2, 3])
def test_false_alarms_come_at_the_stated_rate(arms):
    # 2,000 experiments without a difference: between 66 and 136 alarms unless something has a chance below 0.0004 at
    # a rate of 0.05 (binomial); with three arms Šidák is a little conservative, as comparisons share the control
    generator = np.random.default_rng(arms)
    arm = np.repeat(np.arange(arms), 250)
    alarms = 0
    for _ in range(2000):
        estimates = observed(values_of(arm, heavy(generator, len(arm))))
        difference, error, freedom = welch(estimates)
        p_value = over_all(2 * stats.t.sf(np.abs(difference / error), freedom), arms - 1)
        alarms += bool((p_value < 0.05).any())
    assert 66 <= alarms <= 136


def test_peeking_raises_false_alarms_and_planned_looks_do_not():
    # 3,000 experiments without a difference, looked at four times while value adds up. One look: at most 190 alarms
    # (probability 0.9997 at 0.05). Stopping at the first look that shows something: more than 250.
    generator = np.random.default_rng(8)
    experiments, n = 3000, 200
    value = heavy(generator, (4, experiments, 2, n)).cumsum(axis=0)
    means, variances = value.mean(axis=-1), value.var(axis=-1, ddof=1) / n
    ratio = (means[..., 1] - means[..., 0]) / np.sqrt(variances.sum(axis=-1))
    freedom = variances.sum(axis=-1) ** 2 / (variances**2).sum(axis=-1) * (n - 1)
    p_value = 2 * stats.t.sf(np.abs(ratio), freedom)
    assert (p_value[-1] < 0.05).sum() <= 190
    assert (p_value < 0.05).any(axis=0).sum() > 250
    assert (over_all(p_value, 1, 4) < 0.05).any(axis=0).sum() <= 190
    one = observed(values_of(np.repeat([0, 1], n), value[2, 7].ravel()))
    assert differences(one, 0.95, looks=4)["p_value"][0] == pytest.approx(over_all(p_value[2, 7:8], 1, 4)[0], rel=1e-10)


def interacted(arm, value, x):
    """Slow oracle: one regression on arms and their interactions with centred numbers, HC2."""
    x = x - x.mean(axis=0)
    size = int(arm.max()) + 1
    dummies = np.eye(size)[arm]
    design = np.column_stack([dummies, *[dummies * x[:, [k]] for k in range(x.shape[1])]])
    inverse = np.linalg.inv(design.T @ design)
    found = inverse @ design.T @ value
    left = value - design @ found
    hat = design @ inverse @ design.T
    robust = inverse @ design.T @ np.diag(left**2 / (1 - np.diag(hat))) @ design @ inverse
    slopes = found[size:].reshape(x.shape[1], size).T
    return found[:size], robust[:size, :size] + slopes @ np.cov(x.T).reshape(2 * (x.shape[1],)) @ slopes.T / len(x)


def test_adjusted_means_are_those_of_the_interacted_regression():
    generator = np.random.default_rng(5)
    arm = generator.integers(0, 3, 300)
    x = generator.gamma(1.0, [5.0, 300.0], (300, 2))
    value = x @ [1.0, 0.02] * (1 + 0.3 * arm) + generator.gamma(2.0, 5.0, 300) * arm
    found = adjusted(values_of(arm, value), x)
    means, covariance = interacted(arm, value, x)
    np.testing.assert_allclose(found.means, means, rtol=1e-10)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-9, atol=1e-12)


def test_adjustment_is_unbiased_narrower_and_right_as_often_as_it_says():
    # 600 experiments in which value follows what was spent before, not in a line, and the effect is 2 on average.
    # Coverage of 0.95: at least 552 of 600 unless something has a chance below 0.001. Mean: five standard errors.
    generator = np.random.default_rng(6)
    n, covered, plain, narrow, off = 300, 0, [], [], []
    arm = np.repeat([0, 1], n)
    for _ in range(600):
        before = generator.gamma(1.5, 10.0, 2 * n)
        value = 0.8 * before + 0.01 * before**2 + generator.gamma(1.0, 5.0, 2 * n) + 2 * arm * before / 15
        values = values_of(arm, value)
        row = differences(adjusted(values, before[:, None]), 0.95).iloc[0]
        covered += row["low"] <= 2 <= row["high"]
        narrow.append(row["high"] - row["low"])
        off.append(row["difference"] - 2)
        if len(plain) < 200:
            own = differences(observed(values), 0.95).iloc[0]
            plain.append(own["high"] - own["low"])
    assert covered >= 552
    assert abs(np.mean(off)) < 5 * np.std(off) / np.sqrt(len(off))
    assert np.mean(narrow) < 0.5 * np.mean(plain)


def test_numbers_that_cannot_be_adjusted_for():
    arm, value = np.repeat([0, 1], 10), np.arange(20.0)
    with pytest.raises(InvalidInput, match="numbers that differ between customers: column 1 of 2 does not"):
        adjusted(values_of(arm, value), np.column_stack([value, np.ones(20)]))
    with pytest.raises(InvalidInput, match="do not vary in arm 'b', or follow from each other there"):
        adjusted(values_of(arm, value), np.where(arm == 1, 3.0, value)[:, None])
    with pytest.raises(NotEnoughData, match="at least 12 customers"):
        adjusted(values_of(arm, value), np.random.default_rng(1).normal(size=(20, 9)))


def test_an_arm_of_equal_customers_does_not_tell_how_much_they_differ():
    """Welch's test calls 27 % of 2 customers beside 2,000 of the same population another kind (they bought nothing)."""
    generator = np.random.default_rng(12)
    arm = np.repeat([0, 1], [2000, 2])
    value = heavy(generator, 2002)
    value[-2:] = 0
    plain = observed(values_of(arm, value))
    assert differences(plain, 0.95)["high"].iloc[0] < 0
    lent = with_lent_spread(plain)
    row = differences(lent, 0.95).iloc[0]
    assert row["low"] < 0 < row["high"]
    assert lent.covariance[1, 1] == pytest.approx(value.var(ddof=1) / 2)
    assert lent.freedom.tolist() == [1999, 2001]
    assert "All customers of b were worth the same" in lent.notes[-1]
    # many of whom none bought are still known to be worth less
    many = values_of(np.repeat([0, 1], 2000), np.append(heavy(generator, 2000), np.zeros(2000)))
    assert differences(with_lent_spread(observed(many)), 0.95)["high"].iloc[0] < 0
    same = observed(values_of(np.repeat([0, 1], 5), np.repeat([3.0, 4.0], 5)))
    assert with_lent_spread(same) is same


def test_a_variance_without_end_makes_an_interval_without_end():
    made = Estimates(
        "projected", ("a", "b"), np.array([1.0, 3.0]), np.diag([2.0, np.inf]), np.full(2, 9.0), np.full(2, 8.0)
    )
    row = differences(with_lent_spread(made), 0.95).iloc[0]
    assert (row["low"], row["high"], row["p_value"], row["probability_better"]) == (-np.inf, np.inf, 1.0, 0.5)


def test_a_small_arm_of_skewed_values_is_told():
    generator = np.random.default_rng(13)
    for sizes, told in (((2000, 40), True), ((200, 200), False), ((5000, 4000), False)):
        found = observed(values_of(np.repeat([0, 1], sizes), heavy(generator, sum(sizes))))
        assert any("so unequal in size" in note for note in found.notes) == told
    normal = observed(values_of(np.repeat([0, 1], (2000, 40)), generator.normal(size=2040)))
    assert not normal.notes
