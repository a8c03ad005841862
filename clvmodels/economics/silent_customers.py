"""Valuable customers who fall silent, and the date on which each of them is given up if he stays so."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import answers, statistics
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.silence import LONGEST, time_until_below
from ..models.time_units import checked_lengths, numbers
from ..numerics.arrays import Array
from .dates_ahead import dates_ahead, end_of_observation


def falls_below(model: CLVModel | PurchaseModel, summary: Any, level: float = 0.5) -> Any:
    """Time from T until P(alive) falls below a level if no purchase comes, for every customer.

    The u at which P(alive | x, t_x, T + u) = level, the history unchanged but for the time that has gone by: see
    `clvmodels.PurchaseModel.p_alive_if_no_purchase`. For BG/NBD with x ≥ 1 that is

        u = (alpha + t_x) · ((1 − level)/level · (b + x − 1)/a)^(1/(r + x)) − alpha − T,

    for MBG/NBD the same with b + x; elsewhere it is the root. Below 0 where P(alive) is below the level already: so
    long ago it fell, at the earliest right after the last purchase, t_x − T. It is inf where it never falls: for NBD,
    which has no dropout; for BG/NBD with x = 0, whom the model takes for alive however long the silence; and in
    discrete time where it takes more than 10,000 periods of silence. In discrete time u is a whole number of periods,
    the first by whose end P(alive) is not above the level.

    Parameters
    ----------
    model
        A `CLVModel` or `PurchaseModel` with parameters.
    summary
        One row a customer: the columns that the purchase family reads (frequency, recency, T).
    level
        Above 0 and below 1.

    Returns
    -------
    Series
        ``falls_below`` in the model's time unit, of the caller's kind, row by row.

    Raises
    ------
    NotFitted, UnitMismatch, InvalidInput, NotAvailable
        If the model has no parameters, the summary is in another unit or cannot be used, the level is none, or the
        family reads no T.

    Warns
    -----
    ClvWarning
        If the summary does not say its unit and looks as though it were another.

    References
    ----------
    P(alive) of BG/NBD: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284; the others as of the family's
    ``source``.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> model = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    >>> seen = pandas.DataFrame({"frequency": [2, 5, 0], "recency": [30.43, 20.0, 0.0], "T": [38.86, 38.86, 38.86]})
    >>> clv.economics.falls_below(model, seen).round(2).tolist()
    [23.63, -6.89, inf]
    """
    share = _checked_level(level)
    purchases = purchases_of(model)
    frame, columns = purchases._read(summary)
    found = time_until_below(purchases.family, share, columns, purchases._state.values)
    return frames.series(found, "falls_below", frame)


def at_risk(
    model: CLVModel,
    summary: Any,
    *,
    level: float = 0.5,
    top: float = 0.2,
    min_value: float | None = None,
    within: float | None = None,
    horizon: Any = None,
    annual_discount_rate: float | None = None,
    margin: float | str | None = None,
    observation_end: Any = None,
) -> Any:
    """List customers of high value with the date on which P(alive) falls below a level if no purchase comes.

    What is at risk is ``clv``, the residual value that `clvmodels.CLVModel.predict` gives: it holds P(alive) as it is
    now. The date is that of `falls_below`. A purchase before it puts the date off; none by then, and the odds are
    (1 − level) to level that the customer has left.

    Parameters
    ----------
    model
        A `CLVModel` with parameters.
    summary
        One row a customer: the columns that both models read.
    level
        Of P(alive), above 0 and below 1.
    top
        The share of customers that counts as being of high value, by clv; above 0, at most 1. The number is rounded up;
        of equal values the earlier row goes first.
    min_value
        Instead of ``top``: a clv from which on a customer counts.
    within
        Only customers who fall below the level within so much time after T, in the model's time unit, those who have
        fallen already included: 1 in weeks for whom to write to this week. By default all of high value, the safe ones
        too.
    horizon, annual_discount_rate, margin
        Of the value, as for `clvmodels.CLVModel.predict`: one year, and the model's own, unless told.
    observation_end
        Where the summary does not say it.

    Returns
    -------
    frame
        Of the caller's kind, dearest first, pandas with the caller's index: customer_id (if there is one), clv,
        p_alive, falls_below_in (time from T in the model's unit, below 0 where it is past, inf for never),
        falls_below_on (the first day at whose end P(alive) is not above the level; missing where it never falls, lies
        after the year 9999, or the end of observation is not known) and note, which says in words what the two mean.

    Raises
    ------
    NotFitted, UnitMismatch, InvalidInput, NotAvailable
        As `clvmodels.CLVModel.predict` and `falls_below` do, and for a share, value or length that cannot be used.

    Warns
    -----
    ClvWarning
        As `clvmodels.CLVModel.predict` does.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> purchases = clv.PurchaseModel.from_parameters("bg_nbd", parameters, time_unit="week")
    >>> spend = clv.SpendModel.from_parameters("gamma_gamma", {"p": 6.25, "q": 3.74, "v": 15.44})
    >>> seen = pandas.DataFrame({"customer_id": ["ann", "bob", "cy"], "frequency": [2, 5, 0]})
    >>> seen = seen.assign(recency=[30.43, 20.0, 0.0], T=38.86, monetary_value=[22.35, 40.0, None])
    >>> found = clv.economics.at_risk(clv.CLVModel(purchases, spend), seen, top=1, observation_end="1997-09-30")
    >>> print(found.drop(columns="note").to_string(index=False, float_format="{:.2f}".format))
    customer_id   clv  p_alive  falls_below_in falls_below_on
            bob 52.47     0.29           -6.89     1997-08-13
            ann 36.90     0.73           23.63     1998-03-15
             cy  8.51     1.00             inf            NaT
    >>> print("\\n".join(found["note"]))
    below 0.5 already
    falls below 0.5 if no purchase comes
    never falls: BG/NBD takes who never came back for alive, however long the silence
    """
    share, limit = _checked_level(level), np.inf if within is None else _checked_length(within)
    if not isinstance(model, CLVModel):
        raise InvalidInput(f"model must be a CLVModel, which knows what a customer is worth; found {_called(model)}")
    frame = frames.load(summary)
    if horizon is not None:
        answers.one_horizon(frame, horizon)
    scored = model.predict(frame, horizon, annual_discount_rate, margin)
    end = end_of_observation(frame, observation_end)
    worth = frames.numeric(scored, "clv")
    dearest = np.argsort(-worth, kind="stable")
    valuable = _how_many(top, len(worth)) if min_value is None else int(np.sum(worth >= _money(min_value)))
    chosen = dearest[:valuable]

    family, parameters = model.purchases.family, model.purchases._state.values
    history = statistics.read(frame, family.statistics, family.time)
    known = {name: values[chosen] for name, values in history.items()}
    falls = time_until_below(family, share, list(known.values()), parameters)
    near = falls <= limit
    chosen, falls, known = chosen[near], falls[near], {name: values[near] for name, values in known.items()}
    rows = frames.rows(frame, chosen)
    ids = frames.identifiers(rows)
    result: dict[str, Any] = {} if ids is None else {"customer_id": ids}
    result |= {
        "clv": worth[chosen],
        "p_alive": frames.numeric(scored, "p_alive")[chosen],
        "falls_below_in": falls,
        "falls_below_on": dates_ahead(end, falls, model.purchases._unit, family.time),
        "note": _notes(model.purchases, share, falls, known),
    }
    told = {} if end is None else {"observation_end": end.isoformat()}
    return frames.attach_facts(frames.table(result, rows), {**frames.read_facts(scored), **told})


def _notes(purchases: PurchaseModel, level: float, falls: Array, history: dict[str, Array]) -> list[str]:
    """What each time says, in words."""
    family = purchases.family
    if family.finite_total is None:
        never = f"never falls: {family.title} has no dropout"
    elif family.time == "discrete":
        never = f"does not fall within {LONGEST:,} {purchases._unit}s of silence"
    else:
        never = "never falls, as far as numbers reach"
    words = np.array(
        [
            f"falls below {level:g} if no purchase comes",
            f"below {level:g} already",
            f"below {level:g} ever since the last purchase",
            never,
            f"never falls: {family.title} takes who never came back for alive, however long the silence",
        ],
        dtype=object,
    )
    kinds = np.where(falls <= 0, 1, 0)
    if "recency" in history and "T" in history:
        kinds[(falls <= 0) & (falls <= history["recency"] - history["T"])] = 2
    kinds[np.isinf(falls)] = 3
    if family.finite_total is not None and family.time == "continuous" and "frequency" in history:
        # alive for certain by construction, not because the odds come down more slowly than a number can hold
        later = history | {"T": 1e6 * (1 + history["T"])}
        certain = np.exp(family.log_p_alive(*later.values(), *purchases._state.values)) == 1
        kinds[np.isinf(falls) & (history["frequency"] == 0) & certain] = 4
    told: list[str] = words[kinds].tolist()
    return told


def purchases_of(model: Any) -> PurchaseModel:
    """The part of a model that knows when customers buy."""
    found = model.purchases if isinstance(model, CLVModel) else model
    if not isinstance(found, PurchaseModel):
        raise InvalidInput(f"model must be a CLVModel or a PurchaseModel; found {_called(model)}")
    return found


def _called(thing: object) -> str:
    return type(thing).__qualname__


def _checked_level(level: Any) -> float:
    value = numbers(level, "level must be a probability")
    if value.ndim or not 0 < value < 1:
        raise InvalidInput(f"level must lie between 0 and 1, for example 0.5; found {level!r}")
    return float(value)


def _checked_length(within: Any) -> float:
    value = checked_lengths(within, "within")
    if value.ndim:
        raise InvalidInput(f"within must be one number; found {str(within)[:60]}")
    return float(value)


def _how_many(top: Any, n: int) -> int:
    value = numbers(top, "top must be a share of the customers")
    if value.ndim or not 0 < value <= 1:
        raise InvalidInput(f"top must be above 0 and at most 1, for example 0.2 for the best fifth; found {top!r}")
    return int(np.ceil(float(value) * n * (1 - 1e-12)))


def _money(value: Any) -> float:
    result = numbers(value, "min_value must be an amount of money")
    if result.ndim or np.isnan(result):
        raise InvalidInput(f"min_value must be one amount of money; found {value!r}")
    return float(result)
