"""Which arm each customer is in, however that is said: a frame, a mapping, or a column of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, warn
from ..numerics.arrays import Array, Positions
from ..transactions import sources, sql
from ..transactions.columns import Columns
from ..transactions.cut import names_in
from ..transactions.engine import connection

if TYPE_CHECKING:
    import pandas as pd

_MOST = 50  # arms: with more, the column is likelier an identifier


@dataclass(frozen=True, eq=False)
class GivenArms:
    """Customers and their arms as they were given.

    Attributes
    ----------
    ids
        (n,), each customer once.
    arm
        (n,), index into ``names``.
    names
        The arms, control first, the others sorted.
    known
        (n, k), the numbers to adjust for.
    notes
        Who was left out, in sentences.
    """

    ids: pd.Series
    arm: Positions
    names: tuple[str, ...]
    known: Array
    notes: tuple[str, ...] = ()


def read_arms(
    arms: Any,
    *,
    control: str | None = None,
    adjust_for: Sequence[str] = (),
    customer_id: str = "customer_id",
) -> GivenArms:
    """Read a frame of customer_id and arm, a mapping customer_id -> arm, or a Series whose index is called customer_id.

    Parameters
    ----------
    arms
        What `clvmodels.compare_arms` takes, but for the name of a column of the log.
    control
        The arm that comes first; by default the one called "control", else the first in sorted order.
    adjust_for
        Names of numeric columns of the frame.
    customer_id
        Another name under which the frame may hold its customers.

    Raises
    ------
    InvalidInput
        If a column or an identifier is missing, a customer is in two arms, or there are fewer than two arms.

    Examples
    --------
    >>> found = read_arms({7: "mail", 8: "control", 9: "mail"})
    >>> found.names, found.arm
    (('control', 'mail'), array([1, 0, 1]))
    """
    import pandas as pd

    if isinstance(arms, pd.Series) and arms.index.name in ("customer_id", customer_id):
        arms = arms.rename("arm").rename_axis("customer_id").reset_index()
    if isinstance(arms, Mapping):
        table = pd.DataFrame({"customer_id": pd.Series(list(arms), dtype=object), "arm": list(arms.values())})
    else:
        table = _columns(arms, customer_id, adjust_for)
    absent = [name for name in adjust_for if name not in table.columns]
    if absent:
        raise InvalidInput(f"adjust_for names {absent[0]!r}, and arms has no such column: give arms as a frame with it")
    nameless = table["customer_id"].isna()
    if nameless.any():
        raise InvalidInput(
            f"every row of arms must have a customer_id: {nameless.sum():,} of {len(table):,} have none, first row "
            f"{int(np.argmax(nameless.to_numpy()))}. Leave them out or name them"
        )
    notes = []
    armless = table["arm"].isna()
    if armless.any():
        notes.append(f"Without an arm, and left out: {armless.sum():,} of {len(table):,} rows of arms.")
        table = table[~armless]
    table = table.assign(arm=_as_text(table["arm"])).drop_duplicates()
    again = table["customer_id"].duplicated(keep=False)
    if again.any():
        _refuse_twice(table[again])
    names, codes = _ordered(table["arm"], control)
    known = np.empty((len(table), len(adjust_for)))
    for k, name in enumerate(adjust_for):
        known[:, k] = frames.numeric(table, name)
        wrong = ~np.isfinite(known[:, k])
        if wrong.any():
            raise InvalidInput(
                f"adjust_for needs a finite number of every customer: {wrong.sum():,} of {len(table):,} have none in "
                f"column {name!r}, first {frames.identifier_at(table, int(np.argmax(wrong)))}. Fill them "
                "in with one number for all arms (and add a column that says who they are)"
            )
    return GivenArms(table["customer_id"].reset_index(drop=True), codes, names, known, tuple(notes))


def arms_in_log(log: Any, column: str, reading: Mapping[str, Any]) -> dict[Any, Any]:
    """The arm of every customer from a column of the log, which must be constant per customer.

    Lines without an arm say nothing.

    Raises
    ------
    InvalidInput
        If there is no such column, or a customer has two arms.
    """
    names = names_in(reading)
    with connection() as con:
        try:
            source = sources.register(con, log, Columns(names.customer_id, names.date, None, order_id=column))
        except InvalidInput as error:  # the column is read where orders are, and nobody named any
            said = str(error).removesuffix("Pass order_id=... with the right name")
            if said == str(error):
                raise
            raise InvalidInput(
                f"{said}Name the one that holds the arms, or give a frame of customer_id and arm"
            ) from None
        customer, arm = (
            sql.known(name, kind)
            for name, kind in (("customer_id", source.reading.customer), ("order_id", source.reading.order))
        )
        table = con.sql(f"""
