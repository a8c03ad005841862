"""Scores of recency, frequency and money by quantiles, and the named segments on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..errors import InvalidInput, NotEnoughData, warn
from ..models import statistics
from ..numerics.arrays import Array
from .rule_boxes import read_boxes, segments_of
from .rules import segment_rules

if TYPE_CHECKING:
    import pandas as pd

SINCE = "since_last_purchase"
MONEY = "monetary_value"
_SCORE_OF = {SINCE: "r", "frequency": "f", MONEY: "m"}
_MOST_GROUPS = 100
_ROUNDED = 9  # decimals of the time unit: T − recency of the same day differs by rounding from customer to customer


def rfm_scores(summary: Any, groups: Any = 5) -> Any:
    """Score every customer's recency, frequency and money from 1 to ``groups``, the best being the highest.

    r scores the time since the last purchase, T − recency (not the summary's column ``recency``, which is the time from
    the first purchase to the last), the shortest highest; f the repeat purchases x; m the mean spend of the repeat
    purchases. Customers equal in a quantity have the same score, wherever their rows stand: from the lowest, each score
    takes an equal share of the customers that are left, then all who tie with its last one, and leaves a value to each
    score above it. So groups are unequal where ties are large, but no score is idle while there are values for it. If
    60 % have bought once, all of them and nobody else have f = 1, and f = 2 to 5 tell repeat buyers apart.

    Parameters
    ----------
    summary
        One row a customer: frequency, recency, T; monetary_value if there is money, else there is no m. Who has not
        bought again has no monetary_value and counts as below every amount there is: m = 1.
    groups
        How many scores, from 2 to 100; or what `rfm_bounds` gave for other customers or another date, so that scores
        mean the same then and now.

    Returns
    -------
    frame
        Of the caller's kind, row by row in the caller's order: customer_id, since_last_purchase (in the summary's time
        unit), r, f, m, and rfm, the three in one text such as "545" (with hyphens if there are more than 9 scores).

    Raises
    ------
    InvalidInput
        If the summary breaks a rule of summaries, or ``groups`` cannot be used.

    Warns
    -----
    ClvWarning
        If a quantity has too few distinct values for so many scores, so that the highest are given to nobody.

    Notes
    -----
    Source of scoring by fifths: Hughes (1994), "Strategic Database Marketing". Scores compare the customers of one
    table with each other: they say who is better, not how good, and nothing of how long a customer has been one.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> scores = clv.economics.rfm_scores(summary)
    >>> print(scores.head(3).round(2).to_string(index=False))
    customer_id  since_last_purchase  r  f  m rfm
          00004                 8.43  5  3  3 533
          00018                38.43  1  1  1 111
          00021                37.14  1  2  2 122
    >>> scores["f"].value_counts().sort_index().to_dict()
    {1: 1411, 2: 439, 3: 214, 4: 162, 5: 131}
    """
    frame = frames.load(summary)
    columns = _quantities(frame)
    result: dict[str, Any] = {}
    ids = frames.identifiers(frame)
    if ids is not None:
        result[frames.CUSTOMER_ID] = ids
    result[SINCE] = -columns[SINCE] + 0.0  # no -0.0
    starts, top = _starts(columns, groups)
    for name, values in columns.items():
        score = np.searchsorted(starts[name], values, side="right") + 1
        result[_SCORE_OF[name]] = score.astype(np.int64)
    result["rfm"] = _in_one([result[score] for score in _SCORE_OF.values() if score in result], top)
    return frames.table(result, frame)


def rfm_bounds(summary: Any, groups: int = 5) -> pd.DataFrame:
    """Return what each score of `rfm_scores` stands for, as a table to look at and to use again.

    Parameters
    ----------
    summary, groups
        As for `rfm_scores`; ``groups`` is a number here.

    Returns
    -------
    pandas.DataFrame
        A row a quantity and score: quantity (since_last_purchase in the summary's time unit, frequency,
        monetary_value), score, lowest and highest, the smallest and largest value found with that score (missing where
        there is none, as of those without a repeat purchase), customers. Given to `rfm_scores` as ``groups``, a score
        begins at the ``lowest`` of its row, for since_last_purchase at the ``highest``; values between two rows belong
        to the lower score.

    Raises
    ------
    InvalidInput, NotEnoughData
        As `rfm_scores`; and if there are no customers.

    Warns
    -----
    ClvWarning
        As `rfm_scores`.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> bounds = clv.economics.rfm_bounds(summary)
    >>> print(bounds[bounds["quantity"] == "frequency"].to_string(index=False))
     quantity  score  lowest  highest  customers
    frequency      1     0.0      0.0       1411
    frequency      2     1.0      1.0        439
    frequency      3     2.0      2.0        214
    frequency      4     3.0      4.0        162
    frequency      5     5.0     29.0        131
    >>> later = clv.rfm_summary(log, time_unit="week", observation_end="1997-12-31")
    >>> clv.economics.rfm_scores(later, bounds)["f"].value_counts().sort_index().to_dict()
    {1: 1317, 2: 437, 3: 206, 4: 201, 5: 196}
    """
    import pandas as pd

    columns = _quantities(frames.load(summary))
    top = _number_of(groups)
    if not len(columns[SINCE]):
        raise NotEnoughData("scores are bounded by the customers there are; found none")
    rows = []
    for name, values in columns.items():
        starts = _quantile_starts(name, values, top)
        score = np.searchsorted(starts, values, side="right")
        customers = np.bincount(score, minlength=top)
        ordered = np.sort(values)
        upto = np.cumsum(customers)
        for k in range(top):
            ends = ordered[upto[k] - customers[k] : upto[k]][[0, -1]] if customers[k] else np.full(2, np.nan)
            ends = np.where(np.isinf(ends), np.nan, ends)  # no money
            lowest, highest = (-ends[::-1] + 0.0) if name == SINCE else ends
            rows.append((name, k + 1, float(lowest), float(highest), int(customers[k])))
    return pd.DataFrame(rows, columns=["quantity", "score", "lowest", "highest", "customers"])


def rfm_segments(summary_or_scores: Any, rules: Any = None) -> Any:
    """Name the segment of every customer by the scores of recency and frequency: Champions, Loyal, At risk ...

    Parameters
    ----------
    summary_or_scores
        A summary, whose customers are scored as by `rfm_scores`, into as many scores as the rules speak of; or what
        `rfm_scores` gave, a frame with the columns that the rules speak of among r, f and m.
    rules
        A table like ``segment_rules("rfm")``, edited or not, or the path of one; that table if None.

    Returns
    -------
    Series
        ``segment``, of the caller's kind, row by row in the caller's order.

    Raises
    ------
    InvalidInput
        If rules leave a cell out or overlap, or scores do not fit the rules or are not there.

    Warns
    -----
    ClvWarning
        As `rfm_scores`, where a summary is scored.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.load_cdnow(sample=True)
    >>> summary = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> clv.economics.rfm_segments(summary).value_counts().head(4).to_dict()
    {'Potential loyalist': 509, 'Lost': 480, 'Hibernating': 467, 'About to sleep': 463}
    """
    boxes = read_boxes(segment_rules("rfm") if rules is None else rules, ("r", "f", "m"), {}, scores=True)
    used, top = list(boxes.edges), boxes.top
    frame = frames.load(summary_or_scores)
    scores = frame if set(used) <= set(frames.column_names(frame)) else _scored(frame, used, top)
    values = {name: frames.numeric(scores, name) for name in used}
    for name, each in values.items():
        wrong = ~((each >= 1) & (each <= top) & (each == np.rint(each)))
        rule = f"must be a whole score from 1 to {top}, as the rules have them"
        statistics.refuse(frame, wrong, each, name, rule)
    return frames.series(segments_of(boxes, values), "segment", frame)


def _scored(frame: Any, used: list[str], top: int) -> Any:
    names = frames.column_names(frame)
    if "frequency" not in names:
        raise InvalidInput(
            f"expected a summary (frequency, recency, T) or scores with the columns {', '.join(used)}; the columns "
            f"found are {', '.join(map(repr, names)) or 'none'}"
        )
    if "m" in used and MONEY not in names:
        raise InvalidInput(
            f"the rules speak of m, and the summary has no {MONEY}; the columns found are {', '.join(map(repr, names))}"
        )
    return rfm_scores(frame, top)


def _quantities(frame: Any) -> dict[str, Array]:
    """What is scored, the better the larger; −inf where there is no repeat purchase to tell money from."""
    money = [MONEY] if MONEY in frames.column_names(frame) else []
    columns = statistics.read(frame, ["frequency", "recency", "T", *money])
    result = {SINCE: -np.round(columns["T"] - columns["recency"], _ROUNDED), "frequency": columns["frequency"]}
    if money:
        result[MONEY] = np.where(columns["frequency"] > 0, columns[MONEY], -np.inf)
    return result


def _number_of(groups: Any) -> int:
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or not 2 <= groups <= _MOST_GROUPS:
        raise InvalidInput(f"groups must be a whole number from 2 to {_MOST_GROUPS}, 5 by default; found {groups!r}")
    return int(groups)


def _starts(columns: dict[str, Array], groups: Any) -> tuple[dict[str, Array], int]:
    """Where the scores from 2 on begin, by quantity, and how many scores there are."""
    if not frames.kind(groups) and not isinstance(groups, str | Path):
        top = _number_of(groups)
        return {name: _quantile_starts(name, values, top) for name, values in columns.items()}, top
    bounds = frames.load(groups)
    names = frames.as_pandas(frames.column_of(bounds, "quantity")).to_numpy()
    score, lowest, highest = (frames.numeric(bounds, name) for name in ("score", "lowest", "highest"))
    found = {name: _given_starts(name, names == name, score, -highest if name == SINCE else lowest) for name in columns}
    numbers = {len(starts) + 1 for starts in found.values()}
    if len(numbers) > 1:
        raise InvalidInput(f"bounds must have as many scores for each quantity; found {sorted(numbers)}")
    return found, numbers.pop()


def _quantile_starts(name: str, values: Array, top: int) -> Array:
    """Where the scores from 2 on begin, inf for those that nobody has.

    Each score takes an equal share of the customers that are left, then all who tie with its last one; but it leaves a
    value to each of the scores above it.
    """
    distinct, counts = np.unique(values, return_counts=True)
    upto, n, number = np.cumsum(counts), len(values), len(distinct)
    if 0 < number < top:
        warn(
            f"{name} has {number} distinct values among {n:,} customers, too few for {top} scores: nobody is given "
            f"more than {number}. Ask for fewer groups, score more customers together, or give the bounds of others "
            "(rfm_bounds)"
        )
    starts, begin = np.full(top - 1, np.inf), 0
    for k in range(min(top, number)):
        if k:
            starts[k - 1] = distinct[begin]
        before = int(upto[begin - 1]) if begin else 0
        share = -(-(n - before) // (top - k))
        end = int(np.searchsorted(upto, before + share)) + 1
        begin = max(min(end, number - (top - k - 1)), begin + 1)
    return starts


def _given_starts(name: str, own: NDArray[np.bool_], score: Array, begins: Array) -> Array:
    order = np.argsort(score[own])
    found = score[own][order]
    if len(found) < 2 or not np.array_equal(found, np.arange(1, len(found) + 1)):
        raise InvalidInput(
            f"bounds must have one row for each score of {name}, from 1 on; found the scores "
            f"{', '.join(f'{s:g}' for s in found) or 'none'}. rfm_bounds() gives such a table"
        )
    starts = np.where(np.isnan(begins[own][order]), np.inf, begins[own][order])[1:]
    if np.any(starts[1:] < starts[:-1]):
        i = int(np.argmax(starts[1:] < starts[:-1])) + 3
        raise InvalidInput(
            f"the bounds of {name} must go in the order of its scores; score {i} begins before score {i - 1}"
        )
    return starts


def _in_one(scores: list[NDArray[np.int64]], top: int) -> NDArray[Any]:
    """Scores as one text a customer: made once for each combination."""
    between = "" if top <= 9 else "-"
    texts = np.array([""], dtype=object)
    where = np.zeros(len(scores[0]), dtype=np.intp)
    for i, score in enumerate(scores):
        each = np.array([between * (i > 0) + str(k) for k in range(1, top + 1)], dtype=object)
        texts = (texts[:, None] + each).ravel()
        where = where * top + score - 1
    return texts[where]
