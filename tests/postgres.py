"""A PostgreSQL server of the tests' own, in a temporary folder that is gone afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "clv"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: the newest of Debian's, or that on the path; None where there is none."""
    newest_first = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]), reverse=True
    )
    on_path = shutil.which("initdb")
    places = [*newest_first, *([Path(on_path)] if on_path else [])]
    return next((place.parent for place in places if (place.parent / "pg_ctl").exists()), None)


@contextmanager
def server(bin_folder: Path) -> Iterator[str]:
    """A running server with one user, who has a password: postgresql://USER:PASSWORD@127.0.0.1:PORT/postgres."""
    folder = Path(tempfile.mkdtemp(prefix="clv-pg-"))
    data, log, password = folder / "data", folder / "log", secrets.token_hex(8)
    (folder / "password").write_text(password)
    as_user = _unprivileged(folder)
    try:
        _run([bin_folder / "initdb", "-D", data, "-U", USER, "--pwfile", folder / "password", "--auth=scram-sha-256",
              "--encoding=UTF8", "--locale=C", "--no-sync"], log, as_user)  # fmt: skip
        port = _free_port()
        options = f"-F -h 127.0.0.1 -p {port} -k {folder}"  # -F: no fsync
        _run([bin_folder / "pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", options], log, as_user)
        try:
            yield f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"
        finally:
            _run([bin_folder / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", data], log, as_user)
    finally:
        shutil.rmtree(folder)


def _unprivileged(folder: Path) -> dict[str, object]:
    """Whom to run as: initdb refuses root, who hands the folder to somebody else."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    somebody = known.get("postgres") or known["nobody"]
    for path in (folder, *folder.iterdir()):
        os.chown(path, somebody.pw_uid, somebody.pw_gid)
    return {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _run(command: list[object], log: Path, as_user: dict[str, object]) -> None:
    # to a file: the server would keep a pipe open, and the reader of it waiting
    said = log.with_name("said")
    with said.open("wb") as out:
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
            timeout=120, check=False, **as_user,
        )  # fmt: skip
    if done.returncode:
        logged = log.read_text() if log.exists() else ""
        raise RuntimeError(f"{command[0]} failed with {done.returncode}:\n{said.read_text()}{logged}")
