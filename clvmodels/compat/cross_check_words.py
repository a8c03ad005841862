"""What a cross-check says in words: where two packages part, by how much, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..numerics.arrays import Array
from ..units import length
from ..validation.words import counted
from .cross_check_fits import BothFits, Comparison, InBoth, months_of
from .original_lifetimes import MONTHS
from .other_packages import Columns, OtherPackage, Parameters

SAME = 1e-6  # relative: predictions closer than this are the same
CLOSE = 1e-3  # of a log-likelihood: two optima closer than this are the same
NEAR = 0.02  # standard errors
_UNTOLD = 0.05  # of a log-likelihood: what no test would notice
_UNTOLD_SHARE = 1e-4  # of a prediction
_ODD = {"nan": "NaN", "infinite": "an infinite number", "negative": "a negative number"}
_SINGULAR = {"bg_nbd": "a", "mbg_nbd": "a", "pareto_nbd": "s", "bg_bb": "gamma", "gamma_gamma": "q"}
CALLED = {
    "expected_purchases": "expected purchases",
    "p_alive": "P(alive)",
    "expected_spend": "expected spend",
    "clv": "value (clv)",
}


def told(found: Comparison, rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """All sentences of a comparison, and the headlines of where the two part; ``rows`` are those of the predictions."""
    by_name = {(row["quantity"], row["parameters"]): row for row in rows}
    pairs: list[tuple[str, str | None]] = []
    for part, fit in found.fits.items():
        pairs += [(text, None) for text in of_given(found.models[part], fit)]
        pairs += of_fit(found.package, fit)
    asked = [one for one in found.quantities if one.part != "clv"]
    parted = set()
    for one in asked:
        pairs.append(of_formulas(found, one, by_name[one.name, "same"]))
        parted |= {one.name} if pairs[-1][1] else set()
    own = [one for one in asked if one.has("own")]
    for one in own:
        pairs += [(text, None if one.name in parted else headline) for text, headline in of_no_answers(found, one)]
    pairs += [(text, None) for text in of_own(own, {one.name: by_name[one.name, "own"] for one in own})]
    pairs += [(of_value(found, one, by_name[one.name, "same"]), None) for one in found.quantities if one.part == "clv"]
    if len(found.fits) == 2 and not any(one.part == "clv" for one in found.quantities):
        pairs.append((_of_no_value(found), None))
    pairs.append((of_times(found.package.name, found.fits), None))
    return [text for text, _ in pairs], [headline for _, headline in pairs if headline]


def of_given(model: Any, fit: BothFits) -> list[str]:
    """What to know of a model that came with parameters."""
    if model._fitted is None:
        return []
    sentences, title, report = [], model.family.title, model._fitted.report
    if report is not None and report.regularisation is not None:
        sentences.append(
            f"The {title} that was given is regularised ({report.regularisation}); both fits here are without, and "
            "only the predictions with the same parameters are of the given ones."
        )
    if model.posterior is not None:
        sentences.append(f"The posterior that the given {title} carries is not looked at, but its parameters.")
    name, far = furthest(fit.away(fit.same))
    if far > NEAR:
        why = "its parameters were not fitted here" if report is None else "it was fitted on others or in another way"
        sentences.append(
            f"The {title} that was given has not the parameters that fit these customers best: {why}; the furthest, "
            f"{name}, is {_far(far)}. The predictions with the same parameters are of the given "
            "ones."
        )
    return sentences


def of_fit(package: OtherPackage, fit: BothFits) -> list[tuple[str, str | None]]:
    """Sentences on the two fits of a model, each with a headline where it parts them."""
    family, report = fit.ours.family, fit.ours.fit_report
    pairs = [_of_optima(package, family.name, family.title, fit)]
    if not report.converged:
        pairs.append((f"{family.title}, this package's own fit: {report.verdict}", None))
    if fit.left_out:
        text = (
            f"Left out of both fits of spend, as SpendModel.fit does: {counted(fit.left_out, 'repeater')} with a mean "
            f"spend of 0. A gamma density has no place for that, and {package.name} refuses it."
        )
        pairs.append((text, None))
    ours, theirs = fit.by_ours[0], fit.by_theirs[0]
    if package.log_likelihood is not None and not abs(theirs - ours) <= SAME * max(1.0, abs(ours)):
        gives = f"gives {theirs:,.3f}" if np.isfinite(theirs) else "gives no finite number"
        text = (
            f"{family.title}, the likelihood: with the same parameters {package.name} {gives} where this package gives "
            f"{ours:,.3f}."
        )
        pairs.append((text, f"{package.name} computes another likelihood of the {family.title}"))
    return pairs


def _of_optima(package: OtherPackage, family: str, title: str, fit: BothFits) -> tuple[str, str | None]:
    best, below = fit.by_ours[0], fit.below
    if fit.theirs.parameters is None:
        text = (
            f"{title}, the fit: {package.name} broke off: {fit.theirs.failure} This package's fit has the "
            f"log-likelihood {best:,.3f}."
        )
        return text, f"{package.name} did not fit the {title}"
    name, far = furthest(fit.away(fit.theirs.parameters))
    distance = f"the furthest parameter, {name}, is {_far(far)}"
    if below > CLOSE:
        prior = package.priors.get(family)
        way = f"It gets there by {package.searching[family]}."
        if prior:
            way = f"It looks for the maximum of the likelihood times priors of its own ({prior})."
        small = ", too little for any test to notice" if below < _UNTOLD else ""
        text = (
            f"{title}, the fit: {package.name} ends at a log-likelihood of {best - below:,.3f}, {below:.2g} below the "
            f"optimum found here{small}; {distance}. {way}"
        )
        return text, f"the {title} fit of {package.name} is {below:.2g} below the optimum"
    if below < -CLOSE:
        text = (
            f"{title}, the fit: {package.name} found a log-likelihood of {best - below:,.3f}, {-below:.2g} above what "
            f"this package found; {distance}. This package stopped short of the optimum."
        )
        return text, f"the {title} fit of this package is {-below:.2g} below that of {package.name}"
    if not far <= NEAR:
        text = (
            f"{title}, the fit: the log-likelihoods are the same (within {max(abs(below), 1e-9):.1g}), but {distance}: "
            "the likelihood is flat in some direction, and either set of parameters describes these customers as well."
        )
        return text, f"the parameters of the {title} are not determined"
    text = (
        f"{title}, the fit: both found the same optimum; log-likelihoods within {max(abs(below), 1e-9):.1g}, "
        f"parameters within {max(far, 1e-6):.1g} standard errors."
    )
    return text, None


def of_formulas(found: Comparison, one: InBoth, row: Mapping[str, Any]) -> tuple[str, str | None]:
    """A sentence on one quantity with the same parameters in both packages, and a headline where they part."""
    name, called, fit = found.package.name, CALLED[one.name], found.fits[one.part]
    (ours, theirs), columns = one.answers["same"], found.columns
    n, head = len(ours), f"Same parameters, {called}:"
    if one.failure:
        return f"{head} {name} broke off: {one.failure}", f"{name} gives no {called}"
    clauses, touched = _no_answers(found, ours, theirs)
    difference = relative(ours, theirs)
    apart = (difference > SAME) & ~touched
    if apart.any():
        touched |= apart
        i = int(np.argmax(np.where(apart, difference, -1.0)))
        history = ", ".join(f"{each} {columns[each][i]:.4g}" for each in fit.ours.family.statistics)
        clauses.append(
            f"{apart.sum():,} of {n:,} customers differ by more than {SAME:g}, the most {found.label(i)} ({history}): "
            f"{theirs[i]:.6g} there, {ours[i]:.6g} here"
        )
    if not clauses:
        return f"{head} the same for {_all(n)} (largest relative difference {row['largest_difference']:.1g}).", None
    why = _why(fit.ours.family.name, fit.same, theirs[touched], columns["frequency"][touched])
    return f"{head} {'; '.join(clauses)}.{why}", f"{called} part for {counted(float(touched.sum()), 'customer')}"


def of_no_answers(found: Comparison, one: InBoth) -> list[tuple[str, str]]:
    """A sentence, with a headline, on who gets no answer from the other package with its own parameters; or nothing."""
    fit, (ours, theirs) = found.fits[one.part], one.answers["own"]
    clauses, touched = _no_answers(found, ours, theirs)
    if not clauses or fit.theirs.parameters is None or one.failure:
        return []
    called, name = CALLED[one.name], found.package.name
    why = _why(fit.ours.family.name, fit.theirs.parameters, theirs[touched], found.columns["frequency"][touched])
    text = f"Own parameters, {called}: {'; '.join(clauses)}.{why}"
    return [(text, f"{name} has no {called} for {counted(float(touched.sum()), 'customer')} with its own parameters")]


def _no_answers(found: Comparison, ours: Array, theirs: Array) -> tuple[list[str], Any]:
    """What the other package gives that is no answer, to whom, and which customers these are."""
    clauses, touched = [], np.zeros(len(ours), dtype=bool)
    for what, mask in odd(ours, theirs).items():
        if mask.any():
            touched |= mask
            clauses.append(f"{found.package.name} gives {_ODD[what]} to {_whom(mask, found.columns, found.label)}")
    return clauses, touched


def of_value(found: Comparison, one: InBoth, row: Mapping[str, Any]) -> str:
    """A sentence on the value, whose conventions differ."""
    name, unit, horizon = found.package.name, str(found.unit), found.horizon or 0.0
    if one.failure:
        return f"Value (clv): {name} broke off: {one.failure}"
    months, size = months_of(unit, horizon) or 1, MONTHS[unit][1]
    total = 100 * (row["total_theirs"] / row["total_ours"] - 1) if row["total_ours"] else 0.0
    off = abs(horizon / (size * months) - 1) > 0.01
    whole = f", the whole months nearest to {length(horizon, unit)}" if off else ""
    ours, theirs = one.answers["same"]
    who = _who(ours, theirs)
    return (
        f"Value (clv), same parameters, {months} months of {length(size, unit)}{whole}: of {who} together "
        f"{row['total_theirs']:,.2f} there, {row['total_ours']:,.2f} here ({total:+.2g} %). {name} discounts all that "
        "a month brings from its end, this package each purchase from when it comes: a convention, no error."
    )


def _of_no_value(found: Comparison) -> str:
    name = found.package.name
    why = f"{name} values no customers in times of {found.unit}s" if found.horizon else "the horizon is 0"
    if found.package.value is None:
        why = f"{name} is not asked for values"
    return f"Value (clv): not compared, for {why}."


def of_times(name: str, fits: Mapping[str, BothFits]) -> str:
    """A sentence on what the fits cost."""
    ours, theirs = sum(fit.seconds for fit in fits.values()), sum(fit.theirs.seconds for fit in fits.values())
    times = f", {theirs / ours:,.0f} times as long" if theirs > 1.5 * ours else ""
    return f"The fits took {ours:.3f} s of CPU time here and {theirs:.3f} s in {name}{times}."


def odd(ours: Array, theirs: Array) -> dict[str, Any]:
    """Which customers get something from the other package that is no answer, where we give one or infinity."""
    small = 1e-6 * scale_of(ours)
    return {
        "nan": np.isnan(theirs) & ~np.isnan(ours),
        "infinite": np.isinf(theirs) & np.isfinite(ours),
        "negative": (theirs < -small) & np.isfinite(theirs),
    }


def relative(ours: Array, theirs: Array) -> Array:
    """|theirs − ours| / max(|ours|, a millionth of the mean of ours); NaN where one of them is not finite."""
    with np.errstate(all="ignore"):
        difference = np.abs(theirs - ours) / np.maximum(np.abs(ours), 1e-6 * scale_of(ours))
    return np.where(np.isfinite(ours) & np.isfinite(theirs), difference, np.nan)


def scale_of(ours: Array) -> float:
    """The mean size of what is finite; 1 if that is 0 or nothing."""
    finite = np.abs(ours[np.isfinite(ours)])
    return float(finite.mean()) or 1.0 if finite.size else 1.0


def furthest(away: Mapping[str, float]) -> tuple[str, float]:
    """The parameter that is the furthest away, and how far."""
    name = max(away, key=lambda one: abs(away[one]))
    return name, abs(away[name])


def _whom(mask: Any, columns: Columns, label: Callable[[int], str]) -> str:
    """How many customers, what they have in common, and which is the first."""
    if mask.all():
        return _all(len(mask))
    x = columns["frequency"]
    least, most = float(x[mask].min()), float(x[mask].max())
    if least > 0 and bool(mask[x >= least].all()):
        common = f", everybody with a frequency of {least:.0f} or more"
    elif least == most:
        common = f", all with a frequency of {least:.0f}"
    else:
        common = f", with frequencies from {least:.0f} to {most:.0f}"
    return f"{mask.sum():,} of {len(mask):,} customers{common} (first {label(int(np.argmax(mask)))})"


def _all(n: int) -> str:
    return f"all {n:,} customers"


def _who(ours: Array, theirs: Array) -> str:
    """Whose numbers are added up: those of customers who get a finite one from both."""
    both = _both(ours, theirs)
    return "all customers" if both == len(ours) else f"the {both:,} customers who get a number from both"


def _both(ours: Array, theirs: Array) -> int:
    return int((np.isfinite(ours) & np.isfinite(theirs)).sum())


def _why(family: str, parameters: Parameters, theirs: Array, x: Array) -> str:
    """What in the other package's closed form leads there, as far as parameters, its numbers and frequencies tell."""
    if family == "bg_nbd" and np.isnan(theirs).all() and not x.any() and parameters["a"] + parameters["b"] < 1:
        return (
            f" Why: a + b = {parameters['a'] + parameters['b']:.4g} is below 1, so its closed form takes the logarithm "
            "of a negative number for those who did not come back."
        )
    name = _SINGULAR[family]
    value = parameters[name]
    if family == "gamma_gamma":
        return (
            f" Why: q = {value:.4g} is not above 1, so the mean spend of the population is infinite and the formula "
            "p v/(q − 1) negative; here it is inf wherever p x + q is not above 1."
            if value <= 1
            else ""
        )
    if abs(value - 1) < 1e-3:
        return (
            f" Why: its closed form divides a difference of nearly equal numbers by {name} − 1, here {value - 1:.2g}."
        )
    return (
        " Why: its closed form holds powers and hypergeometric functions that leave the range of floating-point "
        "numbers or nearly cancel; this package integrates positive terms, which cannot."
    )


