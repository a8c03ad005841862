"""The one place that turns a caller's frame into NumPy columns and results back into its kind and index.

A frame is a pandas DataFrame, a pyarrow Table or RecordBatch, or a polars DataFrame. Their libraries are imported when
first needed, polars only if the caller already holds one of its objects.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import ClvWarning, InvalidInput

Frame: TypeAlias = Any
Column: TypeAlias = Any

FACTS_KEY = "clvmodels"
CUSTOMER_ID = "customer_id"
ACCEPTED = (
    "a pandas DataFrame, a pyarrow Table, a polars DataFrame, a DuckDB relation, anything with an Arrow stream, or a "
    "path to .parquet or .csv"
)

_PANDAS_ATTRS = b"PANDAS_ATTRS"  # where pandas itself keeps attrs in a Parquet schema
_INT64 = range(-(2**63), 2**63)
_CANONICAL_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def kind(frame: object) -> str:
    """Which library a frame belongs to: "pandas", "arrow", "polars", "duckdb" or "" for anything else.

    >>> kind([1, 2, 3])
    ''
    """
    library = type(frame).__module__.split(".")[0].lstrip("_")
    name = type(frame).__name__
    if library == "polars" and name in ("DataFrame", "LazyFrame"):
        return "polars"
    if library == "duckdb" and name == "DuckDBPyRelation":
        return "duckdb"
    if library == "pyarrow" and name in ("Table", "RecordBatch"):
        return "arrow"
    # a subclass of DataFrame (geopandas', a user's own) lives in another module
    ancestors = ((cls.__module__.split(".")[0], cls.__name__) for cls in type(frame).__mro__)
    return "pandas" if ("pandas", "DataFrame") in ancestors else ""


def load(source: object) -> Frame:
    """Return a summary as a frame: frames as they are, what is none (paths, DuckDB relations, streams) as pandas.

    Paths end in ``.parquet`` or ``.csv``; a stream is anything with an Arrow stream, such as `clvmodels.Database`.

    Identifiers that are text stay text; those of a CSV file become whole numbers only if every one of them is written
    as one (no leading zeros).

    Raises
    ------
    InvalidInput
        For anything else, and for a file that cannot be read.

    Examples
    --------
    >>> import pandas
    >>> load(pandas.DataFrame({"frequency": [1, 2]})).shape
    (2, 1)
    """
    if isinstance(source, str | Path):
        return _load_file(Path(source))
    found = kind(source)
    if found == "polars" and hasattr(source, "collect"):
        return source.collect()
    if found == "duckdb":
        return _relation_to_pandas(source)
    if found:
        return source
    if hasattr(source, "__arrow_c_stream__"):
        return _stream_to_pandas(source)
    raise InvalidInput(f"expected {ACCEPTED}; found {_called(source)}")


def _called(source: object) -> str:
    return f"{type(source).__module__}.{type(source).__qualname__}"


def n_rows(frame: Frame) -> int:
    """Number of rows.

    >>> import pandas
    >>> n_rows(pandas.DataFrame({"frequency": [1, 2]}))
    2
    """
    return int(frame.num_rows) if kind(frame) == "arrow" else len(frame)


def column_names(frame: Frame) -> list[str]:
    """Names of the columns, in order; an index named customer_id counts as one and comes first.

    >>> import pandas
    >>> column_names(pandas.DataFrame({"frequency": [1]}, index=pandas.Index([7], name="customer_id")))
    ['customer_id', 'frequency']
    """
    which = kind(frame)
    if which == "arrow":
        return list(frame.schema.names)
    names = [str(name) for name in frame.columns]
    if which == "pandas" and frame.index.name == CUSTOMER_ID and CUSTOMER_ID not in names:
        return [CUSTOMER_ID, *names]
    return names


def names_of(source: object) -> list[str]:
    """Names of the columns of whatever `load` takes, without reading its rows; none where they cannot be told.

    >>> import pandas
    >>> names_of(pandas.DataFrame({"frequency": [1, 2]}))
    ['frequency']
    """
    thing: Any = source
    which = kind(source)
    if isinstance(source, str | Path):
        return _names_in_file(Path(source))
    if which == "polars" and hasattr(source, "collect"):
        return list(thing.collect_schema().names())
    if which == "duckdb":
        return list(thing.columns)
    return column_names(source) if which else []


def numeric(frame: Frame, name: str) -> NDArray[np.float64]:
    """One column as contiguous float64, with missing values as NaN.

    Raises
    ------
    InvalidInput
        If the column is not there, is there twice, or does not hold numbers.

    Examples
    --------
    >>> import pandas
    >>> numeric(pandas.DataFrame({"T": pandas.array([3, None], dtype="Int64")}), "T")
    array([ 3., nan])
    """
    column = column_of(frame, name)
    which = kind(frame)
    convert = {"pandas": _numeric_pandas, "arrow": _numeric_arrow, "polars": _numeric_polars}[which]
    try:
        values = convert(column)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise InvalidInput(f"column {name!r} could not be turned into numbers: {error}") from error
    if values is None and n_rows(frame) == 0:
        return np.zeros(0)  # an empty frame need not know its types
    if values is None:
        found = column.type if which == "arrow" else column.dtype
        raise InvalidInput(f"column {name!r} must hold numbers; found {found} ({_example(column)})")
    return np.ascontiguousarray(values, dtype=np.float64)


def column_of(frame: Frame, name: str) -> Column:
    """One column in the frame's own kind.

    Raises
    ------
    InvalidInput
        If the column is not there, or is there twice.

    Examples
    --------
    >>> import pandas
    >>> column_of(pandas.DataFrame({"segment": ["new", "old"]}), "segment").to_list()
    ['new', 'old']
    """
    found = column_names(frame)
    if not isinstance(name, str):
        raise InvalidInput(f"a column is called by its name, a text; found {str(name)[:60]} ({type(name).__name__})")
    if name not in found:
        raise InvalidInput(
            f"there is no column {name!r}; the columns found are {', '.join(map(repr, found)) or 'none'}"
        )
    if found.count(name) > 1:
        raise InvalidInput(f"column {name!r} must be there once; found {found.count(name)} columns of that name")
    if kind(frame) == "polars":
        return frame.get_column(name)
    if kind(frame) == "arrow":
        return frame.column(name)
    if name in frame.columns:
        return frame[name]
    if name != CUSTOMER_ID:  # a column whose name is no text, such as 52
        return frame[next(column for column in frame.columns if str(column) == name)]
    import pandas as pd

    return pd.Series(frame.index.array, index=frame.index, name=name)


def identifiers(frame: Frame) -> Column | None:
    """Return the customer_id column in the frame's own kind, or an index of that name, or None.

    >>> import pandas
    >>> identifiers(pandas.DataFrame({"customer_id": ["007"], "T": [1.0]})).to_list()
    ['007']
    """
    return column_of(frame, CUSTOMER_ID) if CUSTOMER_ID in column_names(frame) else None


def as_pandas(column: Column) -> Any:
    """A column of any kind as a pandas Series with an index of its own.

    >>> import pyarrow
    >>> as_pandas(pyarrow.array([7, 8])).to_list()
    [7, 8]
    """
    import pandas as pd

    return pd.Series(column.to_pandas() if hasattr(column, "to_pandas") else np.asarray(column))


def to_pandas(frame: Frame) -> Any:
    """A frame of any kind as a pandas one.

    >>> import pyarrow
    >>> to_pandas(pyarrow.table({"T": [1.0]}))["T"].to_list()
    [1.0]
    """
    return frame if kind(frame) == "pandas" else frame.to_pandas()


def identifier_at(frame: Frame, i: int) -> str:
    """How a message calls row i: its customer_id, or its position where there is none.

    >>> import pandas
    >>> identifier_at(pandas.DataFrame({"customer_id": ["007"], "T": [1.0]}), 0)
    "customer_id='007'"
    >>> identifier_at(pandas.DataFrame({"T": [1.0]}), 0)
    'row 0'
    """
    column = identifiers(frame)
    if column is None:
        return f"row {i}"
    value = column.iloc[i] if kind(frame) == "pandas" else column[int(i)]
    if hasattr(value, "as_py"):
        value = value.as_py()
    elif isinstance(value, np.generic):
        value = value.item()
    return f"customer_id={value!r}"


def series(values: NDArray[Any], name: str, like: Frame) -> Column:
    """One column of results in like's kind: pandas with like's index, polars, or an Arrow array.

    >>> import numpy, pandas
    >>> like = pandas.DataFrame({"T": [1.0]}, index=["a"])
    >>> series(numpy.array([0.5]), "p_alive", like).to_dict()
    {'a': 0.5}
    """
    which = kind(like)
    if which == "pandas":
        import pandas as pd

        return pd.Series(values, index=like.index, name=name)
    if which == "polars":
        import polars as pl

        return pl.Series(name, values)
    import pyarrow as pa

    return pa.array(values)


def table(columns: Mapping[str, NDArray[Any] | Column], like: Frame) -> Frame:
    """Several columns as a frame of like's kind, pandas with like's index.

    An index named like one of the columns keeps its values and loses its name: pandas refuses to merge on a name that
    is both.

    >>> import numpy, pandas
    >>> like = pandas.DataFrame({"customer_id": [7]}, index=["a"])
    >>> table({"customer_id": identifiers(like), "clv": numpy.array([1.5])}, like).loc["a"].to_dict()
    {'customer_id': 7.0, 'clv': 1.5}
    """
    which = kind(like)
    if which == "pandas":
        import pandas as pd

        # .array drops an index of the column's own, which would otherwise be aligned
        plain = {name: values.array if hasattr(values, "array") else values for name, values in columns.items()}
        index = like.index.rename(None) if like.index.name in columns else like.index
        return pd.DataFrame(plain, index=index)
    if which == "polars":
        import polars as pl

        return pl.DataFrame(dict(columns))
    import pyarrow as pa

    return pa.table(dict(columns))


def long_table(columns: Mapping[str, NDArray[Any] | Column], like: Frame) -> Frame:
    """Several columns as a frame of like's kind whose rows are not like's: pandas numbers them anew.

    >>> import numpy, pandas
    >>> like = pandas.DataFrame({"T": [1.0]}, index=["a"])
    >>> long_table({"n": numpy.array([1.5, 2.5])}, like).index.to_list()
    [0, 1]
    """
    if kind(like) != "pandas":
        return table(columns, like)
    import pandas as pd

    plain = {name: values.array if hasattr(values, "array") else values for name, values in columns.items()}
    return pd.DataFrame(plain, copy=False)  # such tables are large, and their columns belong to nobody else


def rows(frame: Frame, at: NDArray[np.intp]) -> Frame:
    """Some rows of a frame, by position, in the frame's own kind.

    >>> import numpy, pandas
    >>> rows(pandas.DataFrame({"T": [1.0, 2.0]}), numpy.array([1]))["T"].to_dict()
    {1: 2.0}
    """
    which = kind(frame)
    if which == "pandas":
        return frame.iloc[at]
    return frame[at] if which == "polars" else frame.take(at)


def repeated(column: Column, times: int) -> Column:
    """Each value of a column so many times in a row, in the column's own kind.

    >>> import pandas
    >>> repeated(pandas.Series(["a", "b"]), 2).to_list()
    ['a', 'a', 'b', 'b']
    """
    at = np.repeat(np.arange(len(column)), times)
    if hasattr(column, "gather"):
        return column.gather(at)
    return column.take(at)


def read_facts(frame: Frame) -> dict[str, str | None]:
    """What a summary says about itself (time unit, observation end ...); empty if it says nothing.

    Facts that are damaged are passed over with a ClvWarning: everything they say can also be given as a keyword.

    >>> import pandas
    >>> read_facts(pandas.DataFrame({"T": [1.0]}))
    {}
    """
    which = kind(frame)
    text: object = None
    if which == "pandas":
        text = frame.attrs.get(FACTS_KEY)
    elif which == "arrow":
        text = _facts_text(frame.schema.metadata or {})
    if text is None:
        return {}
    try:
        facts = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        facts = None
    if isinstance(facts, dict) and all(value is None or isinstance(value, str) for value in facts.values()):
        return facts
    warnings.warn(
        f"the facts stored with this frame under {FACTS_KEY!r} are damaged and are not used; "
        "pass what is needed as a keyword, for example time_unit='week'",
        ClvWarning,
        stacklevel=2,
    )
    return {}


def attach_facts(frame: Frame, facts: Mapping[str, str | None]) -> Frame:
    """Return the frame with its facts as one short JSON string: in attrs (pandas) or schema metadata (Arrow).

    The caller's frame is not changed. polars has no place for facts and is returned as it is.

    >>> import pandas
    >>> attach_facts(pandas.DataFrame({"T": [1.0]}), {"time_unit": "week"}).attrs
    {'clvmodels': '{"time_unit": "week"}'}
    """
    which = kind(frame)
    text = json.dumps(dict(facts))
    if which == "pandas":
        result = frame.copy(deep=False)
        result.attrs = {**frame.attrs, FACTS_KEY: text}
        return result
    if which == "arrow":
        return frame.replace_schema_metadata({**(frame.schema.metadata or {}), FACTS_KEY.encode(): text.encode()})
    return frame


def facts_metadata(facts: Mapping[str, str | None]) -> dict[str, str]:
    """Facts as the metadata of an Arrow schema, where pandas finds them too when it reads the file.

    >>> sorted(facts_metadata({"time_unit": "week"}))
    ['PANDAS_ATTRS', 'clvmodels']
    """
    text = json.dumps(dict(facts))
    return {FACTS_KEY: text, _PANDAS_ATTRS.decode(): json.dumps({FACTS_KEY: text})}


def whole_numbers(texts: Column) -> Column | None:
    """An Arrow text column as int64 if every value is written as a whole number, without leading zeros; else None.

    >>> import pyarrow
    >>> whole_numbers(pyarrow.array(["007", "8"])) is None
    True
    """
    import pyarrow as pa

    values = texts.to_pylist()
    known = [value for value in values if value is not None]
    if not known or not all(_CANONICAL_INTEGER.fullmatch(v) and int(v) in _INT64 for v in known):
        return None
    return pa.array([None if value is None else int(value) for value in values], type=pa.int64())


def _example(column: Column) -> str:
    values = column.to_list() if hasattr(column, "to_list") else column.to_pylist()
    return next((f"such as {value!r}" for value in values if value is not None), "all missing")


def _numeric_pandas(column: Column) -> NDArray[Any] | None:
    from pandas.api import types

    dtype = column.dtype
    if types.is_object_dtype(dtype):
        return _object_decimals(column)
    if types.is_bool_dtype(dtype) or types.is_complex_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return None
    if types.is_numeric_dtype(dtype):
        values: NDArray[Any] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return values
    return None


def _object_decimals(column: Column) -> NDArray[Any] | None:
    from pandas.api.types import infer_dtype

    if infer_dtype(column, skipna=True) != "decimal":
        return None
    return np.array([np.nan if missing else float(v) for v, missing in zip(column, column.isna(), strict=True)])


def _numeric_arrow(column: Column) -> NDArray[Any] | None:
    import pyarrow as pa

    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    if not any(is_number(column.type) for is_number in numbers):
        return None
    values: NDArray[Any] = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def _numeric_polars(column: Column) -> NDArray[Any] | None:
    import polars as pl

    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        return None
    values: NDArray[Any] = column.cast(pl.Float64).to_numpy()
    return values


def _relation_to_pandas(relation: Any) -> Frame:
    import duckdb

    try:
        return relation.to_arrow_table().to_pandas()
    except duckdb.Error as error:
        raise InvalidInput("the DuckDB relation could not be read; run it by itself to see why") from error


def _stream_to_pandas(stream: Any) -> Frame:
    import pyarrow as pa

    try:
        reader = pa.RecordBatchReader.from_stream(stream)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(f"expected {ACCEPTED}; found {_called(stream)}, of a single column") from error
    return reader.read_all().to_pandas()


def _load_file(path: Path) -> Frame:
    suffix = path.suffix.lower()
    compressed = suffix == ".gz"  # which Arrow reads by itself
    if compressed:
        suffix = path.with_suffix("").suffix.lower()
    if suffix not in (".parquet", ".csv", ".tsv") or (compressed and suffix == ".parquet"):
        raise InvalidInput(f"expected {ACCEPTED}; found the path {str(path)!r}")
    if not path.is_file():
        raise InvalidInput(f"there is no file {str(path)!r}")
    import pyarrow as pa

    try:
        if suffix != ".parquet":
            return _read_csv(path).to_pandas()
        from pyarrow import parquet

        found = parquet.ParquetFile(path).read()
        frame = found.to_pandas()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        sort = "Parquet" if suffix == ".parquet" else "CSV"
        raise InvalidInput(f"{str(path)!r} could not be read as {sort}: is it complete and of that format?") from error
    text = _facts_text(found.schema.metadata or {})
    frame.attrs = {} if text is None else {FACTS_KEY: text}
    return frame


def _names_in_file(path: Path) -> list[str]:
    import pyarrow as pa

    if not path.is_file():
        return []
    try:
        if path.suffix.lower() == ".parquet":
            from pyarrow import parquet

            return list(parquet.read_schema(path).names)
        first, delimiter = header(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return []  # who reads the file will say what is wrong with it
    return [name.strip().strip('"') for name in first.split(delimiter)]


def header(path: Path) -> tuple[str, str]:
    """The first line of a text file, and what divides it."""
    import pyarrow as pa

    with pa.input_stream(str(path), compression="detect") as lines:
        first = lines.read(1_000_000).split(b"\n", 1)[0].decode("utf-8-sig")
    return first, max(",;\t|", key=first.count)


def _read_csv(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    # read as text, else 00042 becomes 42 and NA a missing value
    as_text = csv.ConvertOptions(column_types={CUSTOMER_ID: pa.string()}, strings_can_be_null=False)
    how = csv.ParseOptions(delimiter=header(path)[1])
    found = csv.read_csv(path, parse_options=how, convert_options=as_text)
    numbers = whole_numbers(found.column(CUSTOMER_ID)) if CUSTOMER_ID in found.schema.names else None
    if numbers is None:
        return found
    return found.set_column(found.schema.names.index(CUSTOMER_ID), CUSTOMER_ID, numbers)


def _facts_text(metadata: Mapping[bytes, bytes]) -> str | None:
    if FACTS_KEY.encode() in metadata:
        return metadata[FACTS_KEY.encode()].decode(errors="replace")
    # where pandas keeps attrs in a Parquet file, and where pyarrow keeps them of a pandas frame
    for key, inner in ((_PANDAS_ATTRS, None), (b"pandas", "attributes")):
        try:
            attrs = json.loads(metadata.get(key, b"{}"))
            text = (attrs if inner is None else attrs[inner])[FACTS_KEY]
        except (ValueError, RecursionError, LookupError, TypeError):
            continue
        if isinstance(text, str):
            return text
    return None
