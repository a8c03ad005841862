"""What a run into a folder writes down of itself, so that it can be gone on with, and with nothing else.

The manifest holds no time of day, no duration and no credential: a run that was killed and went on leaves the same
bytes as one that was not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..files import written_whole
from ..transactions.log_files import files_fingerprint
from ..transactions.sources import files_read
from ..versions import version_of

FORMAT, VERSION = "clvmodels scores", 1
_IDENTITY = ("model", "input", "settings", "versions")


def versions() -> dict[str, str]:
    """Of this package and of those that decide the bytes."""
    return {name: version_of(name) for name in ("clvmodels", "numpy", "scipy", "duckdb", "pyarrow")}


def of_files(source: object) -> list[dict[str, Any]] | None:
    """Name, size, time of change and hash of both ends of each file; None if the source is no file.

    >>> of_files(7) is None
    True
    """
    files = files_read(source)
    return None if files is None else files_fingerprint(files)


def read(path: Path) -> dict[str, Any] | None:
    """The manifest that stands there; None if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"the manifest {path} could not be read ({str(error)[:80]}): expected what an earlier run wrote. "
            "overwrite=True starts anew"
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
        raise InvalidInput(
            f"{path} is no manifest that this release knows: expected format {FORMAT!r}, version {VERSION}. "
            "overwrite=True starts anew"
        )
    if content.get("sha256") != _checksum(content):
        raise InvalidInput(
            f"the manifest {path} is damaged or was changed since it was written, so it cannot be told what the "
            "files beside it are. Put it back as it was, or pass overwrite=True to start anew"
        )
    return content


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Whole or not at all, with a checksum of its own: what was changed by hand must not pass for what was done."""
    content = {"format": FORMAT, "version": VERSION, **content}
    text = json.dumps(content | {"sha256": _checksum(content)}, indent=1, ensure_ascii=False)
    with written_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _checksum(content: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in content.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def refuse_other(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise unless a manifest is of the same model, input, settings and versions; every difference is named."""
    wanted = json.loads(json.dumps(wanted))
    told: list[str] = []
    for part in _IDENTITY:
        if part in wanted:
            told += _differences(part, found.get(part), wanted[part])
    if told:
        more = f"; and {len(told) - 12} more" if len(told) > 12 else ""
        raise InvalidInput(
            f"{path.parent.parent} holds the scores of another run: {'; '.join(told[:12])}{more}. Repeat that call, "
            "choose another folder, or pass overwrite=True to start anew"
        )


def _differences(place: str, found: Any, wanted: Any) -> list[str]:
    if found == wanted:
        return []
    if isinstance(found, dict) and isinstance(wanted, dict):
        names = dict.fromkeys((*wanted, *found))
        return [text for name in names for text in _differences(f"{place} {name}", found.get(name), wanted.get(name))]
    if isinstance(found, list) and isinstance(wanted, list) and all(isinstance(v, dict) for v in (*found, *wanted)):
        return _different_files(place, found, wanted)
    return [f"{place} was {_short(found)}, now {_short(wanted)}"]


def _different_files(place: str, found: Sequence[Any], wanted: Sequence[Any]) -> list[str]:
    if len(found) != len(wanted):
        return [f"{place} was {len(found):,} files, now {len(wanted):,}"]
    told = []
    for one, other in zip(found, wanted, strict=True):
        name = other.get("name")
        told += _differences(f"{place} file", one.get("name"), name)
        told += [
            f"{place} {name}: {key} was {_short(one.get(key))}, now {_short(other.get(key))}"
            for key in ("size", "modified", "ends")
            if one.get("name") == name and one.get(key) != other.get(key)
        ]
    return told


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
