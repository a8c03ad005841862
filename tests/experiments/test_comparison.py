"""What a comparison says, in words and in HTML."""

import dataclasses

import pandas as pd

from clvmodels.experiments.comparison import ArmComparison
from clvmodels.experiments.projected_value import ONLY_IN_PART


def made(arms=("control", "<mail>"), low=0.5, model=None, **more):
    k = len(arms)
    nothing = [float("nan")] * k if model is None else [20.0 + i for i in range(k)]
    table = {
        "arm": arms, "customers": [100] * k, "complete": [90] * k, "age_mean": [30.0] * k, "bought_share": [0.5] * k,
        "observed": [10.0 + 2 * i for i in range(k)], "observed_low": [9.0] * k, "observed_high": [13.0] * k,
        "observed_best": [0.1, *[0.9 / (k - 1)] * (k - 1)], "projected": nothing, "projected_low": nothing,
        "projected_high": nothing, "projected_best": nothing if model is None else [1 / k] * k,
    }  # fmt: skip
    measures = ["observed"] if model is None else ["observed", "projected"]
    rows = [
        {
            "measure": measure, "arm": arm, "against": arms[0], "difference": 2.0, "low": low, "high": 3.5,
            "standard_error": 0.7, "p_value": 0.01, "probability_better": 0.99,
        }
        for measure in measures for arm in arms[1:]
    ]  # fmt: skip
    settings = {
        "level": 0.95, "level_each": 0.95, "window": 26.0, "horizon": 365.25 / 7, "time_unit": "week",
        "kind": "acquisition", "start": None, "observation_end": "2024-12-31", "margin": 0.3,
        "annual_discount_rate": 0.1, "model_name": model, "look": 1, "looks": 1, "notes": ("One note.",),
    }  # fmt: skip
    return ArmComparison(arms=pd.DataFrame(table), differences=pd.DataFrame(rows), **{**settings, **more})


def test_a_difference_beyond_chance_is_said():
    told = made().told()
    assert told[0] == (
        "Observed within 26 weeks from their first purchase on, profit at a margin of 30 %, per customer: control 10, "
        "<mail> 12."
    )
    assert told[1] == "<mail> is worth 2 more than control, 95 % interval 0.5 to 3.5 more."
    assert told[2].startswith("By what was observed <mail> is the best arm with a probability of 90 %, if")
    assert told[-1] == "One note."
    assert not any("Projected" in sentence for sentence in told)


def test_chance_is_called_chance():
    assert (
        made(low=-0.5).told()[1].startswith("No difference beyond chance between <mail> and control: +2 per customer")
    )


def test_a_projection_is_told_with_its_model():
    told = made(model="pareto_nbd and gamma_gamma", start="2024-05-01", kind="campaign", margin=1.0).told()
    assert told[0].startswith("Observed within 26 weeks from 1 May 2024 on, revenue (margin 1), no profit")
    assert "Projected to a year after the start by pareto_nbd and gamma_gamma, discounted at 10 % a year" in told[3]


def test_several_comparisons_say_at_what_level_each_is_made():
    told = made(("a", "b", "c"), level_each=0.9747, looks=2).told()
    assert (
        "The 95 % are those of both differences together and of all looks: each by itself is judged at 97.47 %." in told
    )


def test_html_is_escaped_and_text_holds_the_tables():
    found = made(model="pareto_nbd and gamma_gamma")
    html = found._repr_html_()
    assert "<mail>" not in html
    assert "&lt;mail&gt;" in html
    assert html.count("<table") == 4
    assert str(found).count("<mail>") >= 6
    assert (
        repr(found)
        == "ArmComparison of control and <mail>: 200 customers, observed for 26 weeks, projected to 52.18 weeks"
    )


def test_less_is_told_as_less_and_what_cannot_be_judged_as_such():
    found = made()
    less = found.differences.assign(difference=-2.0, low=-3.5, high=-0.5)
    told = dataclasses.replace(found, differences=less).told()
    assert told[1] == "<mail> is worth 2 less than control, 95 % interval 0.5 to 3.5 less."
    for error, said in ((0.0, "chance cannot be judged"), (float("inf"), "its interval has no end")):
        told = dataclasses.replace(found, differences=found.differences.assign(standard_error=error)).told()
        assert said in told[1]
    same = dataclasses.replace(found, differences=found.differences.assign(standard_error=0.0)).told()
    assert not any("best" in sentence for sentence in same)


def test_the_weakness_of_a_campaigns_projection_stands_beside_it():
    told = made(model="pareto_nbd and gamma_gamma", notes=("One note.", ONLY_IN_PART)).told()
    where = [i for i, sentence in enumerate(told) if sentence == ONLY_IN_PART]
    assert len(where) == 1
    assert told[where[0] - 1].startswith("Projected to a year")
