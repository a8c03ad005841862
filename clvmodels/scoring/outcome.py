"""What a destination gives back when everything has been written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..transactions.grouped import Counts
from .tally import Totals


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was read and written."""

    kind: str
    counts: Counts
    facts: Mapping[str, str | None]
    totals: Totals
    best: Any  # an Arrow table
    rejects: Path | str | None  # a file, or a table in words
    files: tuple[Path, ...]
    parts_before: int = 0
