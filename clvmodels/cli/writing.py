"""Where a command writes to, checked before any work is done, and how a table is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from glob import glob
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import InvalidInput

TABLES = (".csv", ".parquet")
PAGES = (".html", ".htm")


def table_target(name: str, option: str = "--out") -> Path:
    """The path of a table to write, by its ending."""
    path = Path(name)
    if path.suffix.lower() not in TABLES:
        raise InvalidInput(f"{option} must end in .csv or .parquet; found {name}")
    return path


def page_target(name: str) -> Path:
    """The path of a page to write, by its ending."""
    path = Path(name)
    if path.suffix.lower() not in PAGES:
        raise InvalidInput(f"--out must end in .html; found {name}")
    return path


def check_targets(targets: Mapping[str, Path], sources: Mapping[str, str]) -> None:
    """Refuse what cannot be written, and what would be written over its own source.

    ``targets`` are paths by option, ``sources`` files and wildcards by what they are ("the log").
    """
    for path in targets.values():
        if not path.parent.is_dir():
            raise InvalidInput(f"cannot write {path}: there is no folder {path.parent}; make it first")
        if path.is_dir():
            raise InvalidInput(f"cannot write {path}: it is a folder")
        for what, source in sources.items():
            read = (file for file in (source, *glob(source)) if os.path.exists(file))
            if path.exists() and any(path.samefile(file) for file in read):
                raise InvalidInput(f"{path} is {what} itself, or part of it: choose another name to write to")
    for one, other in combinations(targets, 2):
        if targets[one].resolve() == targets[other].resolve():
            raise InvalidInput(f"{one} and {other} are the same file, {targets[one]}")


def write_table(table: Any, path: Path, suffix: str) -> None:
    """CSV or Parquet, by the suffix of the final name."""
    if suffix == ".csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        table.to_parquet(path, index=False, compression="zstd")
