"""cross_check: the same customers with this package and with another one, side by side, and where the two part."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import ClvWarning, InvalidInput, NotAvailable
from ..models import statistics
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import one_length, unit_to_fit
from ..numerics.arrays import Array
from ..units import length, units_per_year
from ..validation.progress import shown
from . import cross_check_words as words
from . import original_lifetimes, original_pymc_marketing
from .cross_check_result import CrossCheck
from .other_packages import Found, OtherPackage

if TYPE_CHECKING:
    import pandas as pd

PACKAGES: Mapping[str, Callable[[int], OtherPackage]] = {
    "lifetimes": original_lifetimes.load,
    "pymc_marketing": original_pymc_marketing.load,
}
CUSTOMERS = 20_000


def cross_check(
    model: Any,
    summary: Any = None,
    *,
    against: str = "lifetimes",
    horizon: float | None = None,
    customers: int | None = CUSTOMERS,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> CrossCheck:
    """Fit the same customers with another package, and say where the two part and why.

    Two questions, kept apart. Do the formulas agree? Both packages predict with the same parameters θ: those of the
    model, or, of a model not fitted yet, those found here. Do the fits agree? Both estimate θ from the same rows
    without penalty, this package by maximum likelihood and the other in its own way, and the log-likelihoods
    Σ ln L(θ) of both are computed by both. The other package must be installed: ``pip install "clvmodels[lifetimes]"``.

    Parameters
    ----------
    model
        A `PurchaseModel`, `SpendModel` or `CLVModel`, fitted or not; its family is fitted. A posterior that it carries
        is not looked at, and it is not changed.
    summary
        One row a customer: the columns that the model reads (frequency, recency, T, monetary_value).
    against
        ``"lifetimes"`` or ``"pymc_marketing"`` (the maximum of its posterior, with its own priors).
    horizon
        How far ahead to predict, in the model's time unit; one year if None.
    customers
        Of a larger summary so many are drawn, for the other package may take hours; None for all.
    seed
        Of that draw, and of the random start of lifetimes' Pareto/NBD.
    progress
        Called with the name of each step as it begins; None for a bar on work that takes long.

    Returns
    -------
    CrossCheck
        ``verdict`` and ``sentences``, the tables ``parameters``, ``log_likelihoods``, ``predictions``, ``customers``
        and ``times``; printed, all of it.

    Raises
    ------
    NotAvailable
        If the other package is not installed, or is this package's stand-in for it, or has no such model.
    InvalidInput, UnitMismatch, NotEnoughData
        If the model, the summary, the package's name or a number cannot be used, the unit is not known, or nobody came
        back.

    Notes
    -----
    lifetimes values customers by sums over months of 30 days or 4.345 weeks, each discounted from its end; the value
    here is continuous. Of a CLVModel both are shown for as many whole months as the horizon is nearest to, at the same
    rate and margin; the difference is one of conventions.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.PurchaseModel("bg_nbd").fit(summary)
    >>> found = clv.cross_check(model, summary, against="lifetimes", horizon=39)
    >>> found.agrees, found.verdict
    (True, 'This package and lifetimes 0.11.3 agree: the same optimum, and the same predictions of every customer.')
    >>> found.log_likelihoods.round(3)["by_theirs"].tolist()
    [-9582.429, -9582.429]
    """
    parts = _parts(model)
    if against not in PACKAGES:
        raise InvalidInput(f"against must be one of {', '.join(map(repr, PACKAGES))}; found {str(against)[:60]!r}")
    if summary is None:
        raise InvalidInput(
            "summary is missing: a model keeps no customers, so give those to fit and compare, one row each: "
            "cross_check(model, summary)"
        )
    package = PACKAGES[against](_whole(seed, "seed"))
    for part in parts.values():
        _refuse_family(package, part)
    frame, of_customers = _drawn(summary, customers, seed)
    facts = frames.read_facts(frame)
    buying = parts.get("purchases")
    unit, ahead = None, None
    if buying is not None:
        unit = unit_to_fit(
            buying.time_unit, frame, f'PurchaseModel("{buying.family.name}", time_unit="week") if a week is 1.0 in T'
        )
        ahead = units_per_year(unit) if horizon is None else one_length(horizon, "horizon")
        ahead = math.floor(ahead + 1e-9) if buying.family.time == "discrete" else ahead
    columns = statistics.read(
        frame,
        list(dict.fromkeys(name for part in parts.values() for name in part.family.statistics)),
        "continuous" if buying is None else buying.family.time,
    )
    labels = [frames.identifier_at(frame, i) for i in range(len(frame))]
    with shown(progress, 2 * len(parts) + 1) as step:
        fits = {name: _fitted(name, part, unit, frame, columns, package, step) for name, part in parts.items()}
        step("predicting with both")
        quantities = _asked(model, fits, package, unit, ahead, frame, columns)
    rows = [_row(one, which, labels) for one in quantities for which in ("same", "own") if one.has(which)]
    sentences, headlines = _told(parts, fits, quantities, rows, package, columns, labels, ahead, unit)
    if len(frame) < of_customers:
        sentences.insert(
            0, f"{len(frame):,} of {of_customers:,} customers, drawn with seed {seed}, were fitted and compared."
        )
    n_differing = len(headlines)
    verdict = (
        f"They part: {'; '.join(headlines)}."
        if n_differing
        else f"This package and {package.name} {package.version} agree: the same optimum, and the same predictions of every "
        "customer."
    )
    return CrossCheck(
        package=package.name,
        version=package.version,
        titles=tuple(part.family.title for part in parts.values()),
        n_customers=len(frame),
        of_customers=of_customers,
        horizon=ahead,
        time_unit=unit,
        agrees=not n_differing,
        verdict=verdict,
        sentences=tuple(sentences),
        parameters=_parameters(fits),
        log_likelihoods=_log_likelihoods(fits),
        predictions=_table(rows),
        customers=_customers(frame, columns, quantities, facts),
        times=_times(fits),
    )


# The two fits


@dataclass(frozen=True)
class _Fits:
    """One model, fitted by both packages."""

    ours: Any
    same: dict[str, float]
    seconds: float
    theirs: Found
    by_ours: tuple[float, float]  # log-likelihoods at our parameters and at theirs, by our formula
    by_theirs: tuple[float, float]
    left_out: int

    @property
    def below(self) -> float:
        """How far the other package's parameters are below ours."""
        return self.by_ours[0] - self.by_ours[1]

    @property
    def apart(self) -> dict[str, float]:
        """Distances of the parameters in our standard errors."""
        if self.theirs.parameters is None:
            return {}
        errors, found = self.ours.standard_errors, self.ours.parameters
        return {name: (self.theirs.parameters[name] - found[name]) / errors[name] for name in found}


