"""Scores into a folder, in parts: a run that was killed goes on where it stopped.

Parts stand in the folder under their final names as soon as they are whole, and nothing else does: the manifest, the
rejects, what is being written and the lock stand in its folder ``_run``, which readers of data sets pass over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from ..files import sync_folder, written_whole
from ..transactions.grouped import Counts
from . import manifest
from .job import Job, Part
from .locks import locked
from .outcome import Outcome
from .parquet import totals_in, write_parquet, write_rejects
from .tally import BEST, Totals, best_of

RUN, MANIFEST, REJECTS = "_run", "manifest.json", "rejects.parquet"


def part_name(part: int, of: int) -> str:
    """The file of a part, counted from 0.

    >>> part_name(0, 12)
    'part-00000-of-00012.parquet'
    """
    return f"part-{part:05d}-of-{of:05d}.parquet"


def write(job: Job, out: Path, overwrite: bool) -> Outcome:
    """Score into the folder ``out``, or go on with what an earlier run of the same work left there."""
    if not out.parent.is_dir():
        raise InvalidInput(f"cannot write {out}: there is no folder {out.parent}; make it first")
    if out.exists() and not out.is_dir():
        raise InvalidInput(f"cannot write {out}: it is a file; expected a folder, or a name ending in .parquet or .csv")
    new = not out.exists()
    run = _made(out)
    with locked(run / "lock", str(out)):
        try:
            for left in run.glob(".*.part"):
                left.unlink(missing_ok=True)
            return _locked_write(job, out, run, overwrite)
        except BaseException:
            if new:
                _unmade(out, run)
            raise


def _locked_write(job: Job, out: Path, run: Path, overwrite: bool) -> Outcome:
    path = run / MANIFEST
    identity = job.identity()
    before = None if overwrite else manifest.read(path)
    if before is None and not overwrite:
        _refuse_foreign(out)
    finished: dict[int, dict[str, Any]] = {}
    if before is not None:
        manifest.refuse_other(path, before, identity)
        finished = _verified(out, run, before)
    known = None if before is None else before["known"]
    if before is not None and known is not None and len(finished) == known["parts"] and "input" in identity:
        return _outcome(job, out, run, before, finished, len(finished))
    missing = None if known is None else [part for part in range(known["parts"]) if part not in finished]
    job.progress("reading")
    files = identity.get("input")
    with job.open(missing, known) as found:
        end = job.check(found)
        job.refuse_changed(files)
        if files is None:
            identity["input"] = {"sha256": found.fingerprint()}
            if before is not None:
                manifest.refuse_other(path, before, identity)
        content: dict[str, Any]
        if before is None:
            _cleared(out, run)
            with written_whole(run / REJECTS) as temporary:
                write_rejects(temporary, found.rejects())
            job.refuse_changed(files)  # the rejects were read just now
            content = {
                **identity,
                "observation_end": end,
                "known": found.known(),
                "rejects": {"name": f"{RUN}/{REJECTS}", **_content(run / REJECTS)},
                "parts": [],
            }
            manifest.write(path, content)
        else:
            content = before
        earlier = len(finished)
        rows = found.part_rows()
        schema = job.schema(found, end)
        done = sum(each["rows"] for each in finished.values())
        job.progress("scoring")
        begun = time.monotonic()
        for part, batches in found.in_parts([part for part in range(found.parts) if part not in finished], job.batch):
            name = part_name(part, found.parts)
            with written_whole(out / name, through=run) as temporary:
                totals = write_parquet(temporary, schema, job.scored(found, schema, end, batches, done))
            done += totals.customers
            finished[part] = {"name": name, "rows": totals.customers, **_content(out / name)}
            content = {**content, "parts": [finished[one] for one in sorted(finished)]}
            manifest.write(path, content)
            seconds = time.monotonic() - begun
            begun = time.monotonic()
            job.on_part(Part(part + 1, found.parts, rows[part], _rejected(found.counts), seconds))
    return _outcome(job, out, run, content, finished, earlier)


def _made(out: Path) -> Path:
    run = out / RUN
    try:
        run.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InvalidInput(f"cannot make the folder {error.filename}: something else stands there") from error
    sync_folder(out.parent)
    return run


def _unmade(out: Path, run: Path) -> None:
    """Where nothing came of a new folder, it is not left behind; only who holds the lock may judge that."""
    if {path.name for path in run.iterdir()} <= {"lock"} and [*out.iterdir()] == [run]:
        with suppress(OSError):
            (run / "lock").unlink(missing_ok=True)
            run.rmdir()
            out.rmdir()


def _refuse_foreign(out: Path) -> None:
    """A folder without a manifest must be empty."""
    there = sorted(path.name for path in out.iterdir() if path.name != RUN)
    if there:
        raise InvalidInput(
            f"{out} holds {len(there):,} files and no manifest of an earlier run, first {there[0]}: choose a new or an "
            "empty folder, or pass overwrite=True, which removes parts of an earlier run and leaves other files"
        )


def _cleared(out: Path, run: Path) -> None:
    """Remove an earlier run: first what vouches for it, so that no mixture ever passes for one run."""
    (run / MANIFEST).unlink(missing_ok=True)
    sync_folder(run)
    for path in out.glob("part-*-of-*.parquet"):
        path.unlink()
    (run / REJECTS).unlink(missing_ok=True)
    sync_folder(out)


def _verified(out: Path, run: Path, content: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """The parts that the manifest says are finished and that are there as they were written."""
    found = {}
    if not _is_whole(run / REJECTS, content["rejects"]):
        raise InvalidInput(
            f"{run / REJECTS} is no longer what the manifest says it was: pass overwrite=True to start anew"
        )
    for each in content["parts"]:
        if _is_whole(out / each["name"], each):
            found[int(each["name"][5:10])] = dict(each)
    return found


def _content(path: Path) -> dict[str, Any]:
    """What a file is known by: a disk may damage it and leave its size."""
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": file_digest(file, "sha256").hexdigest()}


def _is_whole(path: Path, told: Mapping[str, Any]) -> bool:
    return path.is_file() and path.stat().st_size == told["size"] and _content(path)["sha256"] == told["sha256"]


def _rejected(counts: Counts) -> int:
    return counts.lines_rejected + counts.customers_rejected


def _outcome(
    job: Job, out: Path, run: Path, content: Mapping[str, Any], finished: Mapping[int, Any], earlier: int
) -> Outcome:
    """The whole of it, those parts included that an earlier run wrote."""
    files = [out / finished[part]["name"] for part in sorted(finished)]
    totals = sum((totals_in(file) for file in files), Totals())
    known = content["known"]
    best = job.best[0] if job.best else None
    if earlier:
        best = _best_in(files, job)
    return Outcome(
        kind=known["kind"],
        counts=Counts(**known["counts"]),
        facts={**known["facts"], "observation_end": content["observation_end"]},
        totals=totals,
        best=best,
        rejects=run / REJECTS,
        files=tuple(files),
        parts_before=earlier,
    )


def _best_in(files: list[Path], job: Job) -> Any:
    """The best customers of parts that have been written; None if they were written without what says so."""
    from pyarrow import parquet

    wanted = [name for name in BEST if name in job.columns or name == "customer_id"]
    if "expected_purchases" not in wanted or (job.terms.spend is not None and "clv" not in wanted):
        return None
    best: list[Any] = []
    for file in files:
        with parquet.ParquetFile(file) as opened:
            for group in range(opened.num_row_groups):
                best = [best_of([*best, opened.read_row_group(group, columns=wanted)])]
    return best[0] if best else None
