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
    quantities: list[InBoth]
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
        """How far parameters are from ours, in our standard errors; nothing of none.

        Where the likelihood is flat and there is no such error, a parameter is there (0) or infinitely far away.
        """
        errors, found = self.ours.standard_errors, self.ours.parameters
        apart = {} if parameters is None else {name: parameters[name] - value for name, value in found.items()}
        return {
            name: by / errors[name]
            if math.isfinite(errors[name])
            else 0.0
            if abs(by) < 1e-3 * found[name]
            else math.inf
            for name, by in apart.items()
        }


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
class InBoth:
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
) -> list[InBoth]:
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
            _both("expected_purchases", "purchases", _pairs(buying), expected,
                  lambda p: package.expected_purchases(family.name, p, columns, ahead)),
            _both("p_alive", "purchases", _pairs(buying), alive, lambda p: package.p_alive(family.name, p, columns)),
        ]  # fmt: skip
    if paying is not None:
        spending = paying.ours.family

        def spend(parameters: dict[str, float]) -> Array:
            return _array(SpendModel.from_parameters(spending, parameters).expected_spend(frame))

        found.append(
            _both("expected_spend", "spend", _pairs(paying), spend, lambda p: package.expected_spend(p, columns))
        )
    if isinstance(model, CLVModel) and package.value is not None and buying is not None and paying is not None:
        found += _value(model, buying, paying, package, str(unit), horizon or 0.0, frame, columns)
    return found


def _pairs(*fits: BothFits) -> dict[str, tuple[list[Any], list[Any]]]:
    """Each part's parameters to predict with, here and there: the same, and each one's own if the other found some."""
    same, theirs = [fit.same for fit in fits], [fit.theirs.parameters for fit in fits]
    own = {} if None in theirs else {"own": ([fit.ours.parameters for fit in fits], theirs)}
    return {"same": (same, same), **own}


def _both(
    name: str,
    part: str,
    pairs: Mapping[str, tuple[list[Any], list[Any]]],
    ours: Callable[..., Array],
    theirs: Callable[..., Array],
) -> InBoth:
    answers, failure = {}, None
    for which, (own, other) in pairs.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ClvWarning)
            here = ours(*own)
        there, failure_now = _tried(theirs, other, len(here))
        answers[which], failure = (here, there), failure or failure_now
    return InBoth(name, part, answers, failure)


def _tried(theirs: Callable[..., Array], parameters: list[Any], n: int) -> tuple[Array, str | None]:
    try:
        return np.broadcast_to(theirs(*parameters), (n,)), None
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
) -> list[InBoth]:
    months = months_of(unit, horizon)
    if months is None or package.value is None or horizon <= 0:
        return []
    family, rate = buying.ours.family, model.annual_discount_rate
    margin = statistics.margins(frame, model.margin)
    monthly = math.expm1(math.log1p(rate) / 12)
    value, ahead = package.value, months * MONTHS[unit][1]

    def ours(own: dict[str, float], own_spend: dict[str, float]) -> Array:
        known = CLVModel(
            PurchaseModel.from_parameters(family, own, unit),
            SpendModel.from_parameters(paying.ours.family, own_spend),
            rate,
            model.margin,
        )
        return _array(known.predict(frame, ahead)["clv"])

    def theirs(own: dict[str, float], own_spend: dict[str, float]) -> Array:
        return _array(value(family.name, own, own_spend, columns, months, monthly, unit) * margin)

    return [_both("clv", "clv", _pairs(buying, paying), ours, theirs)]


def _array(values: Any) -> Array:
    found: Array = np.asarray(values, dtype=np.float64)
    return found
