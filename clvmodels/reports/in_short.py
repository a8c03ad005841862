"""The answer in one sentence, for whoever reads no further."""

from __future__ import annotations

from ..validation import words
from ..validation.result import Validation
from . import judging

# Metric -> what a forecast is used for, as one would say it.
_USES = {
    "poisson_deviance": "how much each customer buys",
    "top_decile_capture": "who the best customers are",
}


def in_short(found: Validation, name: str) -> str:
    """What the forecast of a model may be used for, as far as the total, single customers and the best tenth go."""
    title = judging.titles_of(found)[name]
    if judging.fit(found, name).good is False:
        return f"In short: rely on nothing of {title}, since its fit is not to be trusted."
    plan = {
        True: f"the total of {title} may go into a plan",
        False: f"do not put the total of {title} into a plan as it stands",
        None: f"whether the total of {title} is right cannot be told",
    }[judging.total(found, name).good]
    outcomes = {use: _outcomes(found, name, metric) for metric, use in _USES.items()}
    lost = [use for use, each in outcomes.items() if "worse" in each]
    kept = [use for use, each in outcomes.items() if use not in lost and each & {"better", "no difference"}]
    parts = [plan]
    if kept:
        parts.append(f"no simple rule tells better {words.listed(kept).replace(' and ', ' or ')}")
    if lost:
        parts.append(f"a simple rule tells better {words.listed(lost)}")
    return f"In short: {'; '.join(parts)}."


def _outcomes(found: Validation, name: str, metric: str) -> set[str]:
    rows = found.comparisons
    own = (rows["model"] == name) & (rows["against_kind"] == "baseline") & (rows["metric"] == metric)
    return set(rows.loc[own, "outcome"])