def _fitted(
    name: str, model: Any, unit: str | None, frame: Any, columns: dict[str, Array], package: OtherPackage, step: Any
) -> _Fits:
    family = model.family
    step(f"fitting {name} here")
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClvWarning)  # what there is to tell is told in the sentences
        ours = PurchaseModel(family, unit).fit(frame) if name == "purchases" else SpendModel(family).fit(frame)
    seconds = time.process_time() - begun
    rows, left_out = {each: columns[each] for each in family.statistics}, 0
    if name == "spend":
        paid = (rows["frequency"] > 0) & (rows["monetary_value"] > 0)
        left_out = int(((rows["frequency"] > 0) & ~paid).sum())
        rows = {each: values[paid] for each, values in rows.items()}
    step(f"fitting {name} with {package.name}")
    theirs = package.fit(family.name, rows)

    def by_ours(parameters: dict[str, float] | None) -> float:
        if parameters is None:
            return math.nan
        with np.errstate(all="ignore"):
            return float(np.sum(family.log_likelihood(*rows.values(), *parameters.values())[0]))

    def by_theirs(parameters: dict[str, float] | None) -> float:
        if parameters is None or package.log_likelihood is None:
            return math.nan
        return package.log_likelihood(family.name, parameters, rows)

    given = None if model._fitted is None else model.parameters
    found = theirs.parameters
    return _Fits(
        ours=ours,
        same=given or ours.parameters,
        seconds=seconds,
        theirs=theirs,
        by_ours=(by_ours(ours.parameters), by_ours(found)),
        by_theirs=(by_theirs(ours.parameters), by_theirs(found)),
        left_out=left_out,
    )


# What both say of every customer


@dataclass(frozen=True)
class _Quantity:
    """One number a customer, by both packages, with the same parameters and with each one's own."""

    name: str
    part: str
    answers: dict[str, tuple[Array, Array]]  # "same" and "own": ours, theirs
    failure: str | None

    def has(self, which: str) -> bool:
        return which in self.answers


