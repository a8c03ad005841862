"""What a validation says of each model, good or bad, and what to do about it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..validation import words
from ..validation.result import Validation

_NEAR = 0.05  # a total within 5 % is good, however many customers make its error small
_COVERAGE_OFF = 0.02  # ranges that hold 2 in 100 customers more or fewer than they should
_CHANCE = 2.0  # standard errors
_SILENT = 0.5  # repeat buyers whom a model holds for gone rather than not
_TOO_FEW = 1.5  # times as many purchases as forecast

# Sign and word say what the colour says.
_SIGNS = {True: ("✓", "Good"), False: ("✗", "Not good"), None: ("≈", "Cannot be told")}


class Check(NamedTuple):
    """One thing that was looked at: whether it is good (None: neither), what was found, what to do about it.

    ``advice`` names no model, so that models of which the same is true share it.
    """

    good: bool | None
    told: str
    advice: str = ""
    mixed: bool = False

    @property
    def sign(self) -> str:
        """A tick, a cross, or neither."""
        return _SIGNS[self.good][0]

    @property
    def word(self) -> str:
        """The sign in a word."""
        return "Mixed" if self.mixed else _SIGNS[self.good][1]


class Said(NamedTuple):
    """The verdict on one model: the total first, then whom it beats and to whom it loses."""

    first: str
    rest: list[str]


class Silent(NamedTuple):
    """Repeat buyers whom a model holds for gone: how many, what was expected of them, and what they bought."""

    customers: int
    expected: float
    actual: float


def verdict(found: Validation, name: str) -> Said:
    """What `Validation.verdict` says of one model, sentence by sentence."""
    expected, actual = float(found.predicted[name].expected.sum()), float(found.actual.sum())
    cut = str(found.split.facts["observation_end"])
    first = words.of_total(title(found, name), expected, actual, found.duration, found.time_unit, cut)
    rest = [*words.of_baselines(found.comparisons, name, titles_of(found)), *words.of_fit(found.models[name])]
    return Said(first, rest)


def checks(found: Validation, name: str) -> list[Check]:
    """Everything that is looked at for one model, in the order in which it matters."""
    made = [fit(found, name), total(found, name), baselines(found, name), ranges(found, name), silence(found, name)]
    return [check for check in made if check is not None]


def fit(found: Validation, name: str) -> Check:
    """Whether the parameters are the best ones, as the fit reports it."""
    report = found.models[name].fit_report if found.models[name]._fitted is not None else None
    if report is None:
        return Check(None, "Its parameters were given, not estimated here: there is no fit to judge.")
    if report.converged:
        return Check(True, "The fit has converged: the parameters are the best there are for the calibration period.")
    return Check(
        False,
        report.verdict,
        "the fit did not converge, so nothing on this page about it is to be relied on. Give it more customers or a "
        "longer calibration period, or take a simpler model; NBD has two parameters",
    )


def total(found: Validation, name: str) -> Check:
    """Whether all purchases together come out right."""
    ratio, error = value(found, name, "bias_ratio")
    if not np.isfinite(ratio):
        return Check(
            None, "Nobody bought anything in the holdout: there is nothing to judge.", "choose a longer holdout"
        )
    off, spread = ratio - 1, f" (standard error {100 * error:.1f} points)" if np.isfinite(error) else ""
    side = "too low" if off < 0 else "too high"
    told = f"The total is {abs(100 * off):.1f} % {side}{spread}."
    if abs(off) <= _NEAR:
        return Check(True, told)
    if np.isfinite(error) and abs(off) <= _CHANCE * error:
        return Check(None, f"{told} So much may be chance.")
    return Check(
        False,
        told,
        f"the total is {side}, by more than chance explains. Look at the week-by-week picture: a gap that grows all "
        "the time is a fault of the model; one that opens at a season or a campaign comes from outside, of which the "
        "model knows nothing. Until it is explained do not put the total into a plan as it stands; the order of "
        "customers may be good all the same",
    )


def baselines(found: Validation, name: str) -> Check:
    """Whether a simple rule does as well."""
    rows = found.comparisons
    rows = rows[(rows["model"] == name) & (rows["against_kind"] == "baseline")]
    counts = {outcome: int((rows["outcome"] == outcome).sum()) for outcome in ("better", "worse", "no difference")}
    told = (
        f"Against the simple rules, over all leading measures: better {counts['better']} times, level "
        f"{counts['no difference']} times, worse {counts['worse']} times."
    )
    if counts["worse"]:
        return Check(
            None if counts["better"] > counts["worse"] else False,
            told,
            f"{_lost(rows[rows['outcome'] == 'worse'], titles_of(found))}. For that purpose use the simple rule, or "
            "both. A rule that looks at the last weeks only wins where customers change together (a season, a "
            "campaign), of which the model knows nothing",
            mixed=counts["better"] > counts["worse"],
        )
    if counts["better"]:
        return Check(True, told)
    return Check(None, told, "not to be told from the simple rules here: take more customers, or a longer holdout")


def _lost(rows: Any, titles: dict[str, str]) -> str:
    """Who does better, and in what."""
    clauses: dict[tuple[str, ...], list[str]] = {}
    for metric, group in rows.groupby("metric", sort=False):
        clauses.setdefault(tuple(group["against"]), []).append(words.about(str(metric)))
    parts = []
    for others, what in clauses.items():
        named = words.listed([f'"{titles[other]}"' for other in others])
        parts.append(f"{named} {'does' if len(others) == 1 else 'do'} better in {words.listed(what)}")
    return "; ".join(parts)


def ranges(found: Validation, name: str) -> Check | None:
    """Whether the 95 % ranges hold as many customers as the model itself says; None where it gives none."""
    told = found.predicted[name].distribution
    if told is None or 0.95 not in told.intervals:
        return None
    low, high = told.intervals[0.95]
    held = float(np.mean((low <= found.actual) & (found.actual <= high)))
    meant = float(np.mean(told.masses[0.95]))
    error = float(np.sqrt(meant * (1 - meant) / len(found.actual)))
    said = (
        f"The 95 % ranges held {100 * held:.1f} % of the customers, where the model itself expects {100 * meant:.1f} % "
        "(purchases are whole numbers, so ranges hold somewhat more than 95 %)."
    )
    if abs(held - meant) <= max(_COVERAGE_OFF, _CHANCE * error):
        return Check(True, said)
    narrow = held < meant
    return Check(
        False,
        said,
        f"the ranges are too {'narrow' if narrow else 'wide'}: "
        + (
            "customers differ more than the model thinks. Plan for worse and better than its ranges say"
            if narrow
            else "it is surer than it says. Decisions that rest on the worst case may be too careful"
        ),
    )


def silent(found: Validation, name: str) -> Silent | None:
    """Repeat buyers with P(alive) below a half; None where the model does not say or there are none."""
    alive = found.predicted[name].p_alive
    if alive is None or "frequency" not in found.scored.columns:
        return None
    chosen = (found.scored["frequency"].to_numpy() > 0) & (alive < _SILENT)
    if not chosen.any():
        return None
    expected = float(found.predicted[name].expected[chosen].sum())
    return Silent(int(chosen.sum()), expected, float(found.actual[chosen].sum()))


def silence(found: Validation, name: str) -> Check | None:
    """Whether repeat buyers who are thought to have left had left."""
    group = silent(found, name)
    if group is None or group.expected <= 0:
        return None
    ratio = group.actual / group.expected
    said = (
        f"{group.customers:,} repeat buyers were thought more likely gone than not: {group.expected:,.0f} purchases "
        f"were forecast for them together, and they made {group.actual:,.0f} ({ratio:.1f} times as many)."
    )
    if group.actual - group.expected <= _CHANCE * np.sqrt(group.expected) or ratio < _TOO_FEW:
        return Check(True, said)
    return Check(
        False,
        said,
        "do not write off repeat buyers because the model thinks them gone: together they bought much more than it "
        "forecast. A letter to them is worth more than the forecast says",
    )


def advice(found: Validation) -> list[str]:
    """What follows from all this, what weighs most first, and what to do where nothing is wrong."""
    whose: dict[str, list[str]] = {}
    for name in found.names:
        for check in checks(found, name):
            if check.advice:
                whose.setdefault(check.advice, []).append(title(found, name))
    given = [f"{words.listed(titles)}: {what}." for what, titles in whose.items()]
    if found.split.new_customers_purchases:
        share = found.split.new_customers_purchases / (found.split.new_customers_purchases + found.actual.sum())
        given.append(
            f"Plan new customers separately: {100 * share:.0f} % of all purchases in the holdout were made by "
            f"{found.split.new_customers:,} customers whom no model here could know."
        )
    best = by_log_score(found)[0]
    if len(found.names) > 1 and np.isfinite(value(found, best, "log_score")[0]):
        given.append(
            f"Of the models compared, {title(found, best)} describes best what customers did (log score). Take it, "
            "unless the comparison below says that this may be chance; then take the simpler one."
        )
    given.append(
        "One holdout is one draw of luck: repeat it at several dates with clvmodels.backtest before much money hangs "
        "on it, and once more when the business has changed."
    )
    return given


def value(found: Validation, name: str, metric: str) -> tuple[float, float]:
    """A score and its standard error; NaN where there is none."""
    rows = found.scores[(found.scores["model"] == name) & (found.scores["metric"] == metric)]
    if not len(rows):
        return float("nan"), float("nan")
    return float(pd.to_numeric(rows["value"]).iloc[0]), float(pd.to_numeric(rows["standard_error"]).iloc[0])


def by_log_score(found: Validation) -> list[str]:
    """The models, best log score first; in the order given where they have none. The first one stands for all."""
    scores = {name: value(found, name, "log_score")[0] for name in found.names}
    return sorted(found.names, key=lambda name: (bool(np.isnan(scores[name])), scores[name]))


def titles_of(found: Validation) -> dict[str, str]:
    """What each forecaster is called on the page: its title, with the label where the user gave one of his own."""
    return {name: title(found, name) for name in found.predicted}


def title(found: Validation, name: str) -> str:
    """What one forecaster is called."""
    said = found.predicted[name]
    own: Any = found.models.get(name)
    return said.title if own is None or own.family.name == name else f"{said.title} ({name})"
