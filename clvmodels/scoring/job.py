"""One piece of work: a model, a source and what is asked; how it is opened, and how its batches are scored."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import frames
from ..errors import InvalidInput, NotEnoughData, UnitMismatch, warn
from ..models.saved import fingerprint
from ..transactions.engine import connection
from ..transactions.grouped import STATISTICS, Grouped, grouped
from ..transactions.moments import parse_moment
from ..transactions.systems.system_log import SystemLog, identity_of
from . import manifest
from .parquet import ROWS, schema_of
from .scored import agreed_end
from .scorer import Terms, score
from .tally import BEST, Totals, best_of, totals_of

_AT_ONCE = 4 * ROWS  # customers: a model makes its tables for each batch anew, and half the time went into them


@dataclass(frozen=True)
class Part:
    """What is told as each part has been written.

    Attributes
    ----------
    part, of
        Which one, from 1, of how many.
    rows
        Customers in it.
    rejected
        Lines and customers that could not be used, of the whole input.
    seconds
        It took.

    Examples
    --------
    >>> Part(part=1, of=12, rows=1_000_000, rejected=3, seconds=2.0).rows_per_second
    500000.0
    """

    part: int
    of: int
    rows: int
    rejected: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Customers a second."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Job:
    """All that a destination needs to know of a piece of work."""

    model: Any
    source: Any
    terms: Terms
    columns: tuple[str, ...]
    observation_end: Any
    partitions: int | None
    limits: Mapping[str, Any]
    reading: Mapping[str, Any]
    progress: Callable[[str], None]
    on_part: Callable[[Part], None]
    on_rows: Callable[[int, int], None]
    best: list[Any] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    @property
    def batch(self) -> int:
        """How many customers are scored at a time: whole row groups; with intervals, which take long, only one."""
        return _AT_ONCE if self.terms.interval is None else ROWS

    def identity(self) -> dict[str, Any]:
        """What a run that goes on must have in common with the one before; without the input if that is no file."""
        terms = self.terms
        drawn = {} if terms.interval is None else {"interval": terms.interval, "draws": terms.draws, "seed": terms.seed}
        files = manifest.of_files(self.source)
        settings = {
            "horizon": _plain(terms.horizon),
            "annual_discount_rate": terms.rate,
            "margin": terms.margin,
            **drawn,
            "columns": list(self.columns),
            "observation_end": None if self.observation_end is None else str(self.observation_end),
            "partitions": self.partitions,
            **{name: _plain(value) for name, value in sorted(self.reading.items())},
            **(identity_of(self.source) if isinstance(self.source, SystemLog) else {}),
        }
        return {
            "model": {"sha256": fingerprint(self.model)},
            **({} if files is None else {"input": files}),
            "settings": settings,
            "versions": manifest.versions(),
        }

    def open(
        self, only_parts: Collection[int] | None = None, known: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[Grouped]:
        """Read and group the source, or those parts of it that are still to be scored."""
        return grouped(
            self.source,
            model_statistics=self.terms.statistics,
            time=self.terms.purchases.family.time,
            margin=self.terms.margin_column,
            partitions=self.partitions,
            only_parts=only_parts,
            known=known,
            **self.limits,
            **self.reading,
            time_unit=self.terms.unit,
            observation_end=self.observation_end,
        )

    def refuse_changed(self, before: Sequence[Mapping[str, Any]] | None) -> None:
        """Raise if the files are not what they were before they were read: nobody could say which log was scored."""
        now = manifest.of_files(self.source)
        changed = [one["name"] for one, other in zip(before or (), now or (), strict=True) if one != other]
        if changed:
            raise InvalidInput(
                f"{len(changed):,} of {len(now or ()):,} files changed while they were read, first {changed[0]!r}: "
                "score again when nothing writes to them"
            )

    def check(self, found: Grouped) -> str:
        """Refuse what the model cannot score; give the end of observation."""
        unit = found.facts.get("time_unit")
        if unit and unit != self.terms.unit:
            raise UnitMismatch(
                f"the model is in {self.terms.unit}s, the summary in {unit}s: summarise again with "
                f"time_unit={self.terms.unit!r}"
            )
        family = self.terms.purchases.family
        if found.kind == "log" and (family.time == "discrete" or not set(family.statistics) <= set(STATISTICS)):
            raise InvalidInput(
                f"{family.title} reads {', '.join(family.statistics)} of a summary of its own, which is not made of a "
                "log here: score such a summary (for whole periods that of discrete_summary(log, period=...))"
            )
        if self.terms.spend is not None and not found.money:
            raise InvalidInput(
                "the model values spend, and the input has no money (a log an amount, a summary a monetary_value): "
                "score it with a purchase model alone, or name the column of the amounts"
            )
        counts = found.counts
        if found.kind == "log" and counts.lines_after_end and not counts.lines_used:
            raise NotEnoughData(
                f"there is nobody to score: none of {counts.lines:,} lines is dated on or before observation_end "
                f"{self.observation_end}, {counts.lines_after_end:,} are dated after it"
            )
        given = self.observation_end
        if found.kind == "summary" and given is not None:
            given = parse_moment("observation_end", given, found.facts.get("tz")).isoformat()
        return agreed_end(None if found.kind == "log" else given, found.facts.get("observation_end"))

    def schema(self, found: Grouped, end: str) -> Any:
        """The columns to write, with what they are about in the metadata."""
        terms = self.terms
        facts = {
            **found.facts,
            "time_unit": terms.unit,
            "observation_end": end,
            "horizon": str(terms.horizon),
            **({} if terms.spend is None else {"annual_discount_rate": str(terms.rate), "margin": str(terms.margin)}),
            **({} if terms.interval is None else {"interval": str(terms.interval), "draws": str(terms.draws)}),
            "model": f"sha256:{fingerprint(self.model)}",
            "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions().items()),
        }
        return schema_of(_arrow_type(found.id_type), self.columns, frames.facts_metadata(facts))

    def scored(
        self, found: Grouped, schema: Any, end: str, batches: Iterable[Any], done: int = 0
    ) -> Iterator[tuple[Any, Totals]]:
        """Score the customers of some batches; ``done`` of all have been before."""
        import pyarrow as pa

        total, told = sum(found.part_rows()), self.told
        constant = {
            "observation_end": end,
            "horizon": self.terms.horizon,
            "time_unit": self.terms.unit,
            "interval": self.terms.interval,
            "interval_source": self.terms.source,
        }
        for batch in batches:
            if not batch.num_rows:
                continue
            with told_once(told):
                answers = score(self.terms, batch)
            ids = batch.column("customer_id")
            own = {"customer_id": ids if ids.type == schema.field(0).type else ids.cast(schema.field(0).type)}
            own |= {name: pa.array(values) for name, values in answers.columns.items()}
            arrays = [own[name] if name in own else pa.repeat(constant[name], batch.num_rows) for name in self.columns]
            self.best[:] = [best_of([*self.best, pa.table({name: own[name] for name in BEST if name in own})])]
            yield (
                pa.RecordBatch.from_arrays(arrays, schema=schema),
                totals_of(answers.columns, answers.longest, answers.drawn),
            )
            done += batch.num_rows
            self.on_rows(done, total)


@contextmanager
def told_once(told: set[str]) -> Iterator[None]:
    """Warn of a kind of thing once, not of each batch anew."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for each in caught:
        kind = re.sub(r"\d[\d,]*", "#", str(each.message))
        if kind not in told:
            told.add(kind)
            warn(str(each.message).replace(" customers:", " customers of the first batch in which it is so:"))


def _arrow_type(engine_type: str) -> Any:
    """The Arrow type in which the engine hands out one of its own."""
    with connection() as con:
        return con.sql(f"SELECT CAST(NULL AS {engine_type}) AS id").to_arrow_table().schema.field(0).type


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
