"""Segments of customers by what a model says: is he still there, and what is he worth if he is?"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..numerics.arrays import Array
from .rule_boxes import Boxes, read_boxes, segments_of
from .rules import segment_rules
from .value_columns import finite_values, probabilities, start_of_share

VALUE, IF_ALIVE = "value", "value_if_alive"
_QUANTILE = "_quantile"
_QUANTITIES = ("p_alive", VALUE, IF_ALIVE, VALUE + _QUANTILE, IF_ALIVE + _QUANTILE)


def value_if_alive(scored: Any, value: str = "clv") -> Any:
    """Return what each customer is worth if he is alive at T: value / P(alive), as value is P(alive) times that.

    Who is probably gone has a small value whatever he used to buy; this says what there is to win back. It is not what
    he is worth, and not what a campaign brings: that needs the chance to win him back.

    Parameters
    ----------
    scored
        What ``CLVModel.predict`` returned: p_alive and the value, any kind of frame.
    value
        The column of the value: ``"clv"``, or another such as ``"clv_52"``.

    Returns
    -------
    Series
        ``value_if_alive``, of the caller's kind, row by row in the caller's order; 0 where P(alive) is too small for a
        float (below 1e-307), as nothing can be told there.

    Raises
    ------
    InvalidInput
        If a column is not there, a value is not finite, or P(alive) is no probability.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"customer_id": ["ann", "bob"], "p_alive": [0.9, 0.1], "clv": [18.0, 5.0]})
    >>> clv.economics.value_if_alive(scored).round(2).tolist()
    [20.0, 50.0]
    """
    frame = frames.load(scored)
    return frames.series(_if_alive(finite_values(frame, value), probabilities(frame)), IF_ALIVE, frame)


def value_segments(scored: Any, rules: Any = None, value: str = "clv") -> Any:
    """Name the segment of every customer by P(alive) and value: protect, grow, win back, let go.

    Unless ``rules`` say otherwise: who is probably alive (P(alive) at least 0.5) is to be protected if what he is worth
    is in the upper fifth of customers, else to grow; who is probably gone is to be won back if he would be in that
    fifth were he alive, else let go. So that all are measured alike, worth is `value_if_alive` on both sides.

    Parameters
    ----------
    scored
        What ``CLVModel.predict`` returned: p_alive and the value, any kind of frame.
    rules
        A table like ``segment_rules("value")``, edited or not, or the path of one; that table if None. Bounds
        (``_at_least``, ``_below``) may speak of ``p_alive``; of ``value`` and ``value_if_alive`` in money; and of
        ``value_quantile`` and ``value_if_alive_quantile``, shares of these customers: at least 0.8 is the upper fifth,
        the boundary value, and all who tie with it, included.
    value
        The column of the value: ``"clv"``, or another such as ``"clv_52"``.

    Returns
    -------
    Series
        ``segment``, of the caller's kind, row by row in the caller's order.

    Raises
    ------
    InvalidInput
        If rules leave somebody out or overlap, a column is not there, a value is not finite, or P(alive) is no
        probability.

    Notes
    -----
    BG/NBD gives P(alive) = 1 to everyone who has bought once, so that nobody of them is ever won back or let go; under
    MBG/NBD and Pareto/NBD they can be.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> scored = pandas.DataFrame({"p_alive": [0.9, 0.8, 0.2, 0.1], "clv": [90.0, 8.0, 30.0, 0.5]})
    >>> rules = clv.economics.segment_rules("value").replace({0.8: 0.5})  # the upper half is valuable
    >>> clv.economics.value_segments(scored, rules).tolist()
    ['protect', 'grow', 'win back', 'let go']
    """
    frame = frames.load(scored)
    lowest = {"p_alive": 0.0, VALUE + _QUANTILE: 0.0, IF_ALIVE + _QUANTILE: 0.0}
    boxes = read_boxes(segment_rules("value") if rules is None else rules, _QUANTITIES, lowest)
    worth = finite_values(frame, value)
    found = {VALUE: worth}
    if any(name.startswith(("p_alive", IF_ALIVE)) for name in boxes.edges):
        found["p_alive"] = probabilities(frame)
        found[IF_ALIVE] = _if_alive(worth, found["p_alive"])
    edges = {name: _in_money(each, name, found) for name, each in boxes.edges.items()}
    values = {name: found[name.removesuffix(_QUANTILE)] for name in boxes.edges}
    return frames.series(segments_of(Boxes(boxes.segments, edges, boxes.rule, 0), values), "segment", frame)


def _in_money(edges: Array, name: str, found: dict[str, Array]) -> Array:
    """Edges on a quantity, from edges that may be shares of customers."""
    if not name.endswith(_QUANTILE):
        return edges
    wrong = ~((edges > 0) & (edges < 1))
    if wrong.any():
        raise InvalidInput(
            f"bounds on {name} must be shares of customers, below 1, for example 0.8 for the upper fifth (blank for no "
            f"bound); the rules have {edges[wrong][0]:g}"
        )
    return start_of_share(found[name.removesuffix(_QUANTILE)], edges)


def _if_alive(worth: Array, alive: Array) -> Array:
    return np.divide(worth, alive, out=np.zeros(len(worth)), where=alive > 10 * np.finfo(float).tiny)
