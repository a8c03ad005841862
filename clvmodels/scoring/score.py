"""Score a log or a summary of any size with a saved model, in bounded memory, into files."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

from ..errors import ClvError, InvalidInput, warn
from ..models.purchase import PurchaseModel
from ..models.time_units import warn_other_unit
from ..transactions.grouped import Counts
from ..transactions.postgres import without_passwords
from ..transactions.sources import files_read
from ..transactions.summarize import rfm_summary
from ..transactions.systems.system_log import SystemLog, choice_told, named
from ..units import length
from . import databases, folder, single_file
from .job import Job, Part
from .outcome import Outcome
from .scorer import Terms, terms_of, written
from .tally import Totals

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, eq=False, repr=False)
class ScoreReport:
    """What `score` read and wrote.

    Attributes
    ----------
    out
        Where the scores are, as it was given.
    kind
        Whether a "log" or a "summary" was read.
    counts
        What became of every line and every customer: ``lines = lines_used + lines_after_end + lines_rejected`` and
        ``customers = customers_scored + customers_rejected``, and the ``reasons`` of the rejects.
    rejects
        The file of the rejects; None beside a single file if there are none.
    files
        The files with scores.
    parts_before
        How many of them an earlier run had finished.
    totals
        Sums over all customers that were scored.
    best
        The 100 most valuable customers as an Arrow table; without money those who will buy most. None if an earlier
        run wrote parts without the columns that say who they are.
    horizon, time_unit, observation_end, interval, interval_source
        What the scores are about.
    seconds
        How long it took.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = clv.score(model, clv.load_cdnow(sample=True), pathlib.Path(folder, "scored.parquet"))
    >>> report.totals.customers, report.counts.lines, report.parts_before, report.nothing_to_do
    (2357, 6919, 0, False)
    """

    out: str
    kind: str
    counts: Counts
    rejects: Path | str | None
    files: tuple[Path, ...]
    parts_before: int
    totals: Totals
    best: Any
    horizon: float
    time_unit: str
    observation_end: str
    interval: float | None
    interval_source: str | None
    seconds: float

    @property
    def nothing_to_do(self) -> bool:
        """Whether an earlier run had finished all of it, and no file was touched."""
        return 0 < self.parts_before == len(self.files)

    def __repr__(self) -> str:
        """A short report: what became of lines and customers, all of them together, and where they are."""
        counts, totals = self.counts, self.totals
        lines = []
        if self.kind == "log":
            lines.append(
                f"{counts.lines:,} lines = {counts.lines_used:,} used + {counts.lines_after_end:,} after "
                f"{self.observation_end} + {counts.lines_rejected:,} rejected"
            )
        lines.append(
            f"{counts.customers:,} customers = {counts.customers_scored:,} scored + "
            f"{counts.customers_rejected:,} rejected"
        )
        lines += [f"  rejected: {count:,} {reason}" for reason, count in counts.reasons.items()]
        ahead = length(self.horizon, self.time_unit)
        lines.append(f"{ahead} ahead: {totals.expected_purchases:,.0f} purchases expected")
        if totals.clv is not None:
            lines[-1] += f", worth {totals.clv:,.2f} today"
        before = f", {self.parts_before:,} of them written by an earlier run" if self.parts_before else ""
        files = "1 file" if len(self.files) == 1 else f"{len(self.files):,} files"
        lines.append(f"in {files}{before}: {self.out}" if self.files else f"in the table {self.out}")
        return "\n".join(lines)


def score(
    model: Any,
    source: object,
    out: str | os.PathLike[str],
    *,
    horizon: float | None = None,
    annual_discount_rate: float | None = None,
    margin: float | str | None = None,
    interval: float | None = None,
    draws: int = 1000,
    seed: int = 0,
    columns: Sequence[str] | None = None,
    observation_end: object = None,
    memory_limit: str | None = None,
    threads: int | None = None,
    partitions: int | None = None,
    overwrite: bool = False,
    progress: Callable[[str], None] = lambda step: None,
    on_part: Callable[[Part], None] = lambda part: None,
    on_rows: Callable[[int, int], None] = lambda done, of: None,
    **reading: Any,
) -> ScoreReport:
    """Score every customer of a log or a summary, and write one row for each; what is killed goes on where it stopped.

    The scores are those of `CLVModel.predict` (which has the formulas) for the summary that `rfm_summary` makes. The
    log is grouped by the embedded engine, under a memory limit if one is set, and customers pass through the model in
    batches: memory does not grow with their number.

    Parameters
    ----------
    model
        A fitted `CLVModel`, or a `PurchaseModel` where there is no money.
    source
        A log as `summarize` takes it, or a summary: what has the columns that the model reads (frequency, recency, T).
    out
        A name ending in ``.parquet`` or ``.csv``: one file, ordered by customer_id. Any other: a folder of parts,
        ``part-00000-of-00012.parquet``, to which customers belong by the MD5 of their identifier's text, each part
        ordered by customer_id; its folder ``_run`` holds ``manifest.json`` and ``rejects.parquet``.
    horizon
        In the model's time unit, at least 0; one year if None; inf for the whole residual lifetime.
    annual_discount_rate, margin
        Instead of the model's; a margin may be the name of a column of the summary.
    interval, draws, seed
        As for `CLVModel.predict`. Each batch of customers has random numbers of its own: the same call gives the same
        intervals, another number of parts others within the noise of simulation.
    columns
        Which of the columns to write; all of them if None, customer_id always.
    observation_end
        As for `summarize`; of a summary the day at which it ends, where it does not say so itself.
    memory_limit, threads
        Of the engine: such as "1GB", beyond which it spills to a temporary folder; and how many threads it uses.
    partitions
        Number of parts; by default one for each begun 250,000 customers.
    overwrite
        Start anew in a folder that holds an earlier run.
    progress, on_part, on_rows
        Called with the name of each step as it begins, with a `Part` when it has been written, and with the number of
        customers scored so far and of all.
    **reading
        Further keywords of `rfm_summary`: how a log is read. Event grain and refunds are the model's if not said.

    Returns
    -------
    ScoreReport
        Counts that add up, totals, the best customers, and where everything is.

    Raises
    ------
    InvalidInput, NotFitted, UnitMismatch
        If the model, the source or a setting cannot be used, or the folder holds a run of other work.
    ClvError
        If memory or disk space do not suffice. Finished parts stay, and the same call goes on.

    Notes
    -----
    Lines and customers that cannot be scored do not stop the work: they are written to ``rejects.parquet`` (beside a
    single file ``NAME.rejects.parquet``, if there are any) with the reason. No file stands under its final name before
    it is whole and on the disk.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = pathlib.Path(folder, "scores")
    ...     report = clv.score(model, clv.load_cdnow(sample=True), out, partitions=2, horizon=39)
    ...     print(sorted(path.name for path in out.glob("*.parquet")))
    ...     print(str(report).replace(str(out), "scores"))
    ...     print(clv.score(model, clv.load_cdnow(sample=True), out, partitions=2, horizon=39).nothing_to_do)
    ['part-00000-of-00002.parquet', 'part-00001-of-00002.parquet']
    6,919 lines = 6,919 used + 0 after 1998-06-30 + 0 rejected
    2,357 customers = 2,357 scored + 0 rejected
    39 weeks ahead: 2,444 purchases expected
    in 2 files: scores
    True
    """
    begun = time.monotonic()
    terms = terms_of(model, horizon, annual_discount_rate, margin, interval, draws, seed)
    job = Job(
        model=model,
        source=_as_it_is_now(source),
        terms=terms,
        columns=written(terms, columns),
        observation_end=observation_end,
        partitions=partitions,
        limits={"memory_limit": memory_limit, "threads": threads},
        reading=_reading(terms, reading),
        progress=progress,
        on_part=on_part,
        on_rows=on_rows,
    )
    outcome = _written(job, out, overwrite)
    if outcome.kind == "summary" and not outcome.facts.get("time_unit") and outcome.totals.longest is not None:
        warn_other_unit(terms.unit, terms.purchases.largest_trained, outcome.totals.longest)
    return ScoreReport(
        out=databases.shown(os.fspath(out)) if databases.is_place(os.fspath(out)) else os.fspath(out),
        kind=outcome.kind,
        counts=outcome.counts,
        rejects=outcome.rejects,
        files=outcome.files,
        parts_before=outcome.parts_before,
        totals=outcome.totals,
        best=outcome.best,
        horizon=terms.horizon,
        time_unit=terms.unit,
        observation_end=str(outcome.facts["observation_end"]),
        interval=interval,
        interval_source=terms.source,
        seconds=time.monotonic() - begun,
    )


def _as_it_is_now(source: object) -> object:
    """Files as they are named now: those that come up meanwhile wait for the next run."""
    if isinstance(source, SystemLog):
        chosen, title, why = named(source)
        if why != "given":
            warn(choice_told(title, chosen.source, why))
        return chosen
    return files_read(source) or source


def is_folder(out: str | os.PathLike[str]) -> bool:
    """Whether scores go into a folder of parts, and not into one file.

    >>> is_folder("scores"), is_folder("scores.parquet")
    (True, False)
    """
    return Path(out).suffix.lower() not in single_file.ENDINGS and not databases.is_place(os.fspath(out))


def _written(job: Job, out: str | os.PathLike[str], overwrite: bool) -> Outcome:
    """Choose the destination by the form of its name; each is one module with ``write(job, out, overwrite)``."""
    if databases.is_place(os.fspath(out)):
        return databases.write(job, os.fspath(out), overwrite)
    if "://" in os.fspath(out):
        raise InvalidInput(
            "scores go into a folder, a file that ends in .parquet or .csv, or a table "
            f"(postgresql://host/database/table or file.duckdb/table); found {without_passwords(os.fspath(out))}"
        )
    _refuse_own_source(job.source, Path(out))
    write = folder.write if is_folder(out) else single_file.write
    try:
        return write(job, Path(out), overwrite)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        stays = "finished parts stay, and the same call goes on from there" if is_folder(out) else "call again"
        raise ClvError(
            f"no room left on the disk of {os.fspath(out)}; nothing half-written stands there under its name. Make "
            f"room: {stays}"
        ) from error


def _refuse_own_source(source: object, out: Path) -> None:
    """Refuse to write over what is read: over a file of it, or into a folder of which parts are cleared away."""
    files = files_read(source)
    if files is None:
        return
    written_over = {out, out / folder.RUN} if is_folder(out) else {out, single_file.rejects_beside(out)}
    places = {path.resolve() for path in written_over}
    for file in map(Path, files):
        where = file.resolve()
        if (where.parent if is_folder(out) else where) in places:
            holds = f"{out} holds {file}, which is read" if is_folder(out) else f"{file} is read"
            raise InvalidInput(f"{holds}: choose another name to write to")


def _reading(terms: Terms, given: Mapping[str, Any]) -> dict[str, Any]:
    """How a log is to be read: as the model's was, where nothing is said."""
    known = signature(rfm_summary).parameters
    unknown = [name for name in given if name not in known or name in ("log", "observation_end")]
    if unknown:
        raise TypeError(f"score() got an unexpected keyword argument {unknown[0]!r}")
    unit = given.get("time_unit")
    if unit not in (None, terms.unit):
        raise InvalidInput(f"time_unit={unit!r} differs from the model's, {terms.unit!r}: leave time_unit out")
    return read_like(terms.purchases, {name: value for name, value in given.items() if name != "time_unit"})


def read_like(purchases: PurchaseModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `rfm_summary`: those given, and where nothing is said those of the log that a model was fitted on."""
    facts = purchases._state.facts
    own = {name: facts[name] for name in ("event_grain", "refunds") if facts.get(name)}
    return own | {name: value for name, value in given.items() if value is not None or name == "amount"}
