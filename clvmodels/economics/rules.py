"""Rules that name segments, as tables to look at, to edit in a spreadsheet, and to hand back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

_RFM = (
    # segment, lowest and highest score of recency, of frequency, what to do
    ("Champions", 5, 5, 4, 5, "Reward them, show them new things first, ask for reviews and referrals"),
    ("Loyal", 3, 4, 4, 5, "Offer what goes with what they buy, invite them into a loyalty programme"),
    ("Potential loyalist", 4, 5, 2, 3, "Bring them to the next purchase: membership, recommendations"),
    ("New", 5, 5, 1, 1, "Welcome them, help them to a second purchase"),
    ("Promising", 4, 4, 1, 1, "Keep the brand in mind: samples, small offers"),
    ("Need attention", 3, 3, 3, 3, "Make an offer for a limited time, based on what they bought"),
    ("About to sleep", 3, 3, 1, 2, "Remind them: popular products, a reason to come back now"),
    ("At risk", 1, 2, 3, 4, "Write personally, offer a renewal, find out what went wrong"),
    ("Cannot lose them", 1, 2, 5, 5, "Call them before a competitor does"),
    ("Hibernating", 2, 2, 1, 2, "Send a standard offer now and then, spend little"),
    ("Lost", 1, 1, 1, 2, "One cheap attempt to win them back, else leave them alone"),
)
_VALUE = (
    # segment, P(alive) at least and below, quantile of value if alive at least and below, what to do
    ("protect", 0.5, None, 0.8, None, "Keep them: the best service, no reason to leave, no needless discounts"),
    ("grow", 0.5, None, None, 0.8, "Raise frequency and basket: cross-sell, recommendations, the second purchase"),
    (
        "win back",
        None,
        0.5,
        0.8,
        None,
        "Probably gone, dear if not: a personal offer, where it costs less than it brings",
    ),
    ("let go", None, 0.5, None, 0.8, "Cheap channels only"),
)
_TABLES: dict[str, tuple[tuple[str, ...], tuple[tuple[Any, ...], ...]]] = {
    "rfm": (("segment", "r_low", "r_high", "f_low", "f_high", "action"), _RFM),
    "value": (
        (
            "segment", "p_alive_at_least", "p_alive_below", "value_if_alive_quantile_at_least",
            "value_if_alive_quantile_below", "action",
        ),
        _VALUE,
    ),
}  # fmt: skip


def segment_rules(which: str) -> pd.DataFrame:
    """Return the rules by which segments are named, one row a rule: a table to look at and to edit.

    A rule is a box: a customer is of its segment if every bound of the row holds, and a blank is no bound. Scores have
    ``_low`` and ``_high``, both included; quantities have ``_at_least``, included, and ``_below``, not included. The
    rules of a table must cover everybody exactly once, so that their order means nothing; a table with a gap or an
    overlap is refused by naming it. One segment may take several rows. `rfm_segments` and `value_segments` take an
    edited table, or the path of one written with ``rules.to_csv("rules.csv", index=False)``; ``action`` is for readers,
    as is any text column that you add.

    Parameters
    ----------
    which
        ``"rfm"``: the eleven named segments on the scores r and f of `rfm_scores`, each of the 25 cells in one of
        them. Bounds on m may be added as ``m_low`` and ``m_high``.
        ``"value"``: protect, grow, win back and let go on P(alive) and on the value of a customer if he is alive, whose
        upper fifth counts as valuable; `value_segments` says which other bounds it understands.

    Returns
    -------
    pandas.DataFrame
        segment, the bounds, action.

    Raises
    ------
    InvalidInput
        If ``which`` is neither.

    Notes
    -----
    Scores by fifths are those of Hughes (1994), "Strategic Database Marketing". The eleven names come from Putler's
    "RFM Analysis for Successful Customer Segmentation", whose printed bounds overlap; the cells are dealt out as in the
    5 × 5 grid in common use, with Lost apart from Hibernating. That the names promise more than two scores can tell is
    true of all such grids: "New" is who bought once and lately, however long ago the others began.

    Examples
    --------
    >>> import clvmodels as clv
    >>> rules = clv.economics.segment_rules("value")
    >>> print(rules[["segment", "p_alive_at_least", "p_alive_below"]].to_string(index=False))
     segment  p_alive_at_least  p_alive_below
     protect               0.5            NaN
        grow               0.5            NaN
    win back               NaN            0.5
      let go               NaN            0.5
    """
    import pandas as pd

    if not isinstance(which, str) or which not in _TABLES:
        raise InvalidInput(f"which must be 'rfm' or 'value'; found {which!r}")
    names, rows = _TABLES[which]
    table = pd.DataFrame(list(rows), columns=list(names))
    bounds = [name for name in names if name not in ("segment", "action")]
    return table.astype(dict.fromkeys(bounds, "int64" if which == "rfm" else "float64"))
