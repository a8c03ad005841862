"""A posterior in a model file: the draws of a parameter are one line of numbers, each with its shortest exact text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from ..numerics.arrays import Array
from .posterior import Posterior, judged

_DRAWN = ("draws", "purchases", "spend")


def described(posterior: Posterior) -> dict[str, Any]:
    """The posterior of one family as JSON values."""
    chains, draws, _ = posterior.draws.shape
    rest = {field.name: getattr(posterior, field.name) for field in fields(Posterior) if field.name not in _DRAWN}
    each = {
        name: " ".join(map(repr, posterior.draws[:, :, i].ravel().tolist()))
        for i, name in enumerate(posterior.parameters)
    }
    return {**rest, "chains": chains, "draws_per_chain": draws, "draws": each}


def restored(content: Mapping[str, Any], family: Any, time_unit: str | None = None) -> Posterior:
    """The posterior back, checked: nothing in it is trusted.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it is not what `described` gives for that family and, if the model has one, that time unit.
    """
    rest = {name: value for name, value in content.items() if name not in ("chains", "draws_per_chain", "draws")}
    known = {field.name: field for field in fields(Posterior) if field.name not in _DRAWN}
    needed = {name for name, field in known.items() if field.default is MISSING}
    if not needed <= set(rest) <= set(known):
        raise ValueError("a posterior with other entries")
    if tuple(rest["parameters"]) != family.parameters or set(content["draws"]) != set(family.parameters):
        raise ValueError("a posterior of other parameters")
    shape = _count(content["chains"]), _count(content["draws_per_chain"])
    rest |= {name: tuple(map(_text, rest[name])) for name in ("parameters", "prior", "reasons", "notes")}
    for name in ("method", "family", "time_unit"):
        rest[name] = None if rest[name] is None and name == "time_unit" else _text(rest[name])
    if rest["family"] not in ("", family.name) or (time_unit and rest["time_unit"] not in (None, time_unit)):
        raise ValueError("a posterior of another family or in another time unit")
    for name in ("n_customers", "k_hat", "acceptance"):
        rest[name] = None if rest[name] is None and name != "n_customers" else number(rest[name])
    for name in ("ess", "r_hat", "ess_bulk", "ess_tail"):
        if rest[name] is not None or name == "ess":
            rest[name] = {key: number(rest[name][key]) for key in family.parameters if key in rest[name]}
    rest["distinct_draws"] = _count(rest["distinct_draws"])
    draws = np.stack([_line(content["draws"][name], shape) for name in family.parameters], axis=2)
    return judged(Posterior(draws=draws, **rest))  # a verdict is what the diagnostics say, not what a file says


def _line(text: Any, shape: tuple[int, int]) -> Array:
    values = np.array([float(word) for word in _text(text).split(" ")])
    if not np.all(np.isfinite(values) & (values > 0)):
        raise ValueError("draws that are not above 0")
    return values.reshape(shape)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:20]!r} is no text")
    return value


def number(value: Any) -> float:
    """A number in a file; raises TypeError for anything else, true and false among it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{str(value)[:20]!r} is no number")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"{str(value)[:20]!r} is no count")
    return value
