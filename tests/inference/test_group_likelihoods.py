"""Many groups at once give what each gives by itself."""

import numpy as np
import pytest
from scipy import stats

import clvmodels as clv
from clvmodels.families import purchase_family, spend_family
from clvmodels.inference import group_likelihoods
from clvmodels.inference.group_likelihoods import GroupLikelihoods, newton_steps

PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
}


def customers(family, n, seed=1):
    model = clv.PurchaseModel.from_parameters(family, PARAMETERS[family], "week")
    return model.simulate(n, observation=np.linspace(26, 52, n).round(), seed=seed).summary


@pytest.mark.parametrize("large", [1, 10**9])
@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_sums_are_those_of_each_group(name, large, monkeypatch):
    monkeypatch.setattr(group_likelihoods, "_LARGE", large)
    family, summary = purchase_family(name), customers(name, 90)
    columns = [summary[each].to_numpy(float) for each in family.statistics]
    codes = np.arange(90) % 4
    codes[codes == 2] = 3  # a group without customers
    likelihoods = GroupLikelihoods(family.log_likelihood, columns, codes, 4)
    rng = np.random.default_rng(1)
    points = np.log(list(PARAMETERS[name].values())) + 0.3 * rng.standard_normal((4, len(family.parameters)))
    values, gradients = likelihoods.sums(points, np.ones(4, dtype=bool))
    for g in range(4):
        own = [column[codes == g] for column in columns]
        value, gradient = family.log_likelihood(*own, *np.exp(points[g]))
        assert values[g] == pytest.approx(value.sum(), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(gradients[g], gradient.sum(axis=1), rtol=1e-10, atol=1e-10)
    assert values[2] == 0
    some = likelihoods.sums(points, np.array([True, False, True, True]))
    assert some[0][1] == 0
    assert some[0][3] == values[3]


def test_hessians_are_those_of_the_likelihood():
    family, summary = purchase_family("bg_nbd"), customers("bg_nbd", 200)
    columns = [summary[each].to_numpy(float) for each in family.statistics]
    codes = np.arange(200) % 2
    likelihoods = GroupLikelihoods(family.log_likelihood, columns, codes, 2)
    point = np.log(list(PARAMETERS["bg_nbd"].values()))
    found = likelihoods.look(np.tile(point, (2, 1)))
    step = 1e-3 * np.eye(4)[1]

    def value(at):
        own = [column[codes == 1] for column in columns]
        return family.log_likelihood(*own, *np.exp(at))[0].sum()

    second = -(value(point + step) - 2 * value(point) + value(point - step)) / 1e-6
    assert found.hessians[1, 1, 1] == pytest.approx(second, rel=1e-4)
    kept = likelihoods.look(np.tile(point + 0.1, (2, 1)), np.array([True, False]), found)
    assert kept.values[1] == found.values[1]
    assert kept.values[0] != found.values[0]


@pytest.mark.parametrize("name", ["bg_nbd", "nbd"])
def test_without_a_prior_the_climb_ends_where_a_fit_does(name):
    family = purchase_family(name)
    parts = [customers(name, n, seed) for n, seed in ((700, 1), (400, 2))]
    columns = [np.concatenate([part[each].to_numpy(float) for part in parts]) for each in family.statistics]
    likelihoods = GroupLikelihoods(family.log_likelihood, columns, np.repeat([0, 1], [700, 400]), 2)
    centre = np.log(list(PARAMETERS[name].values()))
    found = likelihoods.climb(likelihoods.look(np.tile(centre, (2, 1))), centre, np.zeros(len(centre)))
    for g, part in enumerate(parts):
        fitted = clv.PurchaseModel(name).fit(part)
        np.testing.assert_allclose(np.exp(found.points[g]), list(fitted.parameters.values()), rtol=1e-4)
        assert found.values[g] == pytest.approx(fitted.fit_report.log_likelihood, abs=1e-6)


def test_with_a_prior_the_climb_ends_where_a_penalised_fit_does():
    """Two hundred customers far from the centre, so that one Newton step is not enough."""
    family, summary = purchase_family("bg_nbd"), customers("bg_nbd", 200)
    columns = [summary[each].to_numpy(float) for each in family.statistics]
    centre, sd = np.log([1.0, 20.0, 0.2, 0.7]), np.array([0.5, 0.4, 0.3, 0.6])
    likelihoods = GroupLikelihoods(family.log_likelihood, columns, np.zeros(200, dtype=int), 1)
    found = likelihoods.climb(likelihoods.look(centre[None]), centre, sd**-2)
    at = centre - np.log([1.0, 52.0, 1.0, 1.0])
    prior = {name: stats.norm(*each) for name, each in zip(family.parameters, zip(at, sd, strict=True), strict=True)}
    fitted = clv.PurchaseModel("bg_nbd").fit(summary, prior=prior, observation_length=52)
    np.testing.assert_allclose(np.exp(found.points[0]), list(fitted.parameters.values()), rtol=1e-5)


def test_the_order_of_rows_is_nothing():
    family, summary = spend_family("gamma_gamma"), clv.load_cdnow(sample=True)
    summary = clv.rfm_summary(summary, time_unit="week", observation_end="1997-09-30").query("monetary_value > 0")
    columns = [summary[each].to_numpy(float) for each in family.statistics]
    codes, centre = np.arange(len(summary)) % 7, np.log([6.25, 3.74, 15.44])
    order = np.random.default_rng(1).permutation(len(summary))

    def climbed(columns, codes):
        likelihoods = GroupLikelihoods(family.log_likelihood, columns, codes, 7)
        return likelihoods.climb(likelihoods.look(np.tile(centre, (7, 1))), centre, np.full(3, 10.0)).points

    shuffled = climbed([column[order] for column in columns], codes[order])
    assert np.array_equal(climbed(columns, codes), shuffled)


def test_a_likelihood_that_rises_for_ever_stops_at_the_wall():
    def log_likelihood(y, m):
        return y * np.log(m), np.broadcast_to(y, (1, *np.shape(y)))

    likelihoods = GroupLikelihoods(log_likelihood, [np.ones(5)], np.zeros(5, dtype=int), 1)
    found = likelihoods.climb(likelihoods.look(np.zeros((1, 1))), np.zeros(1), np.zeros(1))
    assert 13.5 < found.points[0, 0] < 15


def test_steps_go_downhill_and_are_short():
    hessians = np.array([np.diag([4.0, 1.0]), np.diag([-4.0, 1.0]), np.diag([1e-9, 1.0]), np.diag([np.nan, 1.0])])
    steps, decrements = newton_steps(hessians, np.tile([2.0, 1.0], (4, 1)))
    np.testing.assert_allclose(steps[0], [-0.5, -1.0])
    np.testing.assert_allclose(steps[1], [-0.5, -1.0])
    assert np.linalg.norm(steps[2]) == pytest.approx(2.0)
    assert steps[3].tolist() == [0.0, 0.0]
    assert decrements[0] == pytest.approx(2.0)
    assert decrements[3] == 0
