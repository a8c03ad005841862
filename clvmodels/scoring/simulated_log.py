"""Simulated logs of any size, made block by block and written straight to a file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..families import PURCHASE_FAMILIES, SPEND_FAMILIES, purchase_family
from ..files import written_whole
from ..models import questions
from ..models.clv import CLVModel
from ..models.purchase import PurchaseModel
from ..models.simulated import check_reach, checked_seed, end_of_observation, first_and_repeats
from ..models.spend import SpendModel
from ..models.time_units import one_length
from ..transactions.engine import connection, plain_error
from ..transactions.moments import day_of
from ..units import hours_in, units_per_year

if TYPE_CHECKING:
    import pyarrow as pa

STEPS = ("simulating purchases", "writing the log")
DATES, ORDERS = ("day", "timestamp"), ("date", "customer")
# Times in weeks; of bg_bb, whose time is opportunities to buy, in these. Sources: Fader, Hardie & Lee (2005), Marketing
# Science 24(2), 275-284 (BG/NBD, Pareto/NBD, NBD); the R package BTYDplus (MBG/NBD); Fader & Hardie (2013), note 025
# (Gamma-Gamma); Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108 (BG/BB).
PUBLISHED: dict[str, dict[str, float]] = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
    "bg_bb": {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "v": 15.44},
}
_PUBLISHED_UNIT = "week"

_BLOCK = 8192  # customers that share a stream of random numbers: another size gives other logs
_ROWS = 131_072  # lines of a row group
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class SimulatedLog:
    """What `simulate_log` wrote.

    Attributes
    ----------
    path
        The file.
    customers, lines
        How many customers bought, and how many purchases they made, the first ones included.
    first_date, last_date
        Days of the earliest and the latest purchase, as text.
    money
        Sum of the amounts, exact to the cent; None without amounts.
    observation_end
        As it was given: what `clvmodels.summarize` must be told to see the customers as they were simulated.
    seconds
        How long it took.

    Examples
    --------
    >>> SimulatedLog("log.parquet", 2, 5, "2023-01-04", "2024-12-30", 99.5, "2024-12-31", 0.25).lines
    5
    """

    path: str
    customers: int
    lines: int
    first_date: str
    last_date: str
    money: float | None
    observation_end: str
    seconds: float


def simulate_log(
    model: CLVModel | PurchaseModel,
    out: str | os.PathLike[str],
    n_customers: int,
    *,
    observation: float | None = None,
    spread: float = 0.5,
    observation_end: str = "2024-12-31",
    seed: int = 0,
    dates: str = "day",
    order: str = "date",
    memory_limit: str = "1GB",
    progress: Callable[[str], None] = lambda step: None,
) -> SimulatedLog:
    """Write a log of customers who behave as a model says, of any length, in bounded memory.

    A customer is watched for a time L, uniform between (1 − spread) · observation and observation; his first purchase
    lies L before the end of observation, the repeats in (0, L] after it as the purchase family simulates them, and each
    has an amount as the spend family simulates it. Customers come in blocks with streams of random numbers of their
    own: a log of fewer customers, or one without amounts, holds the same purchases as far as it goes.

    Parameters
    ----------
    model
        With parameters: a `CLVModel` for a log with amounts, a `PurchaseModel` for one without.
    out
        The file: Parquet or CSV, by its ending. One that exists is replaced when the new one is complete.
    n_customers
        How many, at least 1. Their customer_id is 1, 2, ...
    observation
        Length of the whole log in the model's time unit, finite; two years if None.
    spread
        Share of the log in which customers arrive, from its beginning: 0 (all at once) to 1 (until its end).
    observation_end
        The day at whose end, or the timestamp at which, all observation ends.
    seed
        The same one gives the same file, byte by byte, with the same versions of the packages.
    dates
        ``"day"`` or ``"timestamp"``, which is to the microsecond.
    order
        ``"date"``, as logs are written (within a date by customer and amount); ``"customer"`` leaves out the sorting.
    memory_limit
        Of the engine that sorts, such as ``"1GB"``; what is beyond goes to temporary files.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    SimulatedLog
        What was written. The columns are customer_id, date and, with a spend model, amount: rounded to the cent, and
        at least one.

    Raises
    ------
    InvalidInput
        If a value cannot be used, or the file cannot be written.
    NotFitted
        If the model has no parameters.
    NotAvailable
        If its family cannot simulate.
    ClvError
        If memory limit and temporary disk space are too small to sort.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import clvmodels as clv
    >>> model = clv.PurchaseModel.from_parameters("nbd", {"r": 0.385, "alpha": 12.072}, time_unit="week")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = clv.simulate_log(model, pathlib.Path(folder, "log.parquet"), 1000, seed=1)
    ...     summary = clv.rfm_summary(made.path, amount=None, event_grain="line", observation_end=made.observation_end)
    >>> made.lines == len(summary) + summary["frequency"].sum()
    np.True_
    """
    began = time.perf_counter()
    purchases, spend = _parts(model)
    unit = purchases._unit
    target = Path(out)
    if target.suffix.lower() not in (".parquet", ".csv"):
        raise InvalidInput(f"out must end in .parquet or .csv; found {os.fspath(out)}")
    if not (isinstance(n_customers, (int, np.integer)) and n_customers >= 1):
        raise InvalidInput(f"n_customers must be a whole number of at least 1; found {n_customers!r}")
    longest = one_length(2 * units_per_year(unit) if observation is None else observation, "observation")
    check_reach(longest, unit, observation_end)
    if not (isinstance(spread, (int, float, np.number)) and 0 <= spread <= 1):
        raise InvalidInput(f"spread must be a number from 0 to 1; found {spread!r}")
    for name, value, known in (("dates", dates, DATES), ("order", order, ORDERS)):
        if value not in known:
            raise InvalidInput(f"{name} must be one of {', '.join(known)}; found {value!r}")
    lengths = longest, float(spread)
    schema = _schema(dates, spend is not None)
    blocks = _blocks(purchases, spend, int(n_customers), lengths, checked_seed(seed), observation_end, schema)
    told = _Told(spend is not None)
    progress(STEPS[0])
    with (
        written_whole(target) as temporary,
        _writer(temporary, target.suffix.lower(), schema) as write,
        _sorted(blocks, schema, memory_limit) if order == "date" else _as_made(blocks) as pieces,
    ):
        for piece in pieces:
            if told.lines == 0:
                progress(STEPS[1])
            told.add(piece)
            write(piece)
    return SimulatedLog(
        os.fspath(out),
        int(n_customers),
        told.lines,
        str(told.first),
        str(told.last),
        told.cents / 100 if spend is not None else None,
        str(observation_end),
        time.perf_counter() - began,
    )


def published_model(
    purchases: str,
    spend: str | None,
    time_unit: str,
    parameters: Mapping[str, float],
) -> CLVModel | PurchaseModel:
    """A model at parameters as they were published, times in ``time_unit``, with some of them replaced.

    >>> published_model("pareto_nbd", None, "day", {"r": 0.6})
    PurchaseModel('pareto_nbd', time_unit='day'): r=0.6, alpha=74.05, s=0.606, beta=81.68
    """
    for name, known in ((purchases, PURCHASE_FAMILIES), (spend, (*SPEND_FAMILIES, None))):
        if name not in known:
            raise InvalidInput(f"{name!r} is no family; expected one of {', '.join(filter(None, known))}")
    family = purchase_family(purchases)
    scale = 1.0 if family.time == "discrete" else float(hours_in(_PUBLISHED_UNIT) / hours_in(time_unit))
    own = {
        name: value * (scale if name in family.time_parameters else 1.0) for name, value in PUBLISHED[purchases].items()
    }
    money = dict(PUBLISHED[spend]) if spend is not None else {}
    for name, value in parameters.items():
        if name not in own and name not in money:
            raise InvalidInput(
                f"there is no parameter {name!r}; expected some of {', '.join([*own, *money])}, of {purchases}"
                + (f" and {spend}" if spend else "")
            )
        (own if name in own else money)[name] = value
    model = PurchaseModel.from_parameters(family, own, time_unit)
    return model if spend is None else CLVModel(model, SpendModel.from_parameters(spend, money))


def _parts(model: Any) -> tuple[PurchaseModel, SpendModel | None]:
    if isinstance(model, CLVModel):
        purchases, spend = model.purchases, model.spend
    elif isinstance(model, PurchaseModel):
        purchases, spend = model, None
    else:
        raise InvalidInput(
            f"model must be a CLVModel (a log with amounts) or a PurchaseModel; found {type(model).__name__}"
        )
    if purchases.family.simulate is None:
        raise questions.cannot(purchases.family, "simulate")
    _ = purchases._state, spend and spend._state  # refuses models without parameters
    return purchases, spend


def _schema(dates: str, money: bool) -> pa.Schema:
    import pyarrow as pa

    when = pa.date32() if dates == "day" else pa.timestamp("us")
    columns = [("customer_id", pa.int64()), ("date", when), ("amount", pa.float64())]
    return pa.schema(columns if money else columns[:2])


def _blocks(
    purchases: PurchaseModel,
    spend: SpendModel | None,
    n_customers: int,
    lengths: tuple[float, float],
    seed: int,
    observation_end: str,
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    """Purchases of one block of customers after another, in the order of customers and, of each, of time."""
    import pyarrow as pa

    family, values = purchases.family, purchases._state.values
    assert family.simulate is not None  # see _parts
    microseconds = float(hours_in(purchases._unit)) * 3.6e9
    end = int(end_of_observation(observation_end).to_datetime64().astype("datetime64[us]").astype(np.int64))
    longest, spread = lengths
    for number, first in enumerate(range(0, n_customers, _BLOCK)):
        # A block is always made whole, so that a customer does not depend on how many come after him.
        streams = np.random.SeedSequence(seed, spawn_key=(number,)).spawn(3)
        arrivals, buying, spending = map(np.random.default_rng, streams)
        length = longest * (1 - spread * arrivals.random(_BLOCK))
        if family.time == "discrete":
            length = np.floor(length)  # a part of a period holds no chance to buy
        customer, ago = first_and_repeats(*family.simulate(buying, length, *values), length)
        kept = int(np.searchsorted(customer, n_customers - first))
        # A purchase at the very end belongs to the last day, not to the one after it.
        moment = end - np.maximum(np.rint(ago * microseconds), 1).astype(np.int64)
        when = (moment // _DAY).astype(np.int32) if pa.types.is_date32(schema.field("date").type) else moment
        columns: list[Any] = [customer[:kept] + (first + 1), when[:kept]]
        if spend is not None:
            counts = np.bincount(customer, minlength=_BLOCK)
            amounts = spend.family.simulate(spending, counts, *spend._state.values)
            columns.append(np.maximum(np.rint(amounts[:kept] * 100), 1) / 100)
        yield pa.record_batch(
            [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
        )


@contextmanager
def _as_made(blocks: Iterator[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    yield blocks


@contextmanager
def _sorted(
    blocks: Iterator[pa.RecordBatch], schema: pa.Schema, memory_limit: str
) -> Iterator[Iterator[pa.RecordBatch]]:
    """The lines in the order of all their columns, date first: equal lines are alike, so there is one such order."""
    import pyarrow as pa

    failed: list[BaseException] = []

    def made() -> Iterator[pa.RecordBatch]:
        try:
            yield from blocks
        except BaseException as error:  # it passes through the engine, which would call it its own
            failed.append(error)
            raise

    def pieces(reader: Any) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except (pa.ArrowException, OSError) as error:  # what the engine's own errors become on their way out
            raise plain_error(error, memory_limit) from error

    with connection(memory_limit) as con:
        try:
            con.register("made", pa.RecordBatchReader.from_batches(schema, made()))
            by = ", ".join(["date", "customer_id", "amount"][: len(schema)])
            yield pieces(con.sql(f"SELECT * FROM made ORDER BY {by}").to_arrow_reader(_ROWS))
        except Exception:
            if failed:
                raise failed[0] from None
            raise


@contextmanager
def _writer(path: Path, suffix: str, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Give a function that writes lines, in row groups that do not depend on how they come."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    held: list[pa.RecordBatch] = []
    with (
        csv.CSVWriter(path, schema, write_options=csv.WriteOptions(quoting_style="needed"))
        if suffix == ".csv"
        else parquet.ParquetWriter(path, schema, compression="zstd")
    ) as file:

        def write(lines: pa.RecordBatch | None) -> None:
            if lines is not None:
                held.append(lines)
            waiting = sum(map(len, held))
            if not waiting or (lines is not None and waiting < _ROWS):
                return
            table = pa.Table.from_batches(held, schema)
            whole = waiting if lines is None else waiting - waiting % _ROWS
            for start in range(0, whole, _ROWS):
                file.write_table(table.slice(start, min(_ROWS, whole - start)), _ROWS)
            held[:] = table.slice(whole).to_batches()

        yield write
        write(None)


class _Told:
    """Counts what goes by."""

    def __init__(self, money: bool) -> None:
        self.money, self.lines, self.cents = money, 0, 0
        self.first: Any = None
        self.last: Any = None

    def add(self, lines: pa.RecordBatch) -> None:
        import pyarrow.compute as pc

        if not len(lines):
            return
        ends = pc.min_max(lines["date"])
        low, high = (day_of(ends[end].as_py()) for end in ("min", "max"))
        self.first = low if self.first is None else min(self.first, low)
        self.last = high if self.last is None else max(self.last, high)
        self.lines += len(lines)
        if self.money:
            self.cents += int(np.rint(lines["amount"].to_numpy() * 100).astype(np.int64).sum())
