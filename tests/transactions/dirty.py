"""A log with everything in it that engines treat differently, for the tests only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

IDS = ("ann", "O'Brien", 'say "hi"', "Zoë", "日本", "a b", "back\\slash", "semi;colon", "%", "x" * 40)
# clocks change, days begin and end, and time began
EDGES = ("1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1968-02-29 12:00:00", "2024-03-31 00:59:59.999999",
         "2024-03-31 01:00:00", "2024-10-27 00:30:00", "2024-10-27 01:30:00", "2024-06-30 21:59:59.999999",
         "2024-06-30 22:00:00", "2024-12-31 22:59:59.999999", "2024-12-31 23:00:00")  # fmt: skip


def log(seed: int = 20240331, lines: int = 600, *, complete: bool = True) -> pa.Table:
    """Columns who, moment (an instant), clock (in Berlin, without zone), day, paid and bill; ``who`` is missing at
    times, and so is a moment; unless ``complete``, so is an amount.
    """
    rng = np.random.default_rng(seed)
    edges = [datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in EDGES]
    moments = []
    for _ in range(lines):
        if rng.random() < 0.3:
            moments.append(edges[rng.integers(len(edges))] + timedelta(hours=int(rng.integers(-2, 3))))
        else:
            start = datetime(1969, 11, 1, tzinfo=UTC) if rng.random() < 0.3 else datetime(2024, 3, 1, tzinfo=UTC)
            moments.append(start + timedelta(microseconds=int(rng.integers(0, 120 * 86_400_000_000))))
    local = [moment.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None) for moment in moments]
    paid = np.round(rng.gamma(2, 15, lines), 2)
    paid = np.where(rng.random(lines) < 0.1, 0.0, np.where(rng.random(lines) < 0.25, -paid, paid))
    paid = np.where(rng.random(lines) < 0.1, np.round(paid), paid)

    def some(values, share):
        return [None if missing else value for value, missing in zip(values, rng.random(lines) < share, strict=True)]

    moments = some(moments, 0.02)
    gone = [moment is None for moment in moments]
    who = [*IDS, "", *(f"c{i}" for i in range(150))]
    return pa.table(
        {
            "who": pa.array(some([who[i] for i in rng.integers(len(who), size=lines)], 0.02), pa.string()),
            "moment": pa.array(moments, pa.timestamp("us", "UTC")),
            "clock": pa.array([None if g else at for g, at in zip(gone, local, strict=True)], pa.timestamp("us")),
            "day": pa.array([None if g else at.date() for g, at in zip(gone, local, strict=True)], pa.date32()),
            "paid": pa.array(some(paid.tolist(), 0.0 if complete else 0.05), pa.float64()),
            "bill": pa.array(some(rng.integers(0, 60, lines).tolist(), 0.3), pa.int64()),
        }
    )
