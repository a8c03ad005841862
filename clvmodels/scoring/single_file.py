"""Scores into one file, Parquet or CSV, ordered by customer; rejects beside it."""

from __future__ import annotations

import time
from pathlib import Path
from shutil import rmtree

from ..errors import InvalidInput
from ..files import sync_folder, written_whole
from . import manifest
from .job import Job, Part
from .locks import locked
from .outcome import Outcome
from .parquet import write_csv, write_parquet, write_rejects

ENDINGS = (".parquet", ".csv")


def rejects_beside(out: Path) -> Path:
    """Where the rejects of a file go.

    >>> rejects_beside(Path("scored.csv")).name
    'scored.rejects.parquet'
    """
    return out.with_suffix(".rejects.parquet")


def write(job: Job, out: Path, overwrite: bool) -> Outcome:
    """Score into the file ``out``, which is replaced when all is written."""
    if not out.parent.is_dir():
        raise InvalidInput(f"cannot write {out}: there is no folder {out.parent}; make it first")
    if out.is_dir():
        raise InvalidInput(f"cannot write {out}: it is a folder")
    run = out.with_name(f".{out.name}.run")
    run.mkdir(exist_ok=True)
    with locked(run / "lock", str(out)):
        try:
            for left in run.glob(".*.part"):
                left.unlink(missing_ok=True)
            return _locked_write(job, out, run)
        finally:
            rmtree(run, ignore_errors=True)


def _locked_write(job: Job, out: Path, run: Path) -> Outcome:
    beside = rejects_beside(out)
    files = manifest.of_files(job.source)
    job.progress("reading")
    with job.open() as found:
        end = job.check(found)
        job.progress("scoring")
        begun = time.monotonic()
        rejected = found.counts.lines_rejected + found.counts.customers_rejected
        write_table = write_csv if out.suffix.lower() == ".csv" else write_parquet
        with written_whole(out, through=run) as table:
            schema = job.schema(found, end)
            totals = write_table(table, schema, job.scored(found, schema, end, found.batches(None, job.batch)))
            with written_whole(beside, through=run) as temporary:
                write_rejects(temporary, found.rejects())
                job.refuse_changed(files)
        if not rejected:
            beside.unlink(missing_ok=True)
            sync_folder(beside.parent)
        job.on_part(Part(1, 1, totals.customers, rejected, time.monotonic() - begun))
        return Outcome(
            kind=found.kind,
            counts=found.counts,
            facts={**found.facts, "observation_end": end},
            totals=totals,
            best=job.best[0] if job.best else None,
            rejects=beside if rejected else None,
            files=(out,),
        )
