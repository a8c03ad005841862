"""The catalogue says of each metric what is true of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from clvmodels.errors import InvalidInput
from clvmodels.validation.metrics.catalogue import METRICS, Metric, find, shortfall, value_of
from clvmodels.validation.metrics.distributions import crps_poisson

EVERY = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
NAMES = {
    "actual", "expected", "median", "probability_of_purchase", "probability", "log_probability", "below", "crps",
    "actual_spend", "expected_spend_total",
    *(f"{end}_{level}" for end in ("low", "high", "mass") for level in (50, 80, 95)),
}  # fmt: skip


def poisson_forecast(y: np.ndarray, mean: np.ndarray) -> dict[str, np.ndarray]:
    """Every array, of customers who buy at known rates."""
    arrays = {
        "actual": y,
        "expected": mean,
        "median": special.pdtrik(0.5, mean).round(),
        "probability_of_purchase": -np.expm1(-mean),
        "probability": special.pdtr(y, mean) - np.where(y > 0, special.pdtr(y - 1, mean), 0),
        "log_probability": special.xlogy(y, mean) - mean - special.gammaln(y + 1),
        "below": np.where(y > 0, special.pdtr(y - 1, mean), 0),
        "crps": crps_poisson(y, mean),
        "actual_spend": 12.5 * y,
        "expected_spend_total": 12.5 * mean,
    }
    for level in (50, 80, 95):
        high = np.ceil(mean + level / 40 * np.sqrt(mean))
        arrays |= {f"low_{level}": 0 * y, f"high_{level}": high, f"mass_{level}": special.pdtr(high, mean)}
    return arrays


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(1)
    mean = generator.gamma(0.6, 1.5, 800) + 1e-3
    return poisson_forecast(generator.poisson(mean).astype(float), mean)


def test_who_leads_and_in_what_order() -> None:
    leading = [metric.name for metric in METRICS.values() if metric.leads]
    assert leading == ["bias_ratio", "log_score", "poisson_deviance", "spearman", "top_decile_capture"]
    assert list(METRICS)[: len(leading)] == leading


@EVERY
def test_entry_is_complete(metric: Metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.title
    assert set(metric.needs) <= NAMES
    assert metric.lowest < metric.highest
    assert math.isnan(metric.best) or metric.lowest <= metric.best <= metric.highest
    assert metric.terms is None or not metric.resamples
    assert not metric.ranks or metric.better in ("lower", "higher", "near 1")
    assert math.isnan(metric.best) == (metric.better == "none")


def test_absolute_errors_never_rank() -> None:
    for name in ("mae", "mae_of_mean", "spend_mae_of_mean", "msle"):
        assert not METRICS[name].ranks
        assert not METRICS[name].leads
    assert METRICS["mae"].needs == ("actual", "median")
    assert METRICS["mae_of_mean"].proper_for == ""


@EVERY
def test_value_lies_in_its_range_and_is_the_mean_of_its_terms(metric: Metric, arrays: dict[str, np.ndarray]) -> None:
    value = value_of(metric, arrays)
    assert metric.lowest <= value <= metric.highest
    if metric.terms is not None:
        terms = metric.terms(*(arrays[name] for name in metric.needs))
        assert terms.shape == (800,)
        assert np.mean(terms) == pytest.approx(value, rel=1e-10)


@EVERY
def test_order_of_customers_decides_nothing(metric: Metric, arrays: dict[str, np.ndarray]) -> None:
    turned = np.random.default_rng(2).permutation(800)
    other = {name: column[turned] for name, column in arrays.items()}
    assert value_of(metric, other) == pytest.approx(value_of(metric, arrays), rel=1e-9)


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if m.proper_for], ids=lambda m: m.name)
def test_the_truth_scores_better_than_what_is_half_too_high(metric: Metric, arrays: dict[str, np.ndarray]) -> None:
    wrong = poisson_forecast(arrays["actual"], 1.5 * arrays["expected"])
    assert shortfall(metric, value_of(metric, arrays)) < shortfall(metric, value_of(metric, wrong)) or not metric.ranks


@EVERY
def test_missing_array_is_no_number(metric: Metric, arrays: dict[str, np.ndarray]) -> None:
    for name in metric.needs:
        assert math.isnan(value_of(metric, {k: v for k, v in arrays.items() if k != name}))
        assert math.isnan(value_of(metric, arrays | {name: None}))


def test_find() -> None:
    assert [metric.name for metric in find(["auc", "brier"])] == ["auc", "brier"]
    assert find("auc") == [METRICS["auc"]]
    assert find([]) == []


@pytest.mark.parametrize(
    ("name", "meant"), [("spearmann", "is 'spearman' meant?"), ("logscore", "is 'log_score' meant?")]
)
def test_unknown_name_is_told_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        find(["auc", name])
    assert f"there is no metric {name!r} (1 of 2 names are unknown); {meant}" in str(caught.value)
    assert all(known in str(caught.value) for known in METRICS)


def test_unknown_name_like_no_other() -> None:
    with pytest.raises(InvalidInput, match=r"there is no metric 7 \(1 of 1 names are unknown\)\. Metrics: bias_ratio"):
        find([7])  # type: ignore[list-item]


def test_shortfall() -> None:
    assert shortfall(METRICS["bias_ratio"], 0.8) == pytest.approx(shortfall(METRICS["bias_ratio"], 1.25))
    assert shortfall(METRICS["bias_ratio"], 0.0) == math.inf
    assert shortfall(METRICS["auc"], 0.9) < shortfall(METRICS["auc"], 0.6)
    assert shortfall(METRICS["brier"], 0.1) < shortfall(METRICS["brier"], 0.2)
    assert math.isnan(shortfall(METRICS["auc"], math.nan))
    assert math.isnan(shortfall(METRICS["pit_p_value"], 0.5))
