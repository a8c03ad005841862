"""The answer in one sentence."""

from dataclasses import replace

import pytest

from clvmodels.reports.in_short import in_short


def with_outcome(found, metric, outcome):
    rows = found.comparisons.copy()
    rows.loc[(rows["metric"] == metric) & (rows["against_kind"] == "baseline"), "outcome"] = outcome
    return replace(found, comparisons=rows)


def test_of_the_running_example(found):
    assert in_short(found, "bg_nbd") == (
        "In short: do not put the total of BG/NBD into a plan as it stands; no simple rule tells better how much each "
        "customer buys or who the best customers are."
    )


def test_what_a_rule_tells_better_is_said(found):
    told = in_short(with_outcome(found, "top_decile_capture", "worse"), "bg_nbd")
    assert told.endswith(
        "; no simple rule tells better how much each customer buys; a simple rule tells better who the best customers "
        "are."
    )


def test_what_cannot_be_compared_is_left_out(found):
    told = in_short(with_outcome(found, "top_decile_capture", "cannot be compared"), "bg_nbd")
    assert "best customers" not in told


@pytest.mark.parametrize(
    ("ratio", "told"), [(1.02, "may go into a plan"), (1.3, "do not put"), (float("inf"), "cannot be told")]
)
def test_of_the_total(found, ratio, told):
    scores = found.scores.copy()
    own = (scores["metric"] == "bias_ratio") & (scores["model"] == "bg_nbd")
    scores.loc[own, ["value", "standard_error"]] = ratio, 0.03
    assert told in in_short(replace(found, scores=scores), "bg_nbd")


def test_a_fit_that_failed_is_all_there_is_to_say(found):
    model = found.models["bg_nbd"]
    report = replace(model._fitted.report, converged=False, verdict="Do not trust this fit as it is: s shrinks to 0")
    spoilt = type(model)("bg_nbd", time_unit="week")
    spoilt._fitted = replace(model._fitted, report=report)
    told = in_short(replace(found, models={**found.models, "bg_nbd": spoilt}), "bg_nbd")
    assert told == "In short: rely on nothing of BG/NBD, since its fit is not to be trusted."
