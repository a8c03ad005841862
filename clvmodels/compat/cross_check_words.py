"""What a cross-check says in words: where two packages part, by how much, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..numerics.arrays import Array
from ..units import length
from ..validation.words import counted
from .cross_check_fits import BothFits, Comparison, Quantity, months_of
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
    for one in found.quantities:
        if one.part != "clv":
            pairs.append(of_formulas(found, one, by_name[one.name, "same"]))
    own = {one.name: by_name[one.name, "own"] for one in found.quantities if one.part != "clv" and one.has("own")}
    pairs += [(text, None) for text in of_own(own)]
    pairs += [(of_value(found, one, by_name[one.name, "same"]), None) for one in found.quantities if one.part == "clv"]
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
        why = "its parameters were given, not fitted" if report is None else "it was fitted on others or in another way"
        sentences.append(
            f"The {title} that was given has not the parameters that fit these customers best: {why}; the furthest, "
            f"{name}, is {far:.2g} standard errors away. The predictions with the same parameters are of the given "
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
            f"{counted(fit.left_out, 'repeater')} with a mean spend of 0 were left out of both fits of spend, as "
            f"SpendModel.fit leaves them out: a gamma density has no place for them, and {package.name} refuses them."
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
    distance = f"the furthest parameter, {name}, is {far:.2g} standard errors away"
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


def of_formulas(found: Comparison, one: Quantity, row: Mapping[str, Any]) -> tuple[str, str | None]:
    """A sentence on one quantity with the same parameters in both packages, and a headline where they part."""
    name, called, fit = found.package.name, CALLED[one.name], found.fits[one.part]
    (ours, theirs), columns = one.answers["same"], found.columns
    n, head = len(ours), f"Same parameters, {called}:"
    if one.failure:
        return f"{head} {name} broke off: {one.failure}", f"{name} gives no {called}"
    clauses, touched = [], np.zeros(n, dtype=bool)
    for what, mask in odd(ours, theirs).items():
        if mask.any():
            touched |= mask
            clauses.append(f"{name} gives {_ODD[what]} to {_whom(mask, columns, found.label)}")
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
    why = _why(fit.ours.family.name, fit.same)
    return f"{head} {'; '.join(clauses)}.{why}", f"{called} part for {counted(float(touched.sum()), 'customer')}"


def of_value(found: Comparison, one: Quantity, row: Mapping[str, Any]) -> str:
    """A sentence on the value, whose conventions differ."""
    name, unit, horizon = found.package.name, str(found.unit), found.horizon or 0.0
    if one.failure:
        return f"Value (clv): {name} broke off: {one.failure}"
    months, size = months_of(unit, horizon) or 1, MONTHS[unit][1]
    total = 100 * (row["total_theirs"] / row["total_ours"] - 1) if row["total_ours"] else 0.0
    off = abs(horizon / (size * months) - 1) > 0.01
    whole = f", the whole months nearest to {length(horizon, unit)}" if off else ""
    return (
        f"Value (clv), same parameters, {months} months of {length(size, unit)}{whole}: of all customers together "
        f"{row['total_theirs']:,.2f} there, {row['total_ours']:,.2f} here ({total:+.2g} %). {name} discounts all that "
        "a month brings from its end, this package each purchase from when it comes: a convention, no error."
    )


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


def furthest(apart: Mapping[str, float]) -> tuple[str, float]:
    """The parameter that is the most standard errors away; NaN errors come last."""
    known = {name: abs(value) for name, value in apart.items() if value == value}
    if not known:
        return next(iter(apart)), float("nan")
    name = max(known, key=lambda one: known[one])
    return name, known[name]


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


def _why(family: str, parameters: Parameters) -> str:
    """What in the other package's closed form leads there, as far as the parameters tell."""
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


def of_own(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Sentences on what comes of each package's own parameters; ``rows`` are those of the predictions by quantity."""
    known = {name: row for name, row in rows.items() if np.isfinite(row["largest_difference"]) and row["total_ours"]}
    if not known:
        return []
    name, worst = max(known.items(), key=lambda item: float(item[1]["largest_difference"]))
    if worst["largest_difference"] < _UNTOLD_SHARE:
        return [
            f"Own parameters: no prediction of a customer differs by more than {_share(worst['largest_difference'])} "
            f"(the most: {CALLED[name]} of {worst['worst_customer']})."
        ]
    told = []
    for quantity, row in known.items():
        n = row["customers"]
        both = n - row["nan"] - row["infinite"]
        who = "all customers" if both == n else f"the {both:,} customers who get a number from both"
        whole, count = (f"of {who} on average", both) if quantity == "expected_spend" else (f"of {who} together", 1)
        there, here = row["total_theirs"] / count, row["total_ours"] / count
        told.append(
            f"Own parameters, {CALLED[quantity]}: {whole} {there:,.2f} there, {here:,.2f} here "
            f"({100 * (there / here - 1):+.2g} %); the median customer differs by {_share(row['median_difference'])}, "
            f"the one who differs most by {_share(row['largest_difference'])} ({row['worst_customer']})."
        )
    return told


def _share(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 10 else f"a factor of {1 + value:,.3g}"
