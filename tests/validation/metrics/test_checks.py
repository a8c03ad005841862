"""What cannot be measured is refused, by every metric and in the same words."""

from __future__ import annotations

import numpy as np
import pytest

from clvmodels.errors import InvalidInput
from clvmodels.validation.metrics.buying import reliability
from clvmodels.validation.metrics.catalogue import METRICS, Metric, value_of
from clvmodels.validation.metrics.distributions import crps_poisson, pit_histogram
from clvmodels.validation.metrics.ranking import deciles, top_capture

GOOD = {
    "actual": [0.0, 2.0, 1.0],
    "expected": [0.4, 1.5, 0.9],
    "median": [0.0, 1.0, 1.0],
    "probability_of_purchase": [0.3, 0.8, 0.6],
    "probability": [0.7, 0.3, 0.2],
    "log_probability": [-0.4, -1.2, -1.6],
    "below": [0.0, 0.5, 0.4],
    "crps": [0.2, 0.3, 0.1],
    **{f"low_{level}": [0.0, 0.0, 0.0] for level in (50, 80, 95)},
    **{f"high_{level}": [1.0, 2.0, 2.0] for level in (50, 80, 95)},
    **{f"mass_{level}": [level / 100, 1.0, 0.97] for level in (50, 80, 95)},
    "actual_spend": [0.0, 31.5, 12.0],
    "expected_spend_total": [9.0, 40.0, 15.0],
}
EVERY = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def spoilt(metric: Metric, value: object, row: int = 1) -> dict[str, object]:
    """The arrays of a metric, with one value of the last of them replaced."""
    name = metric.needs[-1]
    return GOOD | {name: [value if i == row else each for i, each in enumerate(GOOD[name])]}


@EVERY
def test_good_arrays_have_a_value(metric: Metric) -> None:
    assert np.isfinite(value_of(metric, GOOD))


@EVERY
def test_missing_value(metric: Metric) -> None:
    with pytest.raises(InvalidInput, match="1 of 3 are not, first row 1"):
        value_of(metric, spoilt(metric, np.nan))


@EVERY
def test_no_customer(metric: Metric) -> None:
    with pytest.raises(InvalidInput, match=r"at least 1 customer is expected in .*; found none"):
        value_of(metric, {name: [] for name in metric.needs})


@EVERY
def test_table_in_place_of_a_column(metric: Metric) -> None:
    with pytest.raises(InvalidInput, match=r"1-D array, one number a customer; found the shape \(2, 1\)"):
        value_of(metric, GOOD | {metric.needs[-1]: [[1.0], [1.0]]})


@EVERY
def test_words_in_place_of_numbers(metric: Metric) -> None:
    with pytest.raises(InvalidInput, match="1-D array of numbers; found list"):
        value_of(metric, spoilt(metric, "two"))


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if len(m.needs) > 1], ids=lambda m: m.name)
def test_different_lengths(metric: Metric) -> None:
    with pytest.raises(InvalidInput, match=r"found lengths .* 3, .* 2: align them on customer_id"):
        value_of(metric, GOOD | {metric.needs[-1]: GOOD[metric.needs[-1]][:2]})


@pytest.mark.parametrize(
    "metric", [m for m in METRICS.values() if m.needs[0].startswith("actual")], ids=lambda m: m.name
)
@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_impossible_history(metric: Metric, bad: float) -> None:
    arrays = GOOD | {metric.needs[0]: [0.0, 1.0, bad]}
    with pytest.raises(InvalidInput, match="actual must be finite and 0 or more: 1 of 3 are not, first row 2"):
        value_of(metric, arrays)


@pytest.mark.parametrize("name", ["brier", "log_loss", "pit_p_value"])
@pytest.mark.parametrize("bad", [1.2, -0.1, np.inf])
def test_no_probability(name: str, bad: float) -> None:
    with pytest.raises(InvalidInput, match="must lie between 0 and 1: 1 of 3 are not, first row 1"):
        value_of(METRICS[name], spoilt(METRICS[name], bad))


def test_probabilities_off_by_rounding_are_taken() -> None:
    arrays = GOOD | {"probability_of_purchase": [1 + 1e-15, -1e-17, 0.5]}
    assert value_of(METRICS["brier"], arrays) == pytest.approx((1 + 1 + 0.25) / 3)


@pytest.mark.parametrize("name", ["bias_ratio", "rmse", "poisson_deviance", "msle", "mae"])
def test_negative_predictions(name: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"predicted must be 0 or more: 1 of 3 are not, first row 1 \(predicted=-2\)"
    ):
        value_of(METRICS[name], spoilt(METRICS[name], -2.0))


def test_interval_that_ends_before_it_begins() -> None:
    with pytest.raises(InvalidInput, match="Are the two ends exchanged"):
        value_of(METRICS["width_95"], {"low_95": [2.0], "high_95": [1.0]})


def test_more_than_all_probability() -> None:
    with pytest.raises(InvalidInput, match="must not exceed 1: 1 of 2 are not, first row 0"):
        pit_histogram([0.8, 0.1], [0.3, 0.1])


def test_counts_are_whole() -> None:
    with pytest.raises(InvalidInput, match="actual must be whole numbers: 1 of 2"):
        crps_poisson([1, 0.5], [1.0, 1.0])


@pytest.mark.parametrize("share", [0, -0.1, 1.01, np.nan])
def test_share_out_of_range(share: float) -> None:
    with pytest.raises(InvalidInput, match="share must lie above 0"):
        top_capture([1, 2], [1, 2], share)


@pytest.mark.parametrize("groups", [0, 2.5])
def test_number_of_groups(groups: float) -> None:
    with pytest.raises(InvalidInput, match="whole number, 1 or more"):
        deciles([1, 2], [1, 2], groups)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="whole number, 1 or more"):
        reliability([1, 0], [0.4, 0.5], groups)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="whole number, 1 or more"):
        pit_histogram([0.1], [0.4], groups)  # type: ignore[arg-type]


def test_unknown_binning() -> None:
    with pytest.raises(InvalidInput, match="'quantile' or 'width'; found 'kmeans'"):
        reliability([1, 0], [0.4, 0.5], binning="kmeans")