def _asked(
    model: Any,
    fits: dict[str, _Fits],
    package: OtherPackage,
    unit: str | None,
    horizon: float | None,
    frame: Any,
    columns: dict[str, Array],
) -> list[_Quantity]:
    found = []
    buying, paying = fits.get("purchases"), fits.get("spend")
    if buying is not None and unit is not None and horizon is not None:
        family, ahead, units = buying.ours.family, horizon, unit

        def ours(parameters: dict[str, float]) -> PurchaseModel:
            return PurchaseModel.from_parameters(family, parameters, units)

        def expected(parameters: dict[str, float]) -> Array:
            return _array(ours(parameters).expected_purchases(frame, ahead))

        def alive(parameters: dict[str, float]) -> Array:
            return _array(ours(parameters).p_alive(frame))

        found += [
            _both("expected_purchases", "purchases", buying, expected,
                  lambda p: package.expected_purchases(family.name, p, columns, ahead)),
            _both("p_alive", "purchases", buying, alive, lambda p: package.p_alive(family.name, p, columns)),
        ]  # fmt: skip
    if paying is not None:
        spending = paying.ours.family

        def spend(parameters: dict[str, float]) -> Array:
            return _array(SpendModel.from_parameters(spending, parameters).expected_spend(frame))

        found.append(_both("expected_spend", "spend", paying, spend, lambda p: package.expected_spend(p, columns)))
    if isinstance(model, CLVModel) and package.value is not None and buying is not None and paying is not None:
        found += _value(model, buying, paying, package, str(unit), horizon or 0.0, frame, columns)
    return found


def _both(
    name: str,
    part: str,
    fits: _Fits,
    ours: Callable[[dict[str, float]], Array],
    theirs: Callable[[dict[str, float]], Array],
) -> _Quantity:
    answers, failure = {}, None
    pairs = {"same": (fits.same, fits.same), "own": (fits.ours.parameters, fits.theirs.parameters)}
    for which, (own, other) in pairs.items():
        if other is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClvWarning)
            here = ours(own)
        there, failure_now = _tried(theirs, other, len(here))
        answers[which], failure = (here, there), failure or failure_now
    return _Quantity(name, part, answers, failure)


def _tried(
    theirs: Callable[[dict[str, float]], Array], parameters: dict[str, float], n: int
) -> tuple[Array, str | None]:
    try:
        return np.broadcast_to(theirs(parameters), (n,)), None
    except Exception as error:  # another package may raise anything
        return np.full(n, np.nan), f"{type(error).__name__}: {' '.join(str(error).split())}"


def months_of(unit: str, horizon: float) -> int | None:
    """How many of lifetimes' months a horizon is nearest to, at least 1; None where it knows no such time unit.

    >>> months_of("week", 52.18), months_of("day", 30), months_of("year", 1)
    (12, 1, None)
    """
    if unit not in original_lifetimes.MONTHS:
        return None
    return max(1, round(horizon / original_lifetimes.MONTHS[unit][1]))


def _value(
    model: CLVModel,
    buying: _Fits,
    paying: _Fits,
    package: OtherPackage,
    unit: str,
    horizon: float,
    frame: Any,
    columns: dict[str, Array],
) -> list[_Quantity]:
    months = months_of(unit, horizon)
    if months is None or package.value is None or horizon <= 0:
        return []
    rate = model.annual_discount_rate
    margin = statistics.margins(frame, model.margin)
    value, ahead = package.value, months * original_lifetimes.MONTHS[unit][1]
    answers: dict[str, tuple[Array, Array]] = {}
    failure = None
    pairs = {"same": (buying.same, paying.same, buying.same, paying.same)}
    if buying.theirs.parameters is not None and paying.theirs.parameters is not None:
        pairs["own"] = (
            buying.ours.parameters,
            paying.ours.parameters,
            buying.theirs.parameters,
            paying.theirs.parameters,
        )
    for which, (own, own_spend, other, other_spend) in pairs.items():
        known = CLVModel(
            PurchaseModel.from_parameters(buying.ours.family, own, unit),
            SpendModel.from_parameters(paying.ours.family, own_spend),
            rate,
            model.margin,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClvWarning)
            here = _array(known.predict(frame, ahead)["clv"])

        def theirs(parameters: dict[str, float], spend: dict[str, float] = other_spend) -> Array:
            monthly = math.expm1(math.log1p(rate) / 12)
            return value(buying.ours.family.name, parameters, spend, columns, months, monthly, unit) * margin

        there, failure_now = _tried(theirs, other, len(here))
        answers[which], failure = (here, there), failure or failure_now
    return [_Quantity("clv", "clv", answers, failure)]


# Tables