SELECT {customer} AS customer, MIN({arm}) AS arm, MAX({arm}) AS other FROM log WHERE {customer} IS NOT NULL GROUP BY 1
ORDER BY 1""").df()
    two = (table["arm"] != table["other"]) & table["arm"].notna()
    if two.any():
        first = table[two].astype(object).iloc[0]
        raise InvalidInput(
            f"a customer must be in one arm: {two.sum():,} of {len(table):,} customers have several values in the "
            f"log's column {column!r}, first customer_id={first['customer']!r} ({first['arm']!r} and "
            f"{first['other']!r}). Give arms as a frame of customer_id and arm, each customer once"
        )
    table = table[table["arm"].notna()]
    return dict(zip(table["customer"], table["arm"], strict=True))


def warn_of_the_absent(column: str) -> None:
    """A log holds nobody who never bought, and they belong to a campaign's arms."""
    warn(
        f"arms from the log's column {column!r} hold only customers who bought something: those who were in the "
        "campaign and never bought count too, as 0. Give arms as a frame of everybody who was assigned"
    )


def _columns(arms: Any, customer_id: str, adjust_for: Sequence[str]) -> pd.DataFrame:
    """The wanted columns of a frame of any kind, as pandas."""
    import pandas as pd

    try:
        frame = frames.load(arms)
    except (InvalidInput, TypeError) as error:
        raise InvalidInput(
            "arms must be a frame with the columns customer_id and arm, a mapping customer_id -> arm, or the name of "
            f"a column of the log; found {type(arms).__name__}"
        ) from error
    there = frames.column_names(frame)
    ids = customer_id if "customer_id" not in there else "customer_id"
    lacking = [name for name in (ids, "arm") if name not in there]
    if lacking:
        raise InvalidInput(
            f"arms must have the columns customer_id and arm; found {', '.join(map(repr, there[:10])) or 'none'}"
        )
    picked = {"customer_id": ids, "arm": "arm", **{name: name for name in adjust_for if name in there}}
    return pd.DataFrame(
        {ours: frames.as_pandas(frames.column_of(frame, theirs)).array for ours, theirs in picked.items()}
    )


def _as_text(arm: pd.Series) -> pd.Series:
    """Names of arms: 1 and 1.0 are one."""
    return arm.astype(object).infer_objects().convert_dtypes().astype(str)


def _refuse_twice(table: pd.DataFrame) -> None:
    customers = table["customer_id"].nunique()
    first, called = table["customer_id"].iloc[0], frames.identifier_at(table, 0)
    named = sorted(table.loc[table["customer_id"] == first, "arm"].unique())
    if len(named) == 1:
        raise InvalidInput(
            f"arms must say one thing of a customer: {customers:,} have several rows with different numbers to adjust "
            f"for, first {called}. Keep one row each"
        )
    raise InvalidInput(
        f"a customer must be in one arm: {customers:,} are in several, first {called} "
        f"({' and '.join(map(repr, named))}). Who saw two campaigns tells of neither: leave them out of all arms, by a "
        "rule that does not look at what they bought"
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Names of arms with the one called control first, the others sorted, numbers by their size.

    >>> in_order(["b", "Control", "a"]), in_order(["10", "2"])
    (['Control', 'a', 'b'], ['2', '10'])
    """
    found = sorted(names, key=lambda name: (0, float(name), name) if _is_number(name) else (1, 0.0, name))
    control = next((name for name in found if name.lower() == "control"), found[0] if found else "")
    return [name for name in found if name == control] + [name for name in found if name != control]


def _ordered(arm: pd.Series, control: str | None) -> tuple[tuple[str, ...], Positions]:
    """Names with the control first, and the code of each row."""
    import pandas as pd

    names = in_order(arm.unique())
    if len(names) < 2:
        raise InvalidInput(f"expected at least two arms to compare; found {', '.join(map(repr, names)) or 'none'}")
    if len(names) > _MOST:
        raise InvalidInput(
            f"expected at most {_MOST} arms; found {len(names):,}, first {names[0]!r} and {names[1]!r}. Is the column "
            "one of arms?"
        )
    if control is None:
        return tuple(names), np.asarray(pd.Index(names).get_indexer(pd.Index(arm)), dtype=np.intp)
    if str(control) not in names:
        raise InvalidInput(f"control must be one of the arms, {', '.join(map(repr, names))}; found {control!r}")
    names = [str(control), *(name for name in names if name != str(control))]
    return tuple(names), np.asarray(pd.Index(names).get_indexer(pd.Index(arm)), dtype=np.intp)


def _is_number(name: str) -> bool:
    return name.lstrip("-").isdigit()
