"""Files appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InvalidInput


def _mode(target: Path) -> int:
    """That of the file which is replaced, or what a new file gets."""
    with suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def sync_folder(folder: Path) -> None:
    """Have the disk remember what names a folder holds, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def written_whole(path: str | os.PathLike[str], through: Path | None = None) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block ends well it is synced to disk and renamed to ``path``.

    The temporary file stands in the folder ``through``, if one is given, on the same disk. If the block fails, it is
    removed and whatever stood at ``path`` is untouched.
    """
    target = Path(os.path.realpath(path))  # a link keeps pointing at its file
    if target.is_dir():
        raise InvalidInput(f"cannot write {target}: it is a folder; expected the name of a file")
    # named before it is made: a signal that meets the making leaves nothing behind
    temporary = (through or target.parent) / f".{target.name[:40]}.{secrets.token_hex(8)}.part"
    try:
        try:
            os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise InvalidInput(f"cannot write {target}: {error.strerror or error}") from error
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(_mode(target))
        os.replace(temporary, target)
        sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
