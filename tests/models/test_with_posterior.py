"""A model that carries a posterior: only the right one, and through a file and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.models.posterior import Posterior, joined, judged

NAMES = {"bg_nbd": ("r", "alpha", "a", "b"), "nbd": ("r", "alpha"), "gamma_gamma": ("p", "q", "v")}


def some_posterior(family: str, unit: str | None = "week", seed: int = 1) -> Posterior:
    names = NAMES[family]
    draws = np.exp(np.random.default_rng(seed).normal(0.0, 0.1, (4, 25, len(names))))
    ess = dict.fromkeys(names, 90.0)
    prior = ("normal",)
    return Posterior(names, draws, "laplace", prior, 500.0, ess, 0.1, distinct_draws=80, family=family, time_unit=unit)


@pytest.fixture
def model() -> clv.CLVModel:
    purchases = clv.PurchaseModel.from_parameters("bg_nbd", {"r": 0.24, "alpha": 4.4, "a": 0.8, "b": 2.4}, "week")
    return clv.CLVModel(purchases, clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44}))


def test_a_joint_posterior_goes_to_both_parts_and_leaves_the_model_alone(model: clv.CLVModel) -> None:
    sure = model.with_posterior(joined(some_posterior("bg_nbd"), some_posterior("gamma_gamma", None)))
    assert sure.purchases.posterior.parameters == NAMES["bg_nbd"]
    assert sure.spend.posterior.parameters == NAMES["gamma_gamma"]
    assert model.purchases.posterior is None
    assert sure.purchases.parameters == model.purchases.parameters


def test_the_posterior_of_one_part_goes_to_that_part(model: clv.CLVModel) -> None:
    spend = some_posterior("gamma_gamma", None)
    assert model.with_posterior(spend).spend.posterior is spend
    assert model.with_posterior(spend).purchases.posterior is None
    purchases = some_posterior("bg_nbd")
    assert model.with_posterior(purchases).purchases.posterior is purchases
    assert model.with_posterior(purchases).spend.posterior is None


def test_another_familys_posterior_is_refused(model: clv.CLVModel) -> None:
    with pytest.raises(clv.InvalidInput, match=r"one of nbd \(r, alpha\); expected bg_nbd"):
        model.with_posterior(some_posterior("nbd"))
    with pytest.raises(clv.InvalidInput, match="found dict"):
        model.purchases.with_posterior({"r": 1})


def test_another_units_posterior_is_refused(model: clv.CLVModel) -> None:
    with pytest.raises(clv.InvalidInput, match="in days and the model in weeks"):
        model.with_posterior(some_posterior("bg_nbd", "day"))


def test_a_model_without_parameters_carries_none() -> None:
    with pytest.raises(clv.NotFitted):
        clv.PurchaseModel("bg_nbd", "week").with_posterior(some_posterior("bg_nbd"))


def test_files_keep_every_digit_if_asked(model: clv.CLVModel, tmp_path) -> None:
    sure = model.with_posterior(joined(some_posterior("bg_nbd"), some_posterior("gamma_gamma", None)))
    sure.save(tmp_path / "with.json", posterior=True)
    sure.save(tmp_path / "without.json")
    back = clv.load_model(tmp_path / "with.json")
    for part in ("purchases", "spend"):
        before, after = getattr(sure, part).posterior, getattr(back, part).posterior
        assert np.array_equal(before.draws, after.draws)
        assert (after.ess, after.prior, after.k_hat, after.family) == (
            before.ess,
            before.prior,
            before.k_hat,
            before.family,
        )
    assert clv.load_model(tmp_path / "without.json").purchases.posterior is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p["draws"].pop("r"),
        lambda p: p["draws"].update(r="1 2 3"),
        lambda p: p["draws"].update(r=p["draws"]["r"].replace("0.", "-0.", 1)),
        lambda p: p["draws"].update(r=[1.0]),
        lambda p: p.update(chains=True),
        lambda p: p.update(method=3),
        lambda p: p.update(surprise=3),
        lambda p: p.update(parameters=["r", "alpha"]),
        lambda p: p.update(reasons=[1]),
        lambda p: p.update(k_hat="x"),
        lambda p: p.update(family="mbg_nbd"),
        lambda p: p.update(time_unit="day"),
    ],
)
def test_a_damaged_posterior_is_refused(model: clv.CLVModel, tmp_path, damage) -> None:
    path = tmp_path / "model.json"
    model.purchases.with_posterior(some_posterior("bg_nbd")).save(path, posterior=True)
    content = json.loads(path.read_text())
    damage(content["posterior"])
    path.write_text(json.dumps(content))
    with pytest.raises(clv.UnreadableModel, match="damaged"):
        clv.load_model(path)


def test_as_many_draws_are_written_as_can_be_read(model: clv.CLVModel, tmp_path) -> None:
    def drawn(draws: int) -> clv.PurchaseModel:
        values = np.exp(np.random.default_rng(1).normal(0.0, 0.1, (1, draws, 4)))
        return model.purchases.with_posterior(replace(some_posterior("bg_nbd"), draws=values))

    drawn(100_000).save(tmp_path / "many.json", posterior=True)
    assert clv.load_model(tmp_path / "many.json").posterior.draws.shape == (1, 100_000, 4)
    with pytest.raises(clv.InvalidInput, match=r"too large to be read back: .* bytes, expected at most 10,000,000"):
        drawn(140_000).save(tmp_path / "more.json", posterior=True)
    assert not (tmp_path / "more.json").exists()


def test_the_verdict_follows_the_diagnostics() -> None:
    good = some_posterior("bg_nbd")
    assert judged(good).trusted
    assert "k-hat is 0.80" in judged(replace(good, k_hat=0.8)).verdict
    assert "k-hat is nan" in judged(replace(good, k_hat=float("nan"))).verdict
    assert "r has 7 effective draws, expected at least 50" in judged(replace(good, ess={"r": 7.0})).verdict
    mixed = replace(good, k_hat=None, r_hat={"r": 1.0, "alpha": 1.05})
    assert "R-hat of alpha is 1.050" in judged(mixed).verdict


def test_a_posterior_shows_itself() -> None:
    found = judged(some_posterior("bg_nbd"))
    assert str(found).startswith("These draws can be trusted.\nparameter")
    assert "k-hat 0.10" in str(found)
    assert "<table" in found._repr_html_()
    data = found.to_xarray()
    assert dict(data.sizes) == {"chain": 4, "draw": 25}
    assert np.array_equal(data["alpha"].values, found.draws[:, :, 1])


def test_any_arviz_reads_it() -> None:
    arviz_base = pytest.importorskip("arviz_base")
    tree = arviz_base.convert_to_datatree(some_posterior("bg_nbd").to_xarray())
    assert set(tree["posterior"].data_vars) == set(NAMES["bg_nbd"])


def test_a_file_cannot_call_bad_draws_good(model: clv.CLVModel, tmp_path) -> None:
    path = tmp_path / "model.json"
    model.purchases.with_posterior(some_posterior("bg_nbd")).save(path, posterior=True)
    content = json.loads(path.read_text())
    content["posterior"] |= {"k_hat": 5.0, "reasons": []}
    path.write_text(json.dumps(content))
    assert "k-hat is 5.00" in clv.load_model(path).posterior.verdict
