"""Which group each customer of a table belongs to, however that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput
from ..models import statistics
from ..numerics.arrays import Array, Positions

NONE, ALL = "(no group)", "all"  # how customers without a group, and all together, are called in a table
_MOST_NAMED = 5
_INT64 = 2**63


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of customers.

    Attributes
    ----------
    names
        Sorted, categories in their own order; `NONE` comes last, if some customers have no group.
    codes
        The group of each row, as a position among the names.
    notes
        Who has no group, and which groups have no customer, in words.

    Examples
    --------
    >>> import pandas
    >>> found = groups_of(pandas.DataFrame({"customer_id": [7, 8, 9]}), {7: "web", 9: "shop"})
    >>> found.names, found.codes, found.sizes
    (['shop', 'web', '(no group)'], array([1, 2, 0]), array([1, 1, 1]))
    >>> found.notes
    ('1 of 3 customers has no group, first customer_id=8: shown as "(no group)"',)
    """

    names: tuple[Any, ...] | list[Any]
    codes: Positions
    notes: tuple[str, ...] = ()

    @property
    def sizes(self) -> Positions:
        """How many customers each has."""
        return np.bincount(self.codes, minlength=len(self.names))[: len(self.names)]

    def sums(self, values: Array) -> Array:
        """Sum of the values of each group: pairwise sums, which lose no digits over millions of customers."""
        order = np.argsort(self.codes, kind="stable")
        sizes = self.sizes
        starts = np.cumsum(sizes) - sizes
        if not len(self.names):
            return np.zeros(0)
        return np.asarray(np.add.reduceat(values[order], starts))  # every group has a customer


def groups_of(frame: Any, by: Any) -> Groups:
    """Find the group of every customer of a frame.

    Parameters
    ----------
    frame
        One row a customer.
    by
        A column's name; one value a row, as a Series or array; or a group for each customer_id, as a dict or as a
        frame of two columns, customer_id and another. None: no groups at all.

    Raises
    ------
    InvalidInput
        If there is no such column or no group for anybody, lengths or indexes differ, a customer_id has two groups, or
        a group is called like the total.
    """
    n = frames.n_rows(frame)
    if by is None:
        return Groups((), np.zeros(n, dtype=np.intp))
    import pandas as pd

    unmet: tuple[str, ...] = ()
    if isinstance(by, Mapping) or frames.kind(by):
        labels, unmet = _looked_up(frame, *_pairs(by))
    else:
        labels = _labels(frames.column_of(frame, by) if isinstance(by, str) else by)
        statistics.refuse_other_index(frame, by, "by")
    if len(labels) != n:
        raise InvalidInput(f"by must have one value per row: expected {n}, found {len(labels)}")
    codes, uniques = pd.factorize(labels, sort=True, use_na_sentinel=True)
    names = list(uniques)
    if ALL in names:
        raise InvalidInput(f"a group is called {ALL!r}, as the row of all customers is: give it another name")
    unmet = (*unmet, *_unused(labels, names))
    codes = np.asarray(codes, dtype=np.intp)
    without = codes < 0
    if not without.any():
        return Groups(names, codes, unmet)
    if NONE in names:
        raise InvalidInput(
            f"a group is called {NONE!r}, as customers without one are, of whom there are {without.sum():,} too: give "
            "it another name, or these customers that group"
        )
    count, first = int(without.sum()), frames.identifier_at(frame, int(np.argmax(without)))
    note = f'{count:,} of {n:,} customers {"has" if count == 1 else "have"} no group, first {first}: shown as "{NONE}"'
    return Groups([*names, NONE], np.where(without, len(names), codes), (note, *unmet))


def _pairs(by: Any) -> tuple[Any, Any]:
    """Identifiers and their groups, as Series."""
    import pandas as pd

    if isinstance(by, Mapping):
        return pd.Series(list(by.keys()), dtype=object), pd.Series(list(by.values()), dtype=object)
    given = frames.load(by)
    others = [name for name in frames.column_names(given) if name != frames.CUSTOMER_ID]
    ids = frames.identifiers(given)
    if ids is None or len(others) != 1:
        raise InvalidInput(
            f"a frame of groups must have two columns, {frames.CUSTOMER_ID} and the group; found "
            f"{', '.join(map(repr, frames.column_names(given)[:10])) or 'none'}"
        )
    return frames.as_pandas(ids), _labels(frames.column_of(given, others[0]))


