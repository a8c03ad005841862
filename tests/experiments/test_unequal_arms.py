"""Guards against arms that were never alike."""

import numpy as np
import pytest

from clvmodels.errors import ClvWarning, InvalidInput
from clvmodels.experiments.unequal_arms import shares, unlike, warn_of_sizes

ARM = np.repeat([0, 1, 2], [400, 400, 400])


def test_a_difference_is_told_in_standard_deviations():
    x = np.random.default_rng(1).normal(size=1200)
    found = unlike(("a", "b", "c"), ARM, {"age": x + 0.5 * (ARM == 2)})
    assert [(arm, name) for arm, name, _ in found] == [("c", "age")]
    first, last = x[ARM == 0], x[ARM == 2] + 0.5
    assert found[0][2] == pytest.approx(
        (last.mean() - first.mean()) / np.sqrt((last.var(ddof=1) + first.var(ddof=1)) / 2)
    )


def test_small_differences_of_many_customers_are_not_told():
    arm = np.repeat([0, 1], 200_000)
    x = np.random.default_rng(2).normal(size=400_000) + 0.05 * arm
    assert unlike(("a", "b"), arm, {"age": x}) == []


def test_fair_assignments_are_warned_of_once_in_a_thousand():
    # 4,000 experiments of small arms, of 3 numbers: at most 14 warnings, with probability 0.9999 at a rate of 0.001
    generator = np.random.default_rng(3)
    arm = np.repeat([0, 1, 2], 60)
    warned = sum(
        bool(unlike(("a", "b", "c"), arm, dict(zip("xyz", generator.gamma(2, size=(3, 180)), strict=True))))
        for _ in range(4000)
    )
    assert warned <= 14


def test_numbers_that_do_not_vary_are_alike():
    assert unlike(("a", "b", "c"), ARM, {"spend": np.zeros(1200)}) == []


def test_sizes_that_chance_does_not_explain_are_warned_of():
    names = ("a", "b")
    arm = np.repeat([0, 1], [5000, 5300])
    # χ² = 300²/10300 = 8.74, p-value .0031; of 5,400 it is 15.38 and .000088
    warn_of_sizes(names, arm, None)
    with pytest.warns(ClvWarning, match=r"'a' 5,000 \(expected 5,200\), 'b' 5,400 \(expected 5,200\); p-value 8.8e-05"):
        warn_of_sizes(names, np.repeat([0, 1], [5000, 5400]), None)
    warn_of_sizes(names, np.repeat([0, 1], [5000, 5400]), {"a": 50, "b": 54})
    with pytest.warns(ClvWarning, match="do not have the sizes"):
        warn_of_sizes(names, np.repeat([0, 1], [5000, 5000]), {"a": 0.45, "b": 0.55})


@pytest.mark.parametrize(
    "allocation", [{"a": 1}, {"a": 1, "b": 0}, {"a": 1, "b": 1, "c": 1}, [0.5, 0.5], {"a": 1, "b": "x"}]
)
def test_an_allocation_must_name_every_arm(allocation):
    with pytest.raises(InvalidInput, match="allocation must give each of the arms 'a', 'b' a share above 0"):
        shares(("a", "b"), allocation)


def test_a_small_arm_beside_a_large_one_is_seldom_warned_of():
    # 20 of 1,020 customers whose spend is skewed: Welch's variances warned of 4 in 100, one population's of 1 in 170;
    # at most 12 of 500, with probability 0.9999
    generator, arm = np.random.default_rng(4), np.repeat([0, 1], [1000, 20])
    spend = generator.poisson(generator.gamma(0.55, 3.0, (500, 1020))) * generator.gamma(2.0, 15.0, (500, 1020))
    assert sum(bool(unlike(("a", "b"), arm, {"spend": row})) for row in spend) <= 12


def test_arms_of_one_age_each_are_unlike():
    """Without any spread within the arms nothing is left to chance."""
    ages = {"age": np.repeat([10.0, 20.0], 50)}
    assert unlike(("a", "b"), np.repeat([0, 1], 50), ages) == [("b", "age", np.inf)]
    assert unlike(("a", "b"), np.repeat([0, 1], 50), {"age": np.full(100, 10.0)}) == []
