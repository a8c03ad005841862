"""What a validation says of each model, good or bad, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
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
_UNSURE = 0.1  # a total this unsure is not called good, however near it came
_ZEROS = {"past_rate", "last_window", "hiatus"}  # rules that forecast 0 for many customers

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
    """The verdict on one model: the total first, then the fit, whom it beats or loses to, and its intervals."""

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
    rest = [
        *words.of_fit(found.models[name]),
        *words.of_baselines(found.comparisons, name, titles_of(found)),
        *words.of_intervals(found.coverage, name, len(found.scored)),
    ]
    return Said(first, rest)


def checks(found: Validation, name: str) -> list[Check]:
    """Everything that is looked at for one model, in the order in which it matters."""
    made = [look(found, name) for look in _LOOKS]
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
    if abs(off) <= _NEAR and not error > _UNSURE:
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
    measures = set(rows["metric"])
    told = (
        f"Against {rows['against'].nunique()} simple rules, in {len(measures)} measures each"
        f"{' (those of money are among them)' if measures - set(words.ABOUT) else ''}: better {counts['better']} "
        f"times, level {counts['no difference']} times, worse {counts['worse']} times."
    )
    if counts["worse"]:
        lost = rows[rows["outcome"] == "worse"]
        return Check(
            None if counts["better"] > counts["worse"] else False,
            told,
            f"{_lost(lost, titles_of(found))}. For that purpose use the simple rule, or both{_why(found, lost)}",
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


def _why(found: Validation, lost: Any) -> str:
    """Why simple rules may have won."""
    reasons, rules = "", titles_of(found)
    if "last_window" in set(lost["against"]):
        reasons += (
            f'. "{rules["last_window"]}" knows what is new: it wins where customers have changed together (a season, a '
            "campaign), of which the model knows nothing"
        )
    ranked = lost[lost["metric"].isin(["spearman", "spend_spearman"])]
    if set(ranked["against"]) & _ZEROS and np.mean(found.actual == 0) > 0.5:
        reasons += (
            ". A rank correlation rewards forecasting the same 0 for many customers where most buy nothing; a rule "
            "that does so does not say whom of these to write to"
        )
    return reasons


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
    if ratio < _TOO_FEW:
        return Check(True, said)
    if group.actual - group.expected <= _CHANCE * np.sqrt(group.expected):
        return Check(None, f"{said} So much may be chance.")
    return Check(
        False,
        said,
        "do not write off repeat buyers because the model thinks them gone: together they bought much more than it "
        "forecast. A letter to them is worth more than the forecast says",
    )


# In the order in which they matter.
_LOOKS: tuple[Callable[[Validation, str], Check | None], ...] = (fit, total, baselines, ranges, silence)


def advice(found: Validation) -> list[str]:
    """What follows from all this, what weighs most first, and what to do where nothing is wrong."""
    whose: dict[str, list[str]] = {}
    for look in _LOOKS:
        for name in by_log_score(found):
            check = look(found, name)
            if check is not None and check.advice:
                whose.setdefault(check.advice, []).append(title(found, name))
    given = [f"{words.listed(titles)}: {what}." for what, titles in whose.items()]
    if found.split.new_customers_purchases:
        share = found.split.new_customers_purchases / (found.split.new_customers_purchases + found.actual.sum())
        given.append(
            f"Plan new customers separately: {100 * share:.0f} % of all purchases in the holdout were made by "
            f"{found.split.new_customers:,} customers whom no model here could know."
        )
    if len(found.names) > 1:
        given += which(found)
    given.append(
        "One holdout is one draw of luck: repeat it at several dates with clvmodels.backtest before much money hangs "
        "on it, and once more when the business has changed."
    )
    return given


def which(found: Validation) -> list[str]:
    """Which of several models to take, by the log score; nothing where no fit is to be relied on, or none has one."""
    names = [name for name in by_log_score(found) if np.isfinite(value(found, name, "log_score")[0])]
    sound = [name for name in names if fit(found, name).good is not False]
    if not sound:
        return []
    best, rows = sound[0], found.comparisons
    rows = rows[(rows["model"] == best) & (rows["metric"] == "log_score") & (rows["outcome"] == "no difference")]
    level = [best, *(name for name in sound[1:] if name in set(rows["against"]))]
    those = "Of the models whose fit is to be relied on" if len(sound) < len(names) else "Of the models compared"
    if len(level) == 1:
        return [f"{those}, take {title(found, best)}: it describes best what customers did (log score)."]
    return [
        f"{those}, {words.listed([title(found, name) for name in level])} describe about equally well what customers "
        f"did: the difference in log score may be chance. {_simplest(found, level)}."
    ]


def _simplest(found: Validation, level: list[str]) -> str:
    """What to take among models that are level: the one of fewest parameters, if there is one."""
    sizes = {name: len(found.models[name].family.parameters) for name in level}
    least = [name for name in level if sizes[name] == min(sizes.values())]
    if len(least) == 1:
        return f"Take the simplest of them, {title(found, least[0])}, unless it is worse in what matters to you"
    return "Take the one that does better in what matters to you"


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
