"""What customers will be worth: held against the families' own simulation of whole lives, which draws no rates."""

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.experiments import future_values
from clvmodels.experiments.future_values import Spread, population_of, spread

# Fader, Hardie & Lee (2005) for BG/NBD and NBD, Fader & Hardie (2005) for Pareto/NBD; q is larger than on CDNOW so that
# variances of simulated samples settle
PURCHASES = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
    "bg_bb": {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783},
}
SPEND = {"p": 6.25, "q": 9.0, "v": 45.0}
DURATION = 26.0
# as parameters of the population: λ·f ~ Gamma(r, alpha/f), μ·f ~ Gamma(s, beta/f), amounts·f have v·f
CHANGED = [
    ("pareto_nbd", {"purchase_rate": 1.5}, {"alpha": 10.578 / 1.5}, {}),
    ("pareto_nbd", {"dropout": 0.5}, {"beta": 11.669 / 0.5}, {}),
    ("pareto_nbd", {"spend": 1.2, "purchase_rate": 2.0}, {"alpha": 10.578 / 2}, {"v": 45.0 * 1.2}),
    ("bg_nbd", {"purchase_rate": 0.7}, {"alpha": 4.414 / 0.7}, {}),
    ("nbd", {"spend": 0.8}, {}, {"v": 45.0 * 0.8}),
]


def model_of(name: str, margin: float = 0.3, **changed: float) -> clv.CLVModel:
    unit = "year" if name == "bg_bb" else "week"
    purchases = clv.PurchaseModel.from_parameters(name, PURCHASES[name] | changed, time_unit=unit)
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", SPEND), margin=margin)


def lived(name: str, size: int, seed: int, purchases: dict = {}, spend: dict = {}, margin: float = 0.3) -> np.ndarray:  # noqa: B006
    """Values of new customers over the duration, from whole lives."""
    model = model_of(name, **purchases)
    generator = np.random.default_rng(seed)
    family, money = model.purchases.family, model.spend.family
    owner, _ = family.simulate(generator, np.full(size, DURATION), *model.purchases.parameters.values())
    counts = np.bincount(owner, minlength=size) + 1
    amounts = money.simulate(generator, counts, *(SPEND | spend).values())
    return margin * np.bincount(np.repeat(np.arange(size), counts), amounts, size)


def assert_alike(found: Spread, values: np.ndarray) -> None:
    """Mean, variance and distribution: each within 5 standard errors of the sample (6e-7 false alarms a number)."""
    n, mean, variance = len(values), values.mean(), values.var()
    assert abs(found.mean - mean) < 5 * np.sqrt(variance / n)
    error = np.std((values - mean) ** 2) / np.sqrt(n)
    assert abs(found.variance - variance) < 5 * np.hypot(error, found.doubt * found.variance)
    ranked, cell = np.sort(values), np.argsort(found.value)
    edges = (found.value[cell][:-1] + found.value[cell][1:]) / 2
    below = np.searchsorted(ranked, edges) / n
    # a cell's edge lies anywhere between the means of two cells: half of the neighbours' share besides
    slack = np.maximum(found.share[cell][:-1], found.share[cell][1:]) / 2
    assert np.all(np.abs(np.cumsum(found.share[cell])[:-1] - below) < slack + 5 * 0.5 / np.sqrt(n))


@pytest.mark.parametrize("name", list(PURCHASES))
def test_new_customers_are_worth_what_whole_lives_bring(name):
    population = population_of(model_of(name), None, DURATION, 0.3)
    assert_alike(spread(population, {}, 1, 200_000), lived(name, 100_000, seed=11))


@pytest.mark.parametrize(("name", "factors", "purchases", "spend"), CHANGED)
def test_levers_are_other_parameters_of_the_population(name, factors, purchases, spend):
    population = population_of(model_of(name), None, DURATION, 0.3)
    assert_alike(spread(population, factors, 1, 200_000), lived(name, 100_000, 12, purchases, spend))


@pytest.mark.parametrize("name", ["pareto_nbd", "mbg_nbd", "bg_bb"])
def test_customers_of_a_summary_are_worth_what_their_lives_go_on_to_bring(name):
    model, before, size, generator = model_of(name), 39.0, 75_000, np.random.default_rng(13)
    family, money = model.purchases.family, model.spend.family
    owner, times = family.simulate(generator, np.full(size, before + DURATION), *PURCHASES[name].values())
    # all purchases, first ones included: owner, time, amount
    owner, times = np.append(np.arange(size), owner), np.append(np.zeros(size), times)
    counts = np.bincount(owner, minlength=size)
    amounts = money.simulate(generator, counts, *SPEND.values())
    order = np.lexsort((times, owner))
    owner, times = owner[order], times[order]
    repeat, ahead = (times > 0) & (times <= before), times > before
    x = np.bincount(owner[repeat], minlength=size).astype(float)
    with np.errstate(invalid="ignore"):
        paid = np.bincount(owner[repeat], amounts[repeat], size) / x
    last = np.zeros(size)
    np.maximum.at(last, owner[repeat], times[repeat])
    summary = pd.DataFrame({"frequency": x, "recency": last, "T": before, "monetary_value": paid})
    values = 0.3 * np.bincount(owner[ahead], amounts[ahead], size)
    assert_alike(spread(population_of(model, summary, DURATION, 0.3), {}, 1, 150_000), values)


