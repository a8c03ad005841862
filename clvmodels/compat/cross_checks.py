"""cross_check: the same customers with this package and with another one, side by side, and where the two part."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotAvailable
from ..models import statistics
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.spend import SpendModel
from ..models.time_units import check_unit_to_predict, one_length, unit_to_compare
from ..units import units_per_year
from ..validation.progress import shown
from . import cross_check_tables as tables
from . import cross_check_words as words
from . import original_lifetimes, original_pymc_marketing
from .cross_check_fits import compare
from .cross_check_result import CrossCheck
from .other_packages import PACKAGES, SAMPLE, OtherPackage

_LOAD: Mapping[str, Callable[[int], OtherPackage]] = dict(
    zip(PACKAGES, (original_lifetimes.load, original_pymc_marketing.load), strict=True)
)

_LARGEST_SEED = 2**32 - 1  # of the random numbers that lifetimes draws


def cross_check(
    model: Any,
    summary: Any = None,
    *,
    against: str = "lifetimes",
    horizon: float | None = None,
    customers: int | None = SAMPLE,
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
    models = _parts(model)
    if against not in PACKAGES:
        raise InvalidInput(f"against must be one of {', '.join(map(repr, PACKAGES))}; found {str(against)[:60]!r}")
    if summary is None:
        raise InvalidInput(
            "summary is missing: a model keeps no customers, so give those to fit and compare, one row each: "
            "cross_check(model, summary)"
        )
    if _whole(seed, "seed") > _LARGEST_SEED:
        raise InvalidInput(f"seed must be a whole number of at most {_LARGEST_SEED}; found {seed}")
    package = _LOAD[against](int(seed))
    for part in models.values():
        _refuse_family(package, part)
    frame, of_customers = _drawn(summary, customers, seed)
    facts = frames.read_facts(frame)
    buying = models.get("purchases")
    unit, ahead = None, None
    if buying is not None:
        unit = unit_to_compare(
            [buying], frame, f'PurchaseModel("{buying.family.name}", time_unit="week") if a week is 1.0 in T'
        )
        ahead = units_per_year(unit) if horizon is None else one_length(horizon, "horizon")
        ahead = math.floor(ahead + 1e-9) if buying.family.time == "discrete" else ahead
    columns = statistics.read(
        frame,
        list(dict.fromkeys(name for part in models.values() for name in part.family.statistics)),
        "continuous" if buying is None else buying.family.time,
    )
    if buying is not None and buying._fitted is not None:
        check_unit_to_predict(buying.time_unit, buying.largest_trained, frame, columns.get("T"))
    with shown(progress, 2 * len(models) + 1) as step:
        found = compare(model, models, package, frame, columns, ahead, unit, step)
    rows = tables.prediction_rows(found)
    sentences, headlines = words.told(found, rows)
    if len(frame) < of_customers:
        of = f"{len(frame):,} of {of_customers:,} customers, drawn with seed {seed}"
        sentences.insert(0, f"{of}, were fitted and compared.")
    both = f"This package and {package.name} {package.version}"
    agree = f"{both} agree: the same optimum, and the same predictions of every customer."
    return CrossCheck(
        package=package.name,
        version=package.version,
        titles=tuple(part.family.title for part in models.values()),
        n_customers=len(frame),
        of_customers=of_customers,
        horizon=ahead,
        time_unit=unit,
        agrees=not headlines,
        verdict=f"They part: {'; '.join(headlines)}." if headlines else agree,
        sentences=tuple(sentences),
        parameters=tables.parameters(found.fits),
        log_likelihoods=tables.log_likelihoods(found.fits),
        predictions=tables.table(rows),
        customers=tables.customers(frame, found, facts),
        times=tables.times(found.fits),
    )


def _parts(model: Any) -> dict[str, Any]:
    if isinstance(model, CLVModel):
        return {"purchases": model.purchases, "spend": model.spend}
    if isinstance(model, PurchaseModel):
        return {"purchases": model}
    if isinstance(model, SpendModel):
        return {"spend": model}
    found, instead = type(model).__name__, ""
    if found.endswith("Fitter"):
        instead = '. Convert it: clv.from_lifetimes(fitter, time_unit="week"), or what its T is in'
    elif hasattr(model, "idata"):
        instead = '. Convert it: clv.from_pymc_marketing(model, time_unit="week"), or what its T is in'
    elif isinstance(model, str | os.PathLike):
        instead = '. clv.load_model(path) loads a saved one, clv.PurchaseModel("bg_nbd") makes one by its name'
    raise InvalidInput(f"model must be a PurchaseModel, a SpendModel or a CLVModel; found {found}{instead}")


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