def _labels(column: Any) -> Any:
    """One label a row as a Series with an index of its own; a categorical one stays so: its categories have an order.

    Raises
    ------
    InvalidInput
        If it has more than one dimension.
    """
    import pandas as pd

    if isinstance(column, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(column).reset_index(drop=True)
    try:
        return frames.as_pandas(column)
    except ValueError as error:  # a list of lists, an array of two dimensions
        raise InvalidInput(f"by must have one label per row; found {str(column)[:60]}: {error}") from error


def _unused(labels: Any, names: list[Any]) -> tuple[str, ...]:
    """A note of the categories that no customer has."""
    categories = getattr(labels.dtype, "categories", None)
    if categories is None or not len(labels):
        return ()
    met = set(names)
    return _told([name for name in categories if name not in met])


def _told(unmet: list[Any]) -> tuple[str, ...]:
    if not unmet:
        return ()
    named = ", ".join(map(repr, unmet[:_MOST_NAMED])) + (" ..." if len(unmet) > _MOST_NAMED else "")
    return (f"groups without a customer in the table, which have no row: {named}",)


def _looked_up(frame: Any, known: Any, labels: Any) -> tuple[Any, tuple[str, ...]]:
    """The group of each row of the frame, and a note of the groups that have none of its customers."""

    place = places_of(frame, known, "group", "by")
    found = labels.reset_index(drop=True).reindex(place).reset_index(drop=True)  # -1 is no row: a missing value
    if hasattr(labels.dtype, "categories"):
        return found, ()  # whose categories say it
    met = set(found.dropna().unique())
    return found, _told([name for name in labels.dropna().unique() if name not in met])


def places_of(frame: Any, known: Any, thing: str, called: str) -> Positions:
    """Where each row's customer_id stands among those for whom a thing is known; −1 where it does not.

    Raises
    ------
    InvalidInput
        If the frame has no customer_id, one is known twice, or nobody is known.
    """
    import pandas as pd

    ids = frames.identifiers(frame)
    if ids is None:
        raise InvalidInput(
            f"{thing}s by customer_id need a table with customer_id, and this one has none: give one {thing} a row "
            "instead"
        )
    wanted, known = alike(frames.as_pandas(ids), known)
    again = known.duplicated().to_numpy()
    if again.any():
        first = known.iloc[int(np.argmax(again))]
        raise InvalidInput(
            f"each customer must have one {thing}: {again.sum():,} of {len(known):,} rows of {called} repeat a "
            f"customer_id, first {first!r}"
        )
    place = np.asarray(pd.Index(known).get_indexer(pd.Index(wanted)), dtype=np.intp)
    if len(wanted) and not (place >= 0).any():
        raise InvalidInput(
            f"none of the {len(wanted):,} customers has a {thing}: the table begins with "
            f"{frames.identifier_at(frame, 0)}"
            + (f", {called} with customer_id={known.iloc[0]!r}" if len(known) else f", {called} is empty")
        )
    return place


def alike(first: Any, second: Any) -> tuple[Any, Any]:
    """Identifiers of two tables so that equal ones compare equal.

    As they are; if one side holds numbers and the other text (a CSV file does not know), as text: 7 and "7" are one
    customer, 7 and "007" are not.

    >>> import pandas
    >>> [ids.to_list() for ids in alike(pandas.Series([7.0, 8.0]), pandas.Series(["7", "007"]))]
    [['7', '8'], ['7', '007']]
    """
    one, other = _whole(first), _whole(second)
    if _of_numbers(one) != _of_numbers(other):
        one, other = (ids.map(str, na_action="ignore") for ids in (one, other))
    return one, other


def _of_numbers(ids: Any) -> bool:
    """Whether identifiers are numbers, missing ones left aside."""
    from pandas.api import types

    return types.is_numeric_dtype(ids.dtype) or types.infer_dtype(ids, skipna=True) in (
        "integer",
        "floating",
        "mixed-integer-float",
        "decimal",
    )


def _whole(ids: Any) -> Any:
    """Identifiers that are whole numbers as integers, all others as objects."""
    column = ids.reset_index(drop=True).infer_objects()
    if column.dtype.kind == "f":
        there = column.dropna().to_numpy(dtype=np.float64, na_value=np.nan)
        if np.any((there != np.rint(there)) | (np.abs(there) >= _INT64)):
            return column.astype(object)
        column = column.astype("Int64")  # also beside missing ones, which make floats of integers
    if column.dtype.kind in "iu" and not column.isna().any() and (not len(column) or column.max() < _INT64):
        return column.astype(np.int64)
    return column.astype(object)