def test_means_are_exact_and_those_of_what_if():
    model = model_of("pareto_nbd")
    rows = {
        "frequency": [0.0, 2.0, 9.0],
        "recency": [0.0, 30.0, 38.0],
        "T": 39.0,
        "monetary_value": [np.nan, 20.0, 9.0],
    }
    summary = pd.DataFrame(rows)
    found = clv.what_if(model, summary, dropout=0.9, purchase_rate=1.1, spend=1.05, horizon=26, annual_discount_rate=0)
    population = population_of(model, summary, 26.0, 0.3)
    factors = {"dropout": 0.9, "purchase_rate": 1.1, "spend": 1.05}
    np.testing.assert_allclose(population.means({}), found.customers["value_now"], rtol=1e-12)
    np.testing.assert_allclose(population.means(factors), found.customers["value_together"], rtol=1e-12)
    assert spread(population, factors, 3).mean == pytest.approx(population.mean(factors), rel=1e-10)
    new = population_of(model, None, 26.0, 0.5)
    expected = 0.5 * 6.25 * 45 / 8 * (1 + model.purchases.new_customer().expected_purchases(horizon=26))
    assert new.mean() == pytest.approx(expected, rel=1e-12)


def test_cells_keep_the_variance():
    values = np.random.default_rng(5).gamma(0.3, 10.0, 200_000) * (np.random.default_rng(6).random(200_000) < 0.4)
    count, sums, squares = future_values._added(np.zeros((3, 1)), [values[:7], values[7:]], 0.02 * values.mean())
    kept = count > 0
    made = Spread(count[kept] / len(values), sums[kept] / count[kept], squares[kept] / count[kept], len(values))
    assert made.mean == pytest.approx(values.mean(), rel=1e-12)
    assert made.variance == pytest.approx(values.var(), rel=1e-12)
    between = made.share @ made.value**2 - made.mean**2  # what means of experiments vary with
    assert between == pytest.approx(values.var(), rel=2e-3)
    assert len(made.share) < 120


def test_the_same_seed_gives_the_same_luck():
    population = population_of(model_of("pareto_nbd"), None, DURATION, 0.3)
    first, again = spread(population, {}, 3, 40_000), spread(population, {}, 3, 40_000)
    np.testing.assert_array_equal(first.share, again.share)
    other = spread(population, {"spend": 1.5}, 3, 40_000)  # the very same customers, who pay half as much again
    assert other.variance == pytest.approx(2.25 * first.variance, rel=1e-9)
    assert not np.array_equal(first.share, spread(population, {}, 4, 40_000).share)


def test_long_summaries_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(future_values, "ROWS", 50)
    x = np.repeat([0.0, 4.0], 100)
    summary = pd.DataFrame(
        {"frequency": x, "recency": 3 * x, "T": 20.0, "monetary_value": np.where(x > 0, 30.0, np.nan)}
    )
    thin = population_of(model_of("nbd"), summary, 10.0, 0.3)
    monkeypatch.undo()
    whole = population_of(model_of("nbd"), summary, 10.0, 0.3)
    assert len(thin.worth.spend) == len(thin.spent[0]) == 50
    assert thin.mean() == pytest.approx(whole.mean())


def test_a_margin_of_each_customer_counts():
    summary = pd.DataFrame({"frequency": 3.0, "recency": 15.0, "T": 20.0, "monetary_value": 30.0, "m": [0.0, 0.4]})
    population = population_of(model_of("nbd"), summary, 10.0, "m")
    found, alone = spread(population, {}, 1), spread(population_of(model_of("nbd"), summary, 10.0, 0.4), {}, 1)
    assert found.mean == pytest.approx(alone.mean / 2)
    assert found.share[found.value == 0].sum() > 0.5


def test_heavy_buyers_take_fewer_histories(monkeypatch):
    monkeypatch.setattr(future_values, "_FEWEST", 500)
    monkeypatch.setattr(future_values, "_PURCHASES", 1_000_000)
    model = model_of("nbd", r=20.0, alpha=1.0)
    population = population_of(model, None, 50.0, 0.3)  # 1,000 purchases each
    assert spread(population, {}, 1).simulated == pytest.approx(4 * 1000, abs=4)  # a million purchases
    assert spread(population, {}, 1, 300).simulated == 4 * 300
    assert spread(population, {"purchase_rate": 10.0}, 1).simulated == 4 * 500


@pytest.mark.parametrize("factors", [{}, {"dropout": 4.0}, {"purchase_rate": 3.0}, {"dropout": 0.3, "spend": 2.0}])
@pytest.mark.parametrize("name", list(PURCHASES))
def test_simulated_means_are_the_exact_ones_before_they_are_made_so(name, factors):
    # 5 standard errors: 6e-7 false alarms a case; factors of 3 and 4 take probabilities to their bound of 1
    if name == "nbd" and "dropout" in factors:
        pytest.skip("nobody leaves")
    x = np.array([0.0, 3.0, 8.0])
    rows = {"frequency": x, "recency": 2 * x, "T": 20.0, "monetary_value": [np.nan, 20.0, 9.0]}
    for summary in (None, pd.DataFrame(rows)):
        population = population_of(model_of(name), summary, DURATION, 0.3)
        where = np.arange(90_000) * len(population.worth.spend) // 90_000
        parts = future_values._values(population, factors, where, seed=2, number=0)
        values = np.concatenate(parts)
        # amounts of one history are no independent samples
        error = 5 * values.std() / np.sqrt(90_000)
        assert abs(values.mean() - population.mean(factors)) < error