def of_own(asked: Sequence[InBoth], rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Sentences on what comes of each package's own parameters; ``rows`` are those of the predictions by quantity."""
    whom = {one.name: _who(*one.answers["own"]) for one in asked}
    known = {name: row for name, row in rows.items() if np.isfinite(row["largest_difference"]) and row["total_ours"]}
    if not known:
        return []
    name, worst = max(known.items(), key=lambda item: float(item[1]["largest_difference"]))
    if worst["largest_difference"] < _UNTOLD_SHARE:
        who = "a customer" if set(whom.values()) == {"all customers"} else "a customer who gets a number from both"
        return [
            f"Own parameters: no prediction of {who} differs by more than {_share(worst['largest_difference'])} "
            f"(the most: {CALLED[name]} of {worst['worst_customer']})."
        ]
    told = []
    for quantity, row in known.items():
        who, both = whom[quantity], next(_both(*one.answers["own"]) for one in asked if one.name == quantity)
        whole, count = (f"of {who} on average", both) if quantity == "expected_spend" else (f"of {who} together", 1)
        there, here = row["total_theirs"] / count, row["total_ours"] / count
        told.append(
            f"Own parameters, {CALLED[quantity]}: {whole} {there:,.2f} there, {here:,.2f} here "
            f"({100 * (there / here - 1):+.2g} %); the median customer differs by {_share(row['median_difference'])}, "
            f"the one who differs most by {_share(row['largest_difference'])} ({row['worst_customer']})."
        )
    return told


def _far(far: float) -> str:
    return f"{far:.2g} standard errors away" if np.isfinite(far) else "elsewhere, and has no standard error"


def _share(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 10 else f"a factor of {1 + value:,.3g}"