def _row(one: _Quantity, which: str, labels: list[str]) -> dict[str, Any]:
    ours, theirs = one.answers[which]
    difference = words.relative(ours, theirs)
    known = difference[~np.isnan(difference)]
    worst = int(np.nanargmax(difference)) if known.size else None
    finite = np.isfinite(ours) & np.isfinite(theirs)
    return {
        "quantity": one.name,
        "parameters": which,
        "customers": len(ours),
        "total_ours": float(ours[finite].sum()),
        "total_theirs": float(theirs[finite].sum()),
        "median_difference": float(np.median(known)) if known.size else math.nan,
        "largest_difference": float(known.max()) if known.size else math.nan,
        **{what: int(mask.sum()) for what, mask in words.odd(ours, theirs).items()},
        "worst_customer": None if worst is None else labels[worst],
        "worst_ours": math.nan if worst is None else float(ours[worst]),
        "worst_theirs": math.nan if worst is None else float(theirs[worst]),
    }


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)


def _parameters(fits: dict[str, _Fits]) -> pd.DataFrame:
    return _table(
        [
            {
                "part": part,
                "parameter": name,
                "ours": value,
                "theirs": math.nan if fit.theirs.parameters is None else fit.theirs.parameters[name],
                "standard_error": fit.ours.standard_errors[name],
                "apart_by": fit.apart.get(name, math.nan),
            }
            for part, fit in fits.items()
            for name, value in fit.ours.parameters.items()
        ]
    )


def _log_likelihoods(fits: dict[str, _Fits]) -> pd.DataFrame:
    return _table(
        [
            {
                "part": part,
                "parameters": whose,
                "by_ours": fit.by_ours[i],
                "by_theirs": fit.by_theirs[i],
                "below_best": float(np.nanmax(fit.by_ours)) - fit.by_ours[i],
            }
            for part, fit in fits.items()
            for i, whose in enumerate(("ours", "theirs"))
        ]
    )


def _times(fits: dict[str, _Fits]) -> pd.DataFrame:
    return _table(
        [
            {
                "part": part,
                "ours": fit.seconds,
                "theirs": fit.theirs.seconds,
                "times_faster": fit.theirs.seconds / max(fit.seconds, 1e-6),
            }
            for part, fit in fits.items()
        ]
    )


def _customers(frame: Any, columns: dict[str, Array], quantities: list[_Quantity], facts: Any) -> pd.DataFrame:
    found: dict[str, Any] = {}
    ids = frames.identifiers(frame)
    if ids is not None:
        found["customer_id"] = ids
    found |= columns
    for one in quantities:
        for which, (ours, theirs) in one.answers.items():
            end = "_same" if which == "same" else ""
            found |= {f"{one.name}_ours{end}": ours, f"{one.name}_theirs{end}": theirs}
    table: pd.DataFrame = frames.attach_facts(frames.table(found, frame), facts)
    return table


# Words


def _told(
    parts: dict[str, Any],
    fits: dict[str, _Fits],
    quantities: list[_Quantity],
    rows: list[dict[str, Any]],
    package: OtherPackage,
    columns: dict[str, Array],
    labels: list[str],
    horizon: float | None,
    unit: str | None,
) -> tuple[list[str], list[str]]:
    sentences: list[str] = []
    pairs: list[tuple[str, str | None]] = []
    for name, fit in fits.items():
        family = fit.ours.family
        sentences += _of_given(parts[name], fit)
        told = words.of_fit(package, family.name, family.title, fit.ours.fit_report, fit.theirs, fit.below, fit.apart)
        pairs.append(told)
        if fit.left_out:
            pairs.append(
                (
                    f"{fit.left_out:,} repeaters with a mean spend of 0 are left out of both fits of spend, as "
                    f"SpendModel.fit does: a gamma density has no place for them, and {package.name} given them breaks off or "
                    "goes astray.",
                    None,
                )
            )
        if package.log_likelihood is not None:
            other = words.of_likelihood(package, family.title, fit.by_ours[0], fit.by_theirs[0])
            pairs += [other] if other else []
    told_rows = {(row["quantity"], row["parameters"]): row for row in rows}
    for one in quantities:
        if one.part == "clv":
            continue
        fit, (ours, theirs) = fits[one.part], one.answers["same"]
        pairs.append(
            words.of_formulas(
                package,
                fit.ours.family.name,
                one.name,
                told_rows[one.name, "same"],
                ours,
                theirs,
                columns,
                fit.same,
                labels,
                one.failure,
            )
        )
    own = {one.name: told_rows[one.name, "own"] for one in quantities if one.part != "clv" and one.has("own")}
    pairs += [(sentence, None) for sentence in words.of_own(own)]
    for one in quantities:
        if one.part == "clv":
            pairs.append((_of_value(package.name, one, told_rows[one.name, "same"], horizon or 0.0, str(unit)), None))
    sentences += [text for text, _ in pairs]
    seconds = sum(fit.seconds for fit in fits.values()), sum(fit.theirs.seconds for fit in fits.values())
    sentences.append(
        f"The fits took {seconds[0]:.3g} s of CPU time here and {seconds[1]:.3g} s in {package.name}, "
        f"{seconds[1] / max(seconds[0], 1e-6):,.0f} times as long."
        if seconds[1] > 1.5 * seconds[0]
        else f"The fits took {seconds[0]:.3g} s of CPU time here and {seconds[1]:.3g} s in {package.name}."
    )
    return sentences, [headline for _, headline in pairs if headline]


