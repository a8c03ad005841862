"""The folder that the engine spills to: removed in the end, or by a later run where its own was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_PREFIX, _HELD = "clvmodels-", "held"


@contextmanager
def spill_folder(parent: str | Path | None = None) -> Iterator[str]:
    """Make a folder in ``parent`` (by default the system's for temporary files), and remove it in the end.

    Folders whose process was killed are removed too. While a process lives it holds a lock on a file in its folder.
    """
    parent = tempfile.gettempdir() if parent is None else parent
    _remove_left(parent)
    with ExitStack() as stack:
        folder = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
        handle = os.open(Path(folder, ".new"), os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, handle)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)  # comes first, while the lock is held
        if _locked(handle):  # renamed when it is locked: nobody ever sees it free while this process lives
            os.rename(Path(folder, ".new"), Path(folder, _HELD))
        yield folder


def _remove_left(parent: str | Path) -> None:
    found: list[str] = []
    with suppress(OSError), os.scandir(parent) as entries:  # one may write into some folders that one may not list
        found = [entry.path for entry in entries if entry.name.startswith(_PREFIX)]
    for folder in found:
        with suppress(OSError):  # it holds no such file, is somebody else's, or has just gone
            handle = os.open(Path(folder, _HELD), os.O_RDWR)
            try:
                if _locked(handle):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def _locked(handle: int) -> bool:
    """Lock an open file; whether that was possible."""
    try:
        import fcntl
    except ImportError:  # not on every system: then nothing is removed
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
