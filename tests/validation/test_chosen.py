"""Which models are validated, and which are refused."""

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidInput, UnitMismatch
from clvmodels.validation.chosen import chosen_models, common_spend, common_unit, fitted

BASELINES = {"past_rate": None, "hiatus": None}


def test_names_families_models_and_pairs_with_spend_are_taken():
    pair = clv.CLVModel("bg_nbd", "gamma_gamma")
    found = chosen_models(
        ["pareto_nbd", clv.PurchaseModel("nbd").family, clv.PurchaseModel("mbg_nbd"), pair], BASELINES
    )
    assert [one.label for one in found] == ["pareto_nbd", "nbd", "mbg_nbd", "bg_nbd"]
    assert [one.spend is None for one in found] == [True, True, True, False]


def test_one_model_needs_no_list():
    assert [one.label for one in chosen_models("bg_nbd", BASELINES)] == ["bg_nbd"]


def test_two_models_of_a_family_have_names_of_their_own():
    found = chosen_models(["bg_nbd", clv.PurchaseModel("bg_nbd"), clv.PurchaseModel("bg_nbd")], BASELINES)
    assert [one.label for one in found] == ["bg_nbd", "bg_nbd_2", "bg_nbd_3"]
    assert [one.label for one in chosen_models({"ours": "bg_nbd", "theirs": "bg_nbd"}, BASELINES)] == ["ours", "theirs"]


def test_baselines_may_be_named_and_change_nothing():
    assert [one.label for one in chosen_models(["hiatus", "bg_nbd", "past_rate"], BASELINES)] == ["bg_nbd"]


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["past_rate"], "at least one model"),
        ([], "at least one model"),
        (["pareto"], "no model or baseline 'pareto': models are bg_nbd.*baselines past_rate, hiatus"),
        ([3], "found int"),
        (3, "found int"),
        (["bg_bb"], "counts whole periods"),
        ({"hiatus": "bg_nbd"}, "name of a baseline"),
        ({1: "bg_nbd", "1": "nbd"}, "labels must differ as text; '1' is there twice"),
    ],
)
def test_refusals(models, told):
    with pytest.raises(InvalidInput, match=told):
        chosen_models(models, BASELINES)


def test_the_unit_is_that_of_the_models_or_weeks():
    assert common_unit(chosen_models(["bg_nbd"], BASELINES), None) == "week"
    daily = clv.PurchaseModel("bg_nbd", time_unit="day")
    assert common_unit(chosen_models([daily], BASELINES), None) == "day"
    with pytest.raises(UnitMismatch, match="found day, week"):
        common_unit(chosen_models([daily], BASELINES), "week")


def test_a_model_that_knows_the_holdout_is_refused(cdnow):
    summary = clv.rfm_summary(cdnow, observation_end="1998-06-30")
    (one,) = chosen_models([clv.PurchaseModel("bg_nbd").fit(summary)], BASELINES)
    with pytest.raises(InvalidInput, match="fitted on purchases until 1998-06-30, later than calibration_end"):
        fitted(one, summary, "week", "1997-09-30")
    assert fitted(one, summary, "week", "1998-06-30") is one.purchases


def test_an_unfitted_model_is_not_changed(cdnow):
    model = clv.PurchaseModel("bg_nbd")
    (one,) = chosen_models([model], BASELINES)
    fitted(one, clv.rfm_summary(cdnow, observation_end="1997-09-30"), "week", "1997-09-30")
    assert "not fitted" in repr(model)


def test_spend_is_a_name_or_a_model():
    assert common_spend("gamma_gamma").family.name == "gamma_gamma"
    with pytest.raises(InvalidInput, match="spend must be a name"):
        common_spend(3)
