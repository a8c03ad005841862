"""One forecast set against another: is it better beyond chance?"""

import numpy as np
import pytest
from scipy import stats

from clvmodels.validation import comparing

N = 400


def of_totals(rng, *factors):
    """Outcomes of one world, and forecasts that give everybody his true mean times a factor."""
    mean = rng.gamma(0.5, 2, N) + 1e-6
    bought = rng.poisson(mean).astype(float)
    return {name: {"actual": bought, "expected": mean * f} for name, f in zip("ab", factors, strict=True)}


def compared(arrays):
    kinds = dict.fromkeys(arrays, "model")
    drawn = comparing.drawn_values(arrays, 2, 0)
    found = comparing.comparisons_of(comparing.scores_of(arrays, kinds), arrays, kinds, drawn)
    return found[(found["model"] == "a") & (found["metric"] == "bias_ratio")].iloc[0]


@pytest.mark.parametrize("factors", [(1.001, 1.0), (1.01, 0.99), (1.1, 1 / 1.1)])
def test_totals_that_are_about_equally_good_differ_in_no_more_than_1_of_20_worlds(factors):
    rng = np.random.default_rng(5)
    outcomes = [compared(of_totals(rng, *factors))["outcome"] for _ in range(50)]
    assert np.mean([outcome != "no difference" for outcome in outcomes]) <= 0.12


def test_a_total_that_is_far_off_is_worse_than_one_that_is_right():
    found = compared(of_totals(np.random.default_rng(5), 1.6, 1.0))
    assert found["outcome"] == "worse"
    assert found["difference"] == pytest.approx(np.log(1.6), abs=0.2)


def test_totals_on_one_side_are_told_apart_where_both_are_far_off():
    found = compared(of_totals(np.random.default_rng(5), 1.5, 1.6))
    assert found["outcome"] == "better"
    assert found["difference"] == pytest.approx(np.log(1.5 / 1.6))


def test_the_error_and_the_p_value_say_the_same():
    for factors in ((1.1, 1.3), (0.95, 1.02), (1.01, 1.0)):
        found = compared(of_totals(np.random.default_rng(6), *factors))
        z = found["difference"] / found["standard_error"]
        assert found["p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-12)
