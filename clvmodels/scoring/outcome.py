"""What a destination gives back when everything has been written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tally import Totals


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was read and written."""

    kind: str
    counts: Mapping[str, int]
    facts: Mapping[str, str | None]
    totals: Totals
    best: Any  # an Arrow table
    reasons: Mapping[str, int]
    rejects: Path | None
    files: tuple[Path, ...]
    parts_before: int = 0
