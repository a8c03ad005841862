"""Scored batches become Parquet files and CSV files, by one setting of the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .scorer import CONSTANT
from .tally import Totals, as_text, from_text

ROWS = 131_072  # of a row group
_TOTALS = "clvmodels.totals"


def write_parquet(path: Path, schema: Any, batches: Iterable[tuple[Any, Totals]]) -> Totals:
    """Write what is given, a row group each, and keep their totals in the file's footer."""
    from pyarrow import parquet

    together = Totals()
    constant = [name for name in schema.names if name in CONSTANT]
    with _closed(parquet.ParquetWriter(path, schema, compression="zstd", use_dictionary=constant)) as writer:
        for batch, totals in batches:
            writer.write_batch(batch, row_group_size=ROWS)
            together += totals
        writer.add_key_value_metadata({_TOTALS: as_text(together)})
    return together


def totals_in(path: Path) -> Totals:
    """The totals in a file that `write_parquet` wrote."""
    from pyarrow import parquet

    return from_text(parquet.read_metadata(path).metadata[_TOTALS.encode()])


def write_csv(path: Path, schema: Any, batches: Iterable[tuple[Any, Totals]]) -> Totals:
    """Write what is given as CSV: text in quotes, what is missing as nothing."""
    from pyarrow import csv

    together = Totals()
    with open(path, "wb") as file:
        file.write((",".join(schema.names) + "\n").encode())
        with _closed(csv.CSVWriter(file, schema, write_options=csv.WriteOptions(include_header=False))) as writer:
            for batch, totals in batches:
                writer.write_batch(batch)
                together += totals
    return together


def write_rejects(path: Path, reader: Any) -> None:
    """Write the rejects as they come."""
    from pyarrow import parquet

    with _closed(parquet.ParquetWriter(path, reader.schema, compression="zstd")) as writer:
        for batch in reader:
            writer.write_batch(batch, row_group_size=ROWS)


@contextmanager
def _closed(writer: Any) -> Iterator[Any]:
    """Close a writer; where the work failed, a second failure in closing does not hide the first."""
    try:
        yield writer
    except BaseException:
        with suppress(Exception):
            writer.close()
        raise
    writer.close()


def schema_of(id_type: Any, names: Iterable[str], metadata: Mapping[str, str]) -> Any:
    """The columns of a scored table, equal in every part."""
    import pyarrow as pa

    text = ("observation_end", "time_unit", "interval_source")
    kinds = {"customer_id": id_type} | dict.fromkeys(text, pa.string())
    return pa.schema([(name, kinds.get(name, pa.float64())) for name in names], metadata=dict(metadata))