def _of_given(model: Any, fit: _Fits) -> list[str]:
    """What to know of a model that came with parameters."""
    if model._fitted is None:
        return []
    told, title = [], model.family.title
    report = model._fitted.report
    if report is not None and report.regularisation is not None:
        told.append(
            f"The {title} that was given is regularised ({report.regularisation}); both fits here are without, the "
            "predictions with the same parameters are of the given ones."
        )
    if model.posterior is not None:
        told.append(f"The {title} that was given carries a posterior, which is not looked at: its parameters are.")
    errors, found = fit.ours.standard_errors, fit.ours.parameters
    apart = {name: (fit.same[name] - found[name]) / errors[name] for name in found}
    name, far = words.furthest(apart)
    if far > words.NEAR:
        told.append(
            f"The {title} that was given has other parameters than a fit of these customers; {name}, the furthest, is "
            f"{far:.2g} standard errors away: it was fitted on other customers or in another way, or its parameters were "
            "given. The predictions with the same parameters are of the given ones."
        )
    return told


def _of_value(name: str, one: _Quantity, row: dict[str, Any], horizon: float, unit: str) -> str:
    months = months_of(unit, horizon)
    size = original_lifetimes.MONTHS[unit][1]
    if one.failure:
        return f"Value (clv): {name} broke off with {one.failure}"
    total = 100 * (row["total_theirs"] / row["total_ours"] - 1) if row["total_ours"] else math.nan
    whole = (
        f" The horizon of {length(horizon, unit)} was taken as {months} whole months, the nearest that {name} can do."
        if abs(horizon / (size * (months or 1)) - 1) > 0.01
        else ""
    )
    return (
        f"Value (clv), same parameters, {months} months of {length(size, unit)}: of all customers together "
        f"{row['total_theirs']:,.2f} there, {row['total_ours']:,.2f} here ({total:+.2g} %). {name} discounts what a month "
        f"brings from its end; here it is discounted from when it comes.{whole}"
    )


# What was given


def _parts(model: Any) -> dict[str, Any]:
    if isinstance(model, CLVModel):
        return {"purchases": model.purchases, "spend": model.spend}
    if isinstance(model, PurchaseModel):
        return {"purchases": model}
    if isinstance(model, SpendModel):
        return {"spend": model}
    raise InvalidInput(f"model must be a PurchaseModel, a SpendModel or a CLVModel; found {type(model).__name__}")


def _refuse_family(package: OtherPackage, model: Any) -> None:
    family = model.family
    if family.name not in package.families:
        raise NotAvailable(
            f"{package.name} has no {family.title} to check against: expected one of {', '.join(package.families)}"
        )


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise InvalidInput(f"{what} must be a whole number of at least 0; found {str(value)[:60]!r}")
    return int(value)


def _drawn(summary: Any, customers: int | None, seed: int) -> tuple[Any, int]:
    """The summary as a pandas frame with its facts, of a large one some customers in their order; and its size."""
    frame = frames.load(summary)
    n, facts = frames.n_rows(frame), frames.read_facts(frame)
    if customers is not None:
        wanted = _whole(customers, "customers")
        if wanted < 1:
            raise InvalidInput("customers must be a whole number of at least 1, or None for all; found 0")
        if wanted < n:
            frame = frames.rows(frame, np.sort(np.random.default_rng(seed).choice(n, wanted, replace=False)))
    return frames.attach_facts(frames.to_pandas(frame), facts), n


def _array(values: Any) -> Array:
    return np.asarray(values, dtype=np.float64)
