"""What a cross-check says in words: where two packages part, by how much, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..inference.fit_report import FitReport
from ..numerics.arrays import Array
from .other_packages import Columns, Found, OtherPackage

SAME = 1e-6  # relative: predictions closer than this are the same
CLOSE = 1e-3  # of a log-likelihood: two optima closer than this are the same
NEAR = 0.02  # standard errors
_UNTOLD = 0.05  # of a log-likelihood: what no test would notice
_UNTOLD_SHARE = 1e-4  # of a prediction
_SINGULAR = {"bg_nbd": "a", "mbg_nbd": "a", "pareto_nbd": "s", "bg_bb": "gamma", "gamma_gamma": "q"}
CALLED = {
    "expected_purchases": "expected purchases",
    "p_alive": "P(alive)",
    "expected_spend": "expected spend",
    "clv": "value (clv)",
}


def of_fit(
    package: OtherPackage,
    family: str,
    title: str,
    report: FitReport,
    theirs: Found,
    below: float,
    apart: Mapping[str, float],
) -> tuple[str, str | None]:
    """A sentence on the two fits of a model, and a headline where they part.

    ``below`` is how far the log-likelihood at the other package's parameters is below ours, by our formula; ``apart``
    the distances of the parameters in standard errors.
    """
    own = "" if report.converged else f" This package's own fit: {report.verdict}"
    if theirs.parameters is None:
        text = (
            f"{title}, the fit: {package.name} broke off with {theirs.failure} This package's fit has the "
            f"log-likelihood {report.log_likelihood:,.3f}: {report.verdict}"
        )
        return text, f"{package.name} did not fit the {title}"
    name, far = furthest(apart)
    distance = f"the furthest parameter, {name}, is {far:.2g} standard errors away"
    prior = package.priors.get(family)
    if below > CLOSE:
        what = f"{below:.3g} below the optimum that was found here"
        why = (
            f"it maximises the likelihood times priors of its own ({prior})"
            if prior
            else f"it is {package.searching[family]}"
        )
        small = ", too little for any test to notice" if below < _UNTOLD else ""
        text = f"{title}, the fit: {package.name} ends at a log-likelihood {what}{small}; {distance}. Why: {why}."
        return text + own, f"{package.name}'s {title} fit is {below:.3g} below the optimum"
    if below < -CLOSE:
        text = (
            f"{title}, the fit: {package.name} found a log-likelihood {-below:.3g} higher than this package; {distance}. "
            "This package stopped short of it."
        )
        return text + own, f"this package's {title} fit is {-below:.3g} below {package.name}'s"
    if not far <= NEAR:
        text = (
            f"{title}, the fit: the log-likelihoods are the same (within {abs(below):.1g}), but {distance}: along some "
            "direction the likelihood is flat, and either set of parameters describes these customers as well."
        )
        return text + own, f"the {title} parameters are not determined"
    text = (
        f"{title}, the fit: both found the same optimum; log-likelihoods within {max(abs(below), 1e-9):.1g}, parameters "
        f"within {max(far, 1e-6):.1g} standard errors."
    )
    return text + own, None


def of_likelihood(package: OtherPackage, title: str, ours: float, theirs: float) -> tuple[str, str] | None:
    """A sentence where the two compute another log-likelihood from the same parameters."""
    if abs(theirs - ours) <= SAME * max(1.0, abs(ours)):
        return None
    found = f"gives {theirs:,.3f}" if np.isfinite(theirs) else f"gives no finite number ({theirs})"
    text = f"{title}, the likelihood: with the same parameters {package.name} {found} where this package gives {ours:,.3f}."
    return text, f"{package.name} computes another likelihood of the {title}"


def of_formulas(
    package: OtherPackage,
    family: str,
    quantity: str,
    row: Mapping[str, Any],
    ours: Array,
    theirs: Array,
    columns: Columns,
    parameters: Mapping[str, float],
    labels: Sequence[str],
    failure: str | None,
) -> tuple[str, str | None]:
    """A sentence on one quantity with the same parameters in both packages, and a headline where they part."""
    called, n = CALLED[quantity], len(ours)
    head = f"Same parameters, {called}:"
    if failure:
        return f"{head} {package.name} broke off with {failure}", f"{package.name} gives no {called}"
    clauses, touched = [], np.zeros(n, dtype=bool)
    for what, mask in odd(ours, theirs).items():
        if mask.any():
            touched |= mask
            clauses.append(f"{package.name} gives {_ODD[what]} to {_whom(mask, columns, labels)}")
    if row["largest_difference"] > SAME:
        apart = relative(ours, theirs) > SAME
        apart &= ~touched
        if apart.any():
            i = int(np.nanargmax(np.where(apart, relative(ours, theirs), -1.0)))
            touched |= apart
            clauses.append(
                f"{apart.sum():,} of {n:,} customers differ by more than {SAME:g}, most {labels[i]}"
                f"{_history(columns, i)}: {theirs[i]:.6g} there, {ours[i]:.6g} here"
            )
    if not clauses:
        largest = row["largest_difference"]
        return f"{head} the same for all {n:,} customers (largest relative difference {largest:.1g}).", None
    why = _why(package.name, family, parameters)
    return f"{head} {'; '.join(clauses)}.{why}", f"{package.name}'s {called} part for {touched.sum():,} customers"


_ODD = {"nan": "NaN", "infinite": "an infinite number", "negative": "a negative number"}


def odd(ours: Array, theirs: Array) -> dict[str, Any]:
    """Which customers get something from the other package that is no answer, where we give one or infinity."""
    small = 1e-6 * scale_of(ours)
    return {
        "nan": np.isnan(theirs) & ~np.isnan(ours),
        "infinite": np.isinf(theirs) & np.isfinite(ours),
        "negative": theirs < -small,
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


def _whom(mask: Any, columns: Columns, labels: Sequence[str]) -> str:
    """How many customers, what they have in common, and which is the first."""
    n, x = len(mask), columns["frequency"]
    first = int(np.argmax(mask))
    if mask.all():
        return f"all {n:,} customers"
    least, most = float(x[mask].min()), float(x[mask].max())
    if least > 0 and bool(mask[x >= least].all()):
        common = f", everybody with a frequency of {least:.0f} or more"
    elif least == most:
        common = f", all with a frequency of {least:.0f}"
    else:
        common = f", with frequencies from {least:.0f} to {most:.0f}"
    return f"{mask.sum():,} of {n:,} customers{common} (first {labels[first]})"


def _history(columns: Columns, i: int) -> str:
    shown = [f"{name} {columns[name][i]:.4g}" for name in ("frequency", "recency", "T") if name in columns]
    return f" ({', '.join(shown)})"


def _why(name: str, family: str, parameters: Mapping[str, float]) -> str:
    """What in the other package's closed form leads there, as far as the parameters tell."""
    singular = _SINGULAR[family]
    value = parameters[singular]
    if family == "gamma_gamma":
        if value > 1:
            return ""
        return (
            f" Why: q = {value:.4g} is not above 1, so the mean spend of the population is infinite, and its formula p v/"
            "(q − 1) negative; here it is inf where p x + q ≤ 1."
        )
    if abs(value - 1) < 1e-3:
        return f" Why: its closed form divides a difference of nearly equal numbers by {singular} − 1, here {value - 1:.2g}."
    return (
        " Why: in its closed form terms of frequent buyers leave the range of floating-point numbers, or cancel; here "
        "the integrals are taken of positive terms, which cannot."
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
        whole, count = ("on average", n) if quantity == "expected_spend" else ("of all customers together", 1)
        there, here = row["total_theirs"] / count, row["total_ours"] / count
        told.append(
            f"Own parameters, {CALLED[quantity]}: {whole} {there:,.2f} there, {here:,.2f} here "
            f"({100 * (there / here - 1):+.2g} %); the median customer differs by {_share(row['median_difference'])}, the "
            f"one who differs most by {_share(row['largest_difference'])} ({row['worst_customer']})."
        )
    return told


def _share(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 10 else f"a factor of {1 + value:,.3g}"
