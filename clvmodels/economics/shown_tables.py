"""How the results of this package write their tables and amounts, in text and in HTML alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..inference import looks

if TYPE_CHECKING:
    import pandas as pd

_SHARES = ("share", "active", "repeat_rate", "returning_share")  # beginnings of columns in per cent


def plain_table(table: pd.DataFrame) -> str:
    """A table as text, the cells as in `html_table`."""
    shown = table.apply(lambda column: [_cell(str(column.name), value) for value in column])
    return str(shown.to_string(index=False))


def html_table(table: pd.DataFrame) -> str:
    """A table as HTML: shares in per cent, a dash where there is no number."""
    names = [str(name) for name in table.columns]
    rows = [
        [_cell(name, value) for name, value in zip(names, row, strict=True)] for row in table.itertuples(index=False)
    ]
    return looks.table([name.replace("p_alive", "P(alive)").replace("_", " ") for name in names], rows)


def signed(amount: Any) -> str:
    """An amount that is added, with its sign.

    >>> signed(12.5), signed(-1234.5)
    ('+12.5', '-1,234')
    """
    return f"{'-' if amount < 0 else '+'}{looks.figure(abs(float(amount)))}"


def _cell(name: str, value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    if value != value:
        return "–"
    if name == "relative_change":
        return f"{100 * value:+.1f} %"
    if name.startswith(_SHARES) or name.endswith("p_alive"):
        return f"{100 * value:.1f} %"
    return f"{value:.3f}" if name.startswith("elasticity") else looks.figure(float(value))
