"""The files of an export as the view ``raw``, with the columns that its layout knows."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidInput
from ..columns import quoted
from ..log_files import columns_in, files_of, selection
from .layouts import Layout


def register_raw(con: Any, paths: object, layout: Layout) -> None:
    """Make the view ``raw``: a column that may be missing, and is, holds NULL.

    Raises
    ------
    InvalidInput
        If files are missing, or lack columns that the layout needs.
    """
    files = files_of(paths)
    found = columns_in(files)
    lacking = [name for name in layout.needs if name not in found]
    if lacking:
        raise InvalidInput(
            f"{files[0]!r} is no export of {layout.title} as {layout.page} describes it: it lacks "
            f"{', '.join(map(repr, lacking))}; the columns found are {', '.join(map(repr, found[:30]))}"
        )
    there = {name: name for name in [*layout.needs, *layout.may_have] if name in found}
    missing = "".join(
        f", CAST(NULL AS {sort}) AS {quoted(name)}" for name, sort in layout.may_have.items() if name not in found
    )
    con.execute(f"CREATE TEMP VIEW raw AS SELECT *{missing} FROM ({selection(files, there)})")
