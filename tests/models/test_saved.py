"""Saved models come back bit by bit, and a file is never trusted."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import os
import pickle
import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import clvmodels as clv
from clvmodels.families import purchase_family, spend_family

SAVED = Path(__file__).with_name("saved")
FACTS = {"time_unit": "week", "event_grain": "day", "observation_end": "2024-03-31", "tz": None}


def made_summary() -> pd.DataFrame:
    """Two hundred customers who buy, leave and spend differently; their ids are words that occur nowhere else."""
    random = np.random.default_rng(3)
    rows = []
    for i in range(200):
        T = int(random.integers(140, 266))
        rate, leaves, price = random.gamma(0.8) / 60, random.beta(1, 2.5), 20 / random.gamma(3, 1 / 3)
        days, day = [], 0
        while random.random() > leaves and (day := day + 1 + int(random.exponential(1 / rate))) <= T:
            days.append(day)
        paid = [price * random.gamma(4) / 4 for _ in days]
        rows.append(
            (f"somebody-{i:04d}", len(days), max(days, default=0) / 7, T / 7, np.mean(paid) if paid else np.nan)
        )
    summary = pd.DataFrame(rows, columns=["customer_id", "frequency", "recency", "T", "monetary_value"])
    summary.attrs = {"clvmodels": json.dumps(FACTS)}
    return summary


def one_repeater() -> pd.DataFrame:
    """One customer, from whom nothing can be learnt: a flat likelihood."""
    return made_summary().query("frequency > 0").iloc[:1]


PARAMETERS = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.5534, "alpha": 10.578, "s": 0.6061, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}


def fitted(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        return make().fit(made_summary())


@pytest.fixture(scope="module")
def models():
    """Models of every kind, by a name."""
    found = {name: fitted(lambda name=name: clv.PurchaseModel(name)) for name in PARAMETERS}
    found["gamma_gamma"] = fitted(clv.SpendModel)
    found["clv"] = fitted(lambda: clv.CLVModel("pareto_nbd", annual_discount_rate=0.1 + 0.2, margin=1 / 3))
    found["clv_column"] = clv.CLVModel(found["mbg_nbd"], found["gamma_gamma"], margin="T")
    found["given"] = clv.PurchaseModel.from_parameters("bg_nbd", PARAMETERS["bg_nbd"], time_unit="week")
    found["given_spend"] = clv.SpendModel.from_parameters("gamma_gamma", SPEND)
    found["given_clv"] = clv.CLVModel(found["given"], found["given_spend"])
    three = made_summary().query("frequency > 0").iloc[:3]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        found["three"] = clv.CLVModel("bg_nbd").fit(three)
        found["flat"] = clv.PurchaseModel("bg_nbd").fit(one_repeater())
        weights = [0.1] * 200
        found["weighted"] = clv.PurchaseModel("nbd").fit(made_summary(), weights=weights)
        found["penalised"] = penalised()
    return found


NAMES = (
    *PARAMETERS,
    "gamma_gamma",
    "clv",
    "clv_column",
    "given",
    "given_spend",
    "given_clv",
    "three",
    "flat",
    "weighted",
    "penalised",
)


def penalised():
    """Forty customers, held by priors and a penalty."""
    prior = {"r": stats.norm(-0.5, 0.5), "beta": stats.t(5, 0.0, 1.0)}
    purchases = clv.PurchaseModel("pareto_nbd").fit(made_summary().iloc[:40], prior=prior, l2_penalty=0.25)
    spend = clv.SpendModel().fit(made_summary().iloc[:40], l2_penalty=0.5, money_scale=20)
    return clv.CLVModel(purchases, spend, margin=0.25)


def parts_of(model):
    return [model.purchases, model.spend] if isinstance(model, clv.CLVModel) else [model]


def answer(model):
    """What the model says of the made customers, as bytes."""
    summary = made_summary()
    if isinstance(model, clv.CLVModel):
        return model.predict(summary, horizon=52).drop(columns="customer_id").to_numpy().tobytes()
    if isinstance(model, clv.SpendModel):
        return model.expected_spend(summary).to_numpy().tobytes()
    return model.expected_purchases(summary, 52).to_numpy().tobytes() + model.p_alive(summary).to_numpy().tobytes()


def assert_same(one, other):
    assert type(one) is type(other)
    assert repr(one) == repr(other)
    if isinstance(one, clv.CLVModel):
        assert (one.margin, one.annual_discount_rate) == (other.margin, other.annual_discount_rate)
    for a, b in zip(parts_of(one), parts_of(other), strict=True):
        a, b = a._fitted, b._fitted
        assert list(a.parameters.items()) == list(b.parameters.items())
        assert (a.covariance is None) == (b.covariance is None)
        if a.covariance is not None:
            np.testing.assert_array_equal(a.covariance, b.covariance)
            assert b.covariance.dtype == np.float64
        assert (a.robust_covariance is None) == (b.robust_covariance is None)
        if a.robust_covariance is not None:
            np.testing.assert_array_equal(a.robust_covariance, b.robust_covariance)
        assert repr(a.report) == repr(b.report)  # NaN is NaN, and floats are written exactly
        assert repr(a.profile) == repr(b.profile)
        assert (a.facts, a.versions) == (b.facts, b.versions)
    assert answer(one) == answer(other)


# --- there and back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_comes_back_bit_by_bit(name, models, tmp_path):
    model = models[name]
    path = tmp_path / "model.json"
    model.save(path)
    loaded = clv.load_model(path)
    assert_same(model, loaded)
    loaded.save(str(tmp_path / "again.json"))
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["again.json", "model.json"]


def test_the_cases_hold_what_json_cannot(models):
    """Else the test above would not be about NaN and infinity."""
    flat = models["flat"]._fitted
    assert not flat.report.converged
    assert np.isnan(flat.covariance).any()
    assert math.isinf(flat.report.hessian_condition)
    assert np.isnan(list(flat.standard_errors().values())).any()


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_strict_small_json_without_customers(name, models, tmp_path):
    path = tmp_path / "model.json"
    models[name].save(path)
    text = path.read_text(encoding="utf-8")
    assert len(text) < 20_000
    assert "somebody" not in text
    content = json.loads(text, parse_constant=pytest.fail)
    assert (content["format"], content["version"]) == ("clvmodels model", 1)
    for place, reason in content["nulls"].items():
        assert reason in ("nan", "inf", "-inf")
        found = content
        for step in place.split("/"):
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert found is None


def test_the_profile_describes_the_customers(models, tmp_path):
    models["clv"].save(tmp_path / "model.json")
    profile = json.loads((tmp_path / "model.json").read_text())["purchases"]["training_profile"]
    summary = made_summary()
    assert profile["customers"] == 200
    assert profile["repeat_purchases"] == summary["frequency"].sum()
    assert profile["percent"] == [0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100]
    assert set(profile["points"]) == {"frequency", "recency", "T", "monetary_value"}
    for name, points in profile["points"].items():
        expected = np.percentile(summary[name].dropna(), profile["percent"], method="inverted_cdf")
        assert points == expected.tolist()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["copy", "deepcopy", *range(2, pickle.HIGHEST_PROTOCOL + 1)])
def test_survives_copies_and_pickles(name, how, models):
    model = models[name]
    if isinstance(how, int):
        packed = pickle.dumps(model, how)
        assert len(packed) < 100_000
        assert b"somebody" not in packed
        other = pickle.loads(packed)
    else:
        other = getattr(copy, how)(model)
    assert_same(model, other)


def test_an_unfitted_model_pickles_but_is_not_saved(tmp_path):
    for model in (clv.PurchaseModel("bg_nbd"), clv.SpendModel(), clv.CLVModel()):
        assert repr(pickle.loads(pickle.dumps(model))) == repr(copy.deepcopy(model)) == repr(model)
        with pytest.raises(clv.NotFitted, match=r"call fit\(summary\) first"):
            model.save(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_its_own(models):
    model = copy.deepcopy(models["clv"])
    before = model.purchases.parameters
    other = copy.deepcopy(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", clv.ClvWarning)
        other.purchases.fit(made_summary().iloc[:100])
    assert model.purchases.parameters == before != other.purchases.parameters


# --- files that must load for ever ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PARAMETERS)
def test_purchase_models_of_version_1_load(name):
    model = clv.load_model(SAVED / f"v1_{name}.json")
    assert model.parameters == pytest.approx(PARAMETERS[name], rel=0, abs=0)
    assert model.time_unit == "week"
    assert answer(model) == answer(clv.PurchaseModel.from_parameters(name, PARAMETERS[name], time_unit="week"))


def test_a_fitted_model_of_version_1_loads():
    """All that a fit leaves behind, NaN and infinity among it. Numbers as they stood when the file was written."""
    model = clv.load_model(SAVED / "v1_clv_fitted.json")
    content = json.loads((SAVED / "v1_clv_fitted.json").read_text())
    assert (model.margin, model.annual_discount_rate) == (0.25, 0.15)
    assert model.purchases.family.name == "mbg_nbd"
    for part, saved in ((model.purchases, content["purchases"]), (model.spend, content["spend"])):
        assert part.parameters == saved["parameters"]
        assert part.fit_report.converged is saved["fit_report"]["converged"] is True
        assert part.fit_report.log_likelihood == saved["fit_report"]["log_likelihood"]
        np.testing.assert_array_equal(part._fitted.covariance, saved["covariance_of_log_parameters"])
        assert all(value > 0 for value in part.standard_errors.values())
        assert part._fitted.profile == saved["training_profile"]
    assert model.purchases._fitted.facts == FACTS
    scored = model.predict(made_summary(), horizon=52)
    assert scored["clv"].sum() == pytest.approx(1046.6242003605275, rel=1e-9)
    assert np.isfinite(scored["clv"]).all()


def test_a_fitted_model_in_discrete_time_of_version_1_loads():
    """The donations. Numbers as they stood when the file was written."""
    model = clv.load_model(SAVED / "v1_bg_bb_fitted.json")
    assert (model.family.name, model.time_unit) == ("bg_bb", "year")
    assert list(model.parameters.values()) == pytest.approx([1.2035, 0.7497, 0.6567, 2.7834], rel=1e-4)
    donations = clv.load_donations()
    expected = model.expected_purchases(donations, horizon=5) @ donations["weights"]
    assert expected == pytest.approx(12884.16, rel=1e-6)


def test_files_without_robust_errors_say_so():
    """Those of 0.1 hold none; all else is there."""
    model = clv.load_model(SAVED / "v1_clv_fitted.json").purchases
    assert model.confidence_intervals(0.9)
    assert (model.fit_report.penalty, model.fit_report.regularisation) == (0.0, None)
    for ask in (lambda: model.robust_standard_errors, lambda: model.confidence_intervals(robust=True)):
        with pytest.raises(clv.NotAvailable, match="saved by a release without robust standard errors: fit it again"):
            ask()


def test_a_penalised_model_of_version_1_loads():
    """Numbers as they stood when the file was written."""
    model = clv.load_model(SAVED / "v1_clv_penalised.json")
    content = json.loads((SAVED / "v1_clv_penalised.json").read_text())
    for part, saved in ((model.purchases, content["purchases"]), (model.spend, content["spend"])):
        assert part.parameters == saved["parameters"]
        np.testing.assert_array_equal(part._fitted.robust_covariance, saved["robust_covariance_of_log_parameters"])
        assert part.fit_report.penalty == saved["fit_report"]["penalty"] != 0
        assert part.fit_report.regularisation == saved["fit_report"]["regularisation"]
        assert all(value > 0 for value in part.robust_standard_errors.values())
    assert "prior norm(-0.5, 0.5) of ln(r / 1)" in model.purchases.fit_report.regularisation
    assert "scale of v: 20, money_scale as given" in model.spend.fit_report.regularisation
    for name, value in penalised().purchases.parameters.items():  # and the fit still finds them
        assert model.purchases.parameters[name] == pytest.approx(value, rel=1e-6)


def test_a_failed_fit_of_version_1_loads():
    model = clv.load_model(SAVED / "v1_not_converged.json")
    assert not model.fit_report.converged
    assert math.isinf(model.fit_report.hessian_condition)
    assert np.isnan(model._fitted.covariance).any()
    assert np.isfinite(model.p_alive(made_summary())).all()


def test_a_spend_model_of_version_1_loads():
    model = clv.load_model(SAVED / "v1_gamma_gamma.json")
    assert model.parameters == SPEND
    assert model.population_mean == pytest.approx(6.25 * 15.44 / 2.74, rel=1e-12)


# --- families of one's own ------------------------------------------------------------------------------------------

OWN = dataclasses.replace(purchase_family("bg_nbd"), name="my_nbd", title="My own")
OWN_SPEND = dataclasses.replace(spend_family("gamma_gamma"), name="my_spend", title="My own spend")
NAMESAKE = dataclasses.replace(purchase_family("bg_nbd"), title="My own")


def own_model(family):
    return clv.PurchaseModel.from_parameters(family, PARAMETERS["bg_nbd"], time_unit="week")


@pytest.mark.parametrize("family", [OWN, NAMESAKE], ids=["another name", "a shipped name"])
def test_a_family_of_ones_own_is_handed_in_again(family, tmp_path):
    """Never looked up by name, not even where a shipped one is called the same."""
    path = tmp_path / "model.json"
    model = own_model(family)
    model.save(path)
    assert json.loads(path.read_text())["shipped"] is False
    for missing in ({}, {"family": ()}, {"family": OWN_SPEND}, {"family": (OWN_SPEND,)}):
        with pytest.raises(clv.InvalidInput, match=rf"model\.json: .*'{family.name}' is not one .*family=\.\.\."):
            clv.load_model(path, **missing)
    for own in (family, (family,), (OWN_SPEND, family)):
        loaded = clv.load_model(path, family=own)
        assert loaded.family is family
        assert_same(model, loaded)


def test_two_families_of_ones_own(tmp_path):
    path = tmp_path / "model.json"
    spend = clv.SpendModel.from_parameters(OWN_SPEND, SPEND)
    model = clv.CLVModel(own_model(OWN), spend, margin=0.5)
    model.save(path)
    for own in ((OWN, OWN_SPEND), (OWN_SPEND, OWN)):
        loaded = clv.load_model(path, family=own)
        assert (loaded.purchases.family, loaded.spend.family) == (OWN, OWN_SPEND)
        assert_same(model, loaded)
    for one, missing in ((OWN, "my_spend"), ((OWN_SPEND,), "my_nbd"), ((), "my_nbd")):
        with pytest.raises(clv.InvalidInput, match=f"'{missing}' is not one that this package ships"):
            clv.load_model(path, family=one)


def test_one_family_of_ones_own_beside_a_shipped_one(tmp_path):
    path = tmp_path / "model.json"
    model = clv.CLVModel(own_model(OWN), clv.SpendModel.from_parameters("gamma_gamma", SPEND))
    model.save(path)
    content = json.loads(path.read_text())
    assert (content["purchases"]["shipped"], content["spend"]["shipped"]) == (False, True)
    assert_same(model, clv.load_model(path, family=OWN))


# --- files that are no models ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content():
    return json.loads((SAVED / "v1_clv_fitted.json").read_text(encoding="utf-8"))


@pytest.fixture
def load(tmp_path):
    """Write what is given (text, bytes or something for JSON) and load it."""

    def written_and_loaded(given):
        path = tmp_path / "model.json"
        if isinstance(given, bytes):
            path.write_bytes(given)
        else:
            path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
        return clv.load_model(path)

    return written_and_loaded


def changed(content, place, value):
    """A copy with the value at a/b/0 replaced; ``...`` takes it out."""
    content = copy.deepcopy(content)
    inside = content
    *path, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    for step in path:
        inside = inside[step]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    return content


def test_refuses_an_unknown_version_by_name(content, load):
    for version in (2, 0, "1", "banana", None, True, [1], 10**30):
        with pytest.raises(clv.UnreadableModel, match=r"of version .*; this release reads version 1") as refused:
            load(changed(content, "version", version))
        assert str(version)[:20] in str(refused.value)
        assert "model.json" in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{}",
        b"{",
        b"\x00" * 10,
        b"\xff\xfe",
        b"\x80\x04\x95pickle",
        b"PK\x03\x04",
        b'{"format": "another", "version": 1}',
        b'{"format": "clvmodels model"}',
        b'{"format": "clvmodels model", "version": 1}',
        b'{"format": "clvmodels model", "version": 1, "nulls": {}}',
        b'{"format": "clvmodels model", "version": 1, "version": 1}',
        b'{"format": "clvmodels model", "version": NaN}',
        b'{"format": "clvmodels model", "version": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' * 21 + b"1" + b"}" * 21,
        b'{"format": "clvmodels model", "version": 1, "kind": "' + b"x" * 999_999 + b'"}',
        b" " * 1_000_001,
    ],
)
def test_refuses_what_is_no_model(given, load):
    with pytest.raises(clv.UnreadableModel, match="model file") as refused:
        load(given)
    assert len(str(refused.value)) < 500


def test_refuses_a_model_with_something_deep_inside(content, load):
    deep = 1
    for _ in range(30):
        deep = [deep]
    with pytest.raises(clv.UnreadableModel, match="nested deeper than 20 levels"):
        load(changed(content, "purchases/facts/tz", deep))


def test_brackets_inside_of_texts_are_no_depth(content, load):
    verdict = '[{\\"' * 50 + "\\"
    model = load(changed(content, "purchases/fit_report/verdict", verdict))
    assert model.purchases.fit_report.verdict == verdict


def test_refuses_a_truncated_file_wherever_it_ends(content, load):
    text = json.dumps(content)
    for end in range(0, len(text) - 1, 97):
        with pytest.raises(clv.UnreadableModel):
            load(text[:end])


def test_refuses_a_key_given_twice(content, load):
    text = json.dumps(content)
    for key in ("format", "parameters", "r", "converged", "nulls"):
        with pytest.raises(clv.UnreadableModel, match="same key twice"):
            load(text.replace(f'"{key}":', f'"{key}": 1, "{key}":', 1))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_refuses_constants_that_are_not_json(constant, content, load):
    with pytest.raises(clv.UnreadableModel, match=constant):
        load(json.dumps(changed(content, "margin", "@")).replace('"@"', constant))


@pytest.mark.parametrize(
    "name",
    [
        "os",
        "../x",
        "/etc/passwd",
        "contract",
        "families.contract",
        "clvmodels.families.bg_nbd",
        "gamma_gamma",
        "BG_NBD",
        "bg_nbd\x00",
        "__init__",
        "\ud800",
        "a" * 10_000,
        "",
        None,
        7,
        [],
        ["bg_nbd"],
        {"name": "bg_nbd"},
        True,
    ],
)
def test_looks_up_shipped_families_only(name, content, load):
    before = set(sys.modules)
    with pytest.raises(clv.InvalidInput, match="is not one that this package ships") as refused:
        load(changed(content, "purchases/family", name))
    assert len(str(refused.value)) < 500
    str(refused.value).encode()
    assert set(sys.modules) == before, "nothing was imported"


@pytest.mark.parametrize("shipped", [False, None, 1, "true", [True]])
def test_looks_up_only_what_was_shipped(shipped, content, load):
    with pytest.raises(clv.InvalidInput, match=r"'mbg_nbd' is not one that this package ships .*family=\.\.\."):
        load(changed(content, "purchases/shipped", shipped))


def test_refuses_a_family_of_unknown_origin(content, load):
    with pytest.raises(clv.UnreadableModel, match=r"damaged model file .*shipped"):
        load(changed(content, "purchases/shipped", ...))


@pytest.mark.parametrize("value", [0, -1, 0.0, -0.0, 1e400, "r", "nan", None, [], [0.5], {}])
def test_refuses_parameters_that_are_none(value, content, load):
    with pytest.raises(clv.InvalidInput, match=r"parameter r must be|damaged") as refused:
        load(json.dumps(changed(content, "purchases/parameters/r", value)).replace("Infinity", "1e400"))
    assert "model.json" in str(refused.value)


@pytest.mark.parametrize("place", ["purchases/parameters/r", "annual_discount_rate", "margin"])
@pytest.mark.parametrize("value", [True, "0.5"])
def test_refuses_numbers_of_another_type(place, value, content, load):
    if (place, value) == ("margin", "0.5"):
        assert load(changed(content, place, value)).margin == "0.5", "the name of a column"
        return
    with pytest.raises(clv.InvalidInput):
        load(changed(content, place, value))


@pytest.mark.parametrize(
    "place",
    ["purchases/parameters/r", "purchases/covariance_of_log_parameters/0/0", "margin", "annual_discount_rate"],
)
def test_refuses_huge_whole_numbers(place, content, load):
    with pytest.raises(clv.InvalidInput):
        load(changed(content, place, 10**400))


@pytest.mark.parametrize(
    "parameters",
    [{}, {"r": 1.0}, {"r": 1.0, "alpha": 1.0, "a": 1.0, "b": 1.0, "c": 1.0}, {"p": 1.0}, [], None, "r", 1.0],
)
def test_refuses_other_parameters(parameters, content, load):
    with pytest.raises(clv.InvalidInput, match=r"has the parameters r, alpha, a, b|damaged"):
        load(changed(content, "purchases/parameters", parameters))


IDENTITY = np.eye(4).tolist()


@pytest.mark.parametrize(
    "covariance",
    [
        [],
        [[1.0]],
        [1.0, 2.0],
        np.eye(3).tolist(),
        np.ones((4, 5)).tolist(),
        [[*IDENTITY[0], 1.0], *IDENTITY[1:]],
        np.ones((4, 4, 1)).tolist(),
        "x",
        {},
        1.0,
        [["a"] * 4] * 4,
        [[{}] * 4] * 4,
    ],
)
def test_refuses_a_covariance_of_another_shape(covariance, content, load):
    with pytest.raises(clv.UnreadableModel, match=r"damaged model file .*Fit and save the model again"):
        load(changed(content, "purchases/covariance_of_log_parameters", covariance))


@pytest.mark.parametrize(
    "covariance",
    [
        (np.eye(4) + np.eye(4, k=1)).tolist(),  # not symmetric
        (-np.eye(4)).tolist(),
        np.diag([1.0, 1.0, 1.0, -1.0]).tolist(),
        (np.ones((4, 4)) - 2 * np.eye(4)).tolist(),  # symmetric, not positive
        [["1"] * 4] * 4,
        [[None] * 4] * 4,  # null without a reason
    ],
)
def test_refuses_a_covariance_that_is_none(covariance, content, load):
    for which in ("covariance_of_log_parameters", "robust_covariance_of_log_parameters"):
        with pytest.raises(clv.UnreadableModel):
            load(changed(content, f"purchases/{which}", covariance))


def test_refuses_a_report_with_other_entries(content, load):
    for name, value in (("penalty", "1"), ("penalty", None), ("regularisation", 1.0), ("regularisation", ["a"])):
        with pytest.raises(clv.UnreadableModel):
            load(changed(content, f"purchases/fit_report/{name}", value))
    assert load(changed(content, "purchases/fit_report/regularisation", None)).purchases.fit_report.penalty == 0


@pytest.mark.parametrize("place", ["kind", "purchases/kind", "spend/kind", "purchases", "spend", "nulls"])
@pytest.mark.parametrize("value", [..., None, "os", [], {}, 3, "clv", "spend", "purchase"])
def test_refuses_parts_of_another_kind(place, value, content, load):
    if (place, value) in (("kind", "clv"), ("purchases/kind", "purchase"), ("spend/kind", "spend"), ("nulls", {})):
        load(changed(content, place, value))
        return
    with pytest.raises(clv.InvalidInput, match=r"model\.json"):
        load(changed(content, place, value))


def test_refuses_a_model_inside_itself(content, load):
    inner = copy.deepcopy(content)
    for _ in range(3):
        inner = changed(content, "purchases", inner)
    with pytest.raises(clv.UnreadableModel):
        load(inner)


@pytest.mark.parametrize(
    "nulls",
    [
        {"purchases": "nan"},
        {"kind": "nan"},
        {"nowhere": "nan"},
        {"purchases/nowhere/0": "nan"},
        {"purchases/covariance_of_log_parameters/9/9": "nan"},
        {"": "nan"},
        {"margin": "nan"},
        {"spend/fit_report/log_likelihood": "evil"},
        {"x": None},
    ],
)
def test_refuses_nulls_that_are_none(nulls, content, load):
    with pytest.raises(clv.UnreadableModel, match="damaged"):
        load(changed(content, "nulls", nulls))


def test_says_that_there_is_no_file(tmp_path):
    with pytest.raises(clv.InvalidInput, match=r"cannot read the model file '.*missing\.json': No such file"):
        clv.load_model(tmp_path / "missing.json")
    with pytest.raises(clv.InvalidInput, match="cannot read the model file"):
        clv.load_model(tmp_path)


@pytest.mark.parametrize("path", [None, "a\0b", [1]])
def test_refuses_a_path_that_is_none(path):
    with pytest.raises(clv.InvalidInput):
        clv.load_model(path)


def test_a_report_may_lack_only_what_has_a_default(content, load):
    """So that reports can learn to say more, and old files still load."""
    may_lack = {"frequency_correlation", "frequency_correlation_p_value"}
    report = content["spend"]["fit_report"]
    assert may_lack < set(report)
    for name in report:
        without = changed(content, f"spend/fit_report/{name}", ...)
        if name in may_lack:
            assert getattr(load(without).spend.fit_report, name) is None
        else:
            with pytest.raises(clv.UnreadableModel, match="a fit report with other entries"):
                load(without)
    with pytest.raises(clv.UnreadableModel, match="a fit report with other entries"):
        load(changed(content, "spend/fit_report/more", 1))


def leaves(value, place=""):
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, f"{place}/{key}" if place else str(key))


ODD = [..., None, True, False, 0, -1, 1.5, -1e-300, 1e6, 2**63, "", "nan", "-1", "week", "x" * 1000, "\ud800\0"]
ODD += [[], [None], [[]], [1e999], {}, {"": None}, {"T": ["x"]}]


def use(model):
    """All that somebody does with a loaded model; it gives answers."""
    summary = pd.DataFrame({"frequency": [0, 3], "recency": [0, 9.0], "T": [20, 20.0], "monetary_value": [None, 5.0]})
    summary.attrs = {"clvmodels": json.dumps(FACTS)}
    assert isinstance(repr(model), str)
    scored = model.predict(summary, horizon=10, margin=1.0)
    assert not scored["clv"].isna().any()
    summary.attrs = {}
    model.predict(summary, horizon=10, margin=1.0)
    for part in parts_of(model):
        if part._fitted.report is not None:
            assert isinstance(str(part.fit_report), str)
            if part._fitted.covariance is not None:
                assert set(part.standard_errors) == set(part.confidence_intervals()) == set(part.parameters)


FIXED = ("parameters", "covariance", "version", "format", "nulls", "kind", "family", "shipped")


def try_each(content, load, places, values=ODD):
    """Replace each place by each value; return what neither was refused properly nor gave a model that works."""
    bad = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for place in places:
            for value in values:
                try:
                    model = load(changed(content, place, value))
                except clv.ClvError:
                    continue
                except Exception as error:
                    bad[place] = f"load_model, {value!r:.20}: {error!r:.80}"
                    break
                try:
                    use(model)
                except Exception as error:
                    bad[place] = f"afterwards, {value!r:.20}: {error!r:.80}"
                    break
    return bad


def test_a_changed_leaf_is_refused_or_harmless(content, load):
    places = [p for p in leaves(content) if p and any(word in p for word in FIXED) and "profile" not in p]
    places = [p for p in places if not re.search("/[123]$", p)]
    assert len(places) > 15
    assert try_each(content, load, places) == {}


@pytest.mark.parametrize("part", ["training_profile", "fit_report", "time_unit"])
def test_a_changed_leaf_elsewhere_is_refused_or_harmless(part, content, load):
    places = [p for p in leaves(content["purchases"]) if part in p and not re.search("/[0-9]$|recency|monetary", p)]
    assert try_each(content, load, [f"purchases/{p}" for p in places]) == {}


@pytest.mark.parametrize("place", ["margin", "annual_discount_rate", "purchases/facts", "purchases/versions"])
def test_the_other_leaves_are_refused_or_harmless(place, content, load):
    places = [place, *(f"{place}/{p}" for p in leaves(content["purchases"].get(place.split("/")[-1])) if p)]
    assert try_each(content, load, places, ODD[::2]) == {}


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_never_breaks_out(position, bit):
    """Refused, or a model: never another error."""
    raw = bytearray((SAVED / "v1_clv_fitted.json").read_bytes())
    raw[int(position * len(raw))] ^= 1 << bit
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.json")
        path.write_bytes(raw)
        try:
            model = clv.load_model(path)
        except clv.ClvError:
            return
    assert isinstance(model, clv.CLVModel)


# --- written whole or not at all -------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["replace", "fsync", "chmod", "write_text"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(at, error, models, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise error

    path = tmp_path / "model.json"
    models["bg_nbd"].save(path)
    before = path.read_bytes()
    monkeypatch.setattr(Path if at in ("chmod", "write_text") else os, at, fail)
    with pytest.raises(type(error)):
        models["nbd"].save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.json"]


def test_what_cannot_be_written_leaves_nothing(models, tmp_path):
    for path in (tmp_path, tmp_path / "no" / "model.json"):
        with pytest.raises(clv.InvalidInput, match="cannot write"):
            models["bg_nbd"].save(path)
    assert list(tmp_path.iterdir()) == []
