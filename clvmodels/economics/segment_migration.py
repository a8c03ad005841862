"""Who moved from which segment to which between two dates, and what they took with them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import frames
from ..errors import InvalidInput, NotAvailable, warn
from ..inference import looks
from ..models import statistics
from .groups import alike
from .two_dates import is_later, other_terms, said

if TYPE_CHECKING:
    import pandas as pd

NOT_YET, LEFT, UNLABELLED = "not yet a customer", "left the table", "no segment"


@dataclass(frozen=True)
class Migration:
    """Customers by their segments before and after; made by `migration`.

    Attributes
    ----------
    table
        A row for each pair of segments: from, to, customers, share (of those who were in ``from``; missing where nobody
        was) and, if a value was named, value_before, value_after and value_change, summed over these customers. Who is
        in one table only comes from "not yet a customer" or goes to "left the table", with a value of 0 there; who has
        no label stands under "no segment". In neither table is nobody.

    Examples
    --------
    >>> found = _example()
    >>> print(found)
    Of 4 customers 2 stayed in their segment, 1 moved to another and 1 left the table; 1 came new.
    Their value went from 100 to 130.
    <BLANKLINE>
                        high  low  left the table
    high                   1    1               0
    low                    0    1               1
    not yet a customer     1    0               0
    >>> found.counts.loc["high", "low"]
    np.int64(1)
    >>> found.shares.loc["high"].tolist()
    [0.5, 0.5, 0.0]
    >>> found.value_change.loc["high"].tolist()
    [10.0, -25.0, 0.0]
    """

    table: pd.DataFrame

    @property
    def counts(self) -> pd.DataFrame:
        """Customers: a row for each segment before, a column for each one after."""
        return self._matrix("customers")

    @property
    def shares(self) -> pd.DataFrame:
        """The share of the customers of each segment before (rows) that is in each one after (columns)."""
        return self._matrix("share")

    @property
    def value_change(self) -> pd.DataFrame:
        """Value after less value before, by segment before (rows) and after (columns).

        Raises NotAvailable if no value was named.
        """
        if "value_change" not in self.table.columns:
            raise NotAvailable('no value was named: call migration with one, for example value="clv"')
        return self._matrix("value_change")

    def _matrix(self, name: str) -> pd.DataFrame:
        rows, columns = self.table["from"].drop_duplicates(), self.table["to"].drop_duplicates()
        wide = self.table.set_index(["from", "to"])[name].unstack("to")  # noqa: PD010
        return wide.loc[list(rows), list(columns)].rename_axis(index=None, columns=None)

    @property
    def in_short(self) -> str:
        """How many stayed, moved, left and came, and what they are worth, in a sentence each.

        >>> _example().in_short.startswith("Of 4 customers 2 stayed")
        True
        """
        table = self.table
        count, new, gone = table["customers"], table["from"] == NOT_YET, table["to"] == LEFT
        stayed = (table["from"] == table["to"]) & ~new & ~gone
        numbers = [int(count[rows].sum()) for rows in (~new, stayed, ~new & ~gone & ~stayed, gone, new)]
        before, same, moved, left, came = (f"{number:,}" for number in numbers)
        told = (
            f"Of {before} customers {same} stayed in their segment, {moved} moved to another and {left} left the "
            f"table; {came} came new."
        )
        if "value_change" not in table.columns:
            return told
        worth = looks.figure(float(table["value_before"].sum())), looks.figure(float(table["value_after"].sum()))
        return f"{told}\nTheir value went from {worth[0]} to {worth[1]}."

    def __str__(self) -> str:
        return f"{self.in_short}\n\n{self.counts.to_string()}"

    def __repr__(self) -> str:
        new, gone = self.table["from"] == NOT_YET, self.table["to"] == LEFT
        before, after = (int(self.table.loc[~rows, "customers"].sum()) for rows in (new, gone))
        return f"Migration of {before:,} customers before, {after:,} after"

    def _repr_html_(self) -> str:
        counts, shares = self.counts, self.shares
        rows = [
            [
                str(name),
                *(f"{n:,} ({_percent(share)})" for n, share in zip(counts.loc[name], shares.loc[name], strict=True)),
            ]
            for name in counts.index
        ]
        return looks.card(
            "Migration between segments",
            *(looks.line(sentence) for sentence in self.in_short.split("\n")),
            looks.table(["from \\ to", *map(str, counts.columns)], rows),
        )


def migration(
    before: Any, after: Any, segment: str = "segment", *, value: str | None = None, order: Any = None
) -> Migration:
    """Count who moved from which segment to which between two tables of the same customer base.

    n_ij is the number of customers with segment i before and j after; who is in one table only comes from "not yet a
    customer" or goes to "left the table", so that Σ_j n_ij are the customers of i before, and Σ_i n_ij those of j
    after: nobody is lost on the way. The share is n_ij / Σ_j n_ij.

    Parameters
    ----------
    before, after
        Two tables with one row a customer: customer_id, the column with his segment and, if it is named, that of his
        value. Scored tables of two dates, with `value_tiers` or `value_segments` put into a column, are such tables.
    segment
        The column with the labels. Customers without one are counted as "no segment".
    value
        A column of numbers such as ``"clv"``, to be added up for those who moved.
    order
        The labels in the order of rows and columns; those not named follow. By default that of a categorical column,
        else sorted.

    Returns
    -------
    Migration
        ``table``, a row for each pair of segments, and its matrices ``counts``, ``shares`` and ``value_change``.

    Raises
    ------
    InvalidInput
        If a column is not there, a customer has two rows or no customer_id, identifiers are numbers in one table and
        text in the other, nobody is in both, a value is missing or infinite, a label is one of the three words above,
        or what the tables say about themselves shows that ``after`` ends earlier than ``before``.

    Warns
    -----
    ClvWarning
        If the tables say that their values are of different horizons, rates or margins: the change is then one of terms
        too.

    Examples
    --------
    >>> import pandas
    >>> import clvmodels as clv
    >>> before = pandas.DataFrame({"customer_id": [1, 2, 3, 4], "tier": ["high", "high", "low", "low"]})
    >>> after = pandas.DataFrame({"customer_id": [1, 2, 3, 5], "tier": ["high", "low", "low", "high"]})
    >>> clv.economics.migration(before, after, "tier").counts.loc["high"].to_dict()
    {'high': 1, 'low': 1, 'left the table': 0}
    """
    import pandas as pd

    tables = [frames.load(table) for table in (before, after)]
    _check_facts(tables[0], tables[1], value is not None)
    ids = [_identifiers(table, name) for table, name in zip(tables, ("before", "after"), strict=True)]
    one, other = alike(*ids)
    if len(one) and len(other) and _of_numbers(ids[0]) != _of_numbers(ids[1]) and not one.isin(other).any():
        raise InvalidInput(
            f"customer_id must be of one type in both tables; found {ids[0].dtype} before and {ids[1].dtype} after, "
            "and nobody who is in both. Convert one of them first: 1 and '01' are two customers"
        )
    labels = [_labels(frames.column_of(table, segment)) for table in tables]
    known = _order(labels, order)
    names = [*known, *([UNLABELLED] if any(column.isna().any() for column in labels) else [])]

    who, people = _people([one, other])
    if len(ids[0]) and len(ids[1]) and people == len(who):
        raise InvalidInput(
            f"none of the {len(ids[0]):,} customers of before is among the {len(ids[1]):,} of after: before begins "
            f"with {frames.identifier_at(tables[0], 0)}, after with {frames.identifier_at(tables[1], 0)}. Is it "
            "another log, or another customer_id?"
        )
    sides = who[: len(ids[0])], who[len(ids[0]) :]
    places = [np.full(people, len(names)), np.full(people, len(names))]  # in no table, until found there
    for place, side, column in zip(places, sides, labels, strict=True):
        code = pd.Index(known, dtype=object).get_indexer(column.astype(object))
        place[side] = np.where(code < 0, len(known), code)  # "no segment" stands after the known ones
    size = len(names) + 1
    cell = places[0] * size + places[1]
    count = np.bincount(cell, minlength=size * size)
    columns: dict[str, Any] = {
        "from": np.repeat(np.array([*names, NOT_YET], dtype=object), size),
        "to": np.tile(np.array([*names, LEFT], dtype=object), size),
        "customers": count,
    }
    whole = np.repeat(count.reshape(size, size).sum(axis=1), size)
    columns["share"] = np.divide(count, whole, out=np.full(len(count), np.nan), where=whole > 0)
    if value is not None:
        for name, table, side in zip(("value_before", "value_after"), tables, sides, strict=True):
            worth = statistics.per_row(table, value, "value")
            statistics.refuse(table, ~np.isfinite(worth), worth, value, "must be a finite number, to be added up")
            sums = pd.Series(worth).groupby(cell[side]).sum()  # compensated
            columns[name] = sums.reindex(range(size * size), fill_value=0.0).to_numpy()
        columns["value_change"] = columns["value_after"] - columns["value_before"]
    return Migration(pd.DataFrame(columns))


def _check_facts(before: Any, after: Any, with_value: bool) -> None:
    """Refuse tables that are the wrong way round, and warn of values on different terms."""
    ends = [said(table, "observation_end") for table in (before, after)]
    if is_later(*ends):
        raise InvalidInput(
            f"the table after must not be older than the one before: they say that their observation ends on {ends[1]} "
            f"and {ends[0]}. Exchange them"
        )
    differ = [f"{name} {one} before, {other} after" for name, one, other in other_terms(before, after)]
    if with_value and differ:
        warn(
            f"the values of the two tables are on different terms ({'; '.join(differ)}), so that their change is not "
            "one of customers alone: predict both with the same"
        )


def _identifiers(frame: Any, which: str) -> pd.Series:
    column = frames.identifiers(frame)
    if column is None:
        raise InvalidInput(f"the table {which} must have a column customer_id, by which customers are found again")
    ids: pd.Series = frames.as_pandas(column)
    for wrong, what in ((ids.isna().to_numpy(), "have no customer_id"), (ids.duplicated().to_numpy(), "repeat one")):
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InvalidInput(
                f"the table {which} must have one row per customer: {wrong.sum()} of {len(ids)} rows {what}, first "
                f"row {i} ({frames.identifier_at(frame, i)})"
            )
    return ids


def _of_numbers(ids: pd.Series) -> bool:
    from pandas.api import types

    return types.is_numeric_dtype(ids.dtype) or types.infer_dtype(ids) in ("integer", "floating")


def _people(ids: list[pd.Series]) -> tuple[NDArray[np.intp], int]:
    """The number of each row's customer, the same in both tables, and how many customers there are."""
    import pandas as pd

    there = [each.to_numpy() for each in ids if len(each)]
    if not there:
        return np.zeros(0, dtype=np.intp), 0
    who, people = pd.factorize(np.concatenate(there))
    return who, len(people)


