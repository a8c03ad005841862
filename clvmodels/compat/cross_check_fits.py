"""Both packages on the same customers: the two fits of each model, and what both then say of every customer."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import frames
from ..errors import ClvWarning
from ..models import statistics
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..numerics.arrays import Array
from .original_lifetimes import MONTHS
from .other_packages import Found, OtherPackage, told


@dataclass(frozen=True)
class Comparison:
    """Everything that was computed, before it is told."""

    package: OtherPackage
    models: dict[str, Any]  # as given, by part
    fits: dict[str, BothFits]
    quantities: list[Quantity]
    columns: dict[str, Array]
    label: Callable[[int], str]  # how a customer is called, by position
    horizon: float | None
    unit: str | None


def compare(
    model: Any,
    models: dict[str, Any],
    package: OtherPackage,
    frame: Any,
    columns: dict[str, Array],
    horizon: float | None,
    unit: str | None,
    step: Callable[[str], None],
) -> Comparison:
    """Fit every part twice, then ask both packages of every customer."""
    fits = {part: both_fits(part, one, unit, frame, columns, package, step) for part, one in models.items()}
    step("predicting with both")
    asked = quantities(model, fits, package, unit, horizon, frame, columns)
    label = partial(frames.identifier_at, frame)
    return Comparison(package, models, fits, asked, columns, label, horizon, unit)


@dataclass(frozen=True)
class BothFits:
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

    def away(self, parameters: Mapping[str, float] | None) -> dict[str, float]:
        """How far parameters are from ours, in our standard errors; nothing of none."""
        errors, found = self.ours.standard_errors, self.ours.parameters
        return {} if parameters is None else {name: (parameters[name] - found[name]) / errors[name] for name in found}


def both_fits(
    name: str, model: Any, unit: str | None, frame: Any, columns: dict[str, Array], package: OtherPackage, step: Any
) -> BothFits:
    """Fit one part of a model with both packages, and compute both log-likelihoods at both results."""
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
    return BothFits(
        ours=ours,
        same=given or ours.parameters,
        seconds=seconds,
        theirs=theirs,
        by_ours=(by_ours(ours.parameters), by_ours(found)),
        by_theirs=(by_theirs(ours.parameters), by_theirs(found)),
        left_out=left_out,
    )


@dataclass(frozen=True)
class Quantity:
    """One number a customer, by both packages, with the same parameters and with each one's own."""

    name: str
    part: str
    answers: dict[str, tuple[Array, Array]]  # "same" and "own": ours, theirs
    failure: str | None

    def has(self, which: str) -> bool:
        """Whether there are answers: none with a package's own parameters where it found none."""
        return which in self.answers


def quantities(
    model: Any,
    fits: dict[str, BothFits],
    package: OtherPackage,
    unit: str | None,
    horizon: float | None,
    frame: Any,
    columns: dict[str, Array],
) -> list[Quantity]:
    """What both packages say of every customer."""
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
    fits: BothFits,
    ours: Callable[[dict[str, float]], Array],
    theirs: Callable[[dict[str, float]], Array],
) -> Quantity:
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
    return Quantity(name, part, answers, failure)


def _tried(
    theirs: Callable[[dict[str, float]], Array], parameters: dict[str, float], n: int
) -> tuple[Array, str | None]:
    try:
        return np.broadcast_to(theirs(parameters), (n,)), None
    except Exception as error:  # another package may raise anything
        return np.full(n, np.nan), told(error)


def months_of(unit: str, horizon: float) -> int | None:
    """How many of lifetimes' months a horizon is nearest to, at least 1; None where it knows no such time unit.

    >>> months_of("week", 52.18), months_of("day", 30), months_of("year", 1)
    (12, 1, None)
    """
    if unit not in MONTHS:
        return None
    return max(1, round(horizon / MONTHS[unit][1]))


def _value(
    model: CLVModel,
    buying: BothFits,
    paying: BothFits,
    package: OtherPackage,
    unit: str,
    horizon: float,
    frame: Any,
    columns: dict[str, Array],
) -> list[Quantity]:
    months = months_of(unit, horizon)
    if months is None or package.value is None or horizon <= 0:
        return []
    rate = model.annual_discount_rate
    margin = statistics.margins(frame, model.margin)
    value, ahead = package.value, months * MONTHS[unit][1]
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
            return _array(value(buying.ours.family.name, parameters, spend, columns, months, monthly, unit) * margin)

        there, failure_now = _tried(theirs, other, len(here))
        answers[which], failure = (here, there), failure or failure_now
    return [Quantity("clv", "clv", answers, failure)]


def _array(values: Any) -> Array:
    found: Array = np.asarray(values, dtype=np.float64)
    return found