def _labels(column: Any) -> pd.Series:
    """A column as a pandas Series; a categorical one stays so, since its categories have an order."""
    import pandas as pd

    return column.reset_index(drop=True) if isinstance(column, pd.Series) else frames.as_pandas(column)


def _order(labels: list[pd.Series], order: Any) -> list[Any]:
    """All labels, in the order of rows and columns."""
    import pandas as pd

    if isinstance(order, str) or not isinstance(order, Iterable | None):
        raise InvalidInput(f"order must be a list of labels; found {str(order)[:60]}")
    wanted = [] if order is None else list(order)
    if not all(isinstance(label, Hashable) and label == label for label in wanted):
        raise InvalidInput(f"order must be a list of labels, none of them missing or a list; found {str(order)[:60]}")
    found: dict[Any, None] = dict.fromkeys(wanted)
    for column in labels:
        if isinstance(column.dtype, pd.CategoricalDtype):
            found |= dict.fromkeys(column.cat.categories)
    others = set().union(*(column.dropna().unique() for column in labels)) - set(found)
    try:
        found |= dict.fromkeys(sorted(others))
    except TypeError:
        found |= dict.fromkeys(sorted(others, key=str))
    taken = [label for label in found if label in (NOT_YET, LEFT, UNLABELLED)]
    if taken:
        raise InvalidInput(f"no segment may be called {taken[0]!r}, which is what a migration calls another thing")
    return list(found)


def _percent(share: float) -> str:
    return "–" if share != share else f"{100 * share:.0f} %"


def _example() -> Migration:
    """A small result for the examples of docstrings."""
    import pandas as pd

    before = pd.DataFrame({"customer_id": [1, 2, 3, 4], "segment": ["high", "high", "low", "low"]})
    after = pd.DataFrame({"customer_id": [1, 2, 3, 5], "segment": ["high", "low", "low", "high"]})
    return migration(
        before.assign(clv=[40.0, 40.0, 10.0, 10.0]), after.assign(clv=[50.0, 15.0, 15.0, 50.0]), value="clv"
    )
