"""Whatever holds a scored table or contacts, as an Arrow table of flat columns whose text is untouched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import frames
from ..errors import InvalidInput
from .table_files import is_file_of_table, table_in

# not 007, +49 or a card's 16 digits, which are names made of digits
_WRITTEN = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$|^[-+]?(inf|nan|Inf|NaN)$|^$"
_WHOLE = 2.0**63  # floats from here on are no whole numbers of 64 bits
_NUMBER = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$|^-?inf$|^nan$|^$"


def read_table(source: object, what: str, customer_id: str) -> tuple[Any, dict[str, str | None]]:
    """A frame or a path as an Arrow table, and what it says of itself.

    The index of a pandas frame is a column if it is called ``customer_id``.

    Raises
    ------
    InvalidInput
        For what is neither, a file that cannot be read, columns of one name, and columns of lists or structs.
    """
    if isinstance(source, str | Path) and is_file_of_table(Path(source)):
        frame = table_in(Path(source))
    elif frames.kind(source) == "duckdb":
        frame = _of_relation(source)
    else:
        frame = frames.load(source)
    facts = frames.read_facts(frame)
    if frames.kind(frame) == "pandas" and frame.index.name == customer_id != frames.CUSTOMER_ID:
        frame = frame if customer_id in frame.columns else frame.reset_index()
    table = _arrow(frame)
    names = table.schema.names
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise InvalidInput(f"columns of {what} must have names of their own; {twice[0]!r} is there more than once")
    return _flat(table, what), facts


def with_numbers(table: Any, names: Iterable[str]) -> Any:
    """The table with those of some columns as numbers in which every text is written as one, or empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in names:
        at, column = table.schema.get_field_index(name), table.column(name)
        if pa.types.is_large_string(column.type) and pc.all(pc.match_substring_regex(column, _NUMBER)).as_py():
            table = table.set_column(at, name, _parsed(column))
    return table


def numbers(table: Any, name: str) -> Any:
    """One column as an Arrow array of float64, NaN as missing.

    Raises
    ------
    InvalidInput
        If it does not hold numbers.
    """
    import pyarrow as pa

    column = table.column(name)
    is_number = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal, pa.types.is_null)
    if pa.types.is_large_string(column.type):
        try:
            return _parsed(column)
        except pa.ArrowInvalid:
            # nothing of the text itself, which may be somebody's address
            raise InvalidInput(f"column {name!r} must hold numbers; found {_first_text(column)}") from None
    if not any(check(column.type) for check in is_number):
        raise InvalidInput(f"column {name!r} must hold numbers; found {column.type}")
    return _missing(column.cast(pa.float64(), safe=False))


def _first_text(column: Any) -> str:
    """How many texts are no numbers, and where the first is."""
    import pyarrow.compute as pc

    odd = pc.fill_null(pc.invert(pc.match_substring_regex(column, _WRITTEN)), False)
    return (
        f"text in {pc.sum(odd).as_py():,} of {len(column):,} rows, first row {pc.index(odd, True).as_py() + 1:,}. Is "
        "it the right column?"
    )


def _parsed(column: Any) -> Any:
    """Text as numbers, empty text as missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return _missing(pc.cast(pc.if_else(pc.equal(column, ""), None, column), pa.float64()))


def text(column: Any) -> Any:
    """An Arrow column as text; whole floats as whole numbers, as identifiers of a column with gaps often are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        exact = pc.and_(pc.equal(column, pc.trunc(column)), pc.less(pc.abs(column), _WHOLE))
        column = column if pc.all(exact).as_py() is False else column.cast(pa.int64(), safe=False)
    return column.cast(pa.large_string())


def _of_relation(relation: Any) -> Any:
    import duckdb

    try:
        return relation.to_arrow_table()
    except duckdb.Error:
        raise InvalidInput("the DuckDB relation could not be read; run it by itself to see why") from None


def _arrow(frame: Any) -> Any:
    import pyarrow as pa

    which = frames.kind(frame)
    if which == "polars":
        return frame.to_arrow()
    if which == "arrow":
        return frame if isinstance(frame, pa.Table) else pa.Table.from_batches([frame])
    columns = {}
    for name in frames.column_names(frame):
        column = frames.column_of(frame, name)
        try:
            columns[name] = pa.array(column, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):  # values of several types
            columns[name] = pa.nulls(0)
        if len(columns[name]) != len(column) or isinstance(columns[name].type, pa.BaseExtensionType):
            texts = (None if gone else str(value) for value, gone in zip(column, column.isna(), strict=True))
            columns[name] = pa.array(list(texts), pa.large_string())
    return pa.table(columns)


def _flat(table: Any, what: str) -> Any:
    import pyarrow as pa

    for i, field in enumerate(table.schema):
        column, kind = table.column(i), field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
            column = column.cast(kind)
        odd = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
        if isinstance(kind, pa.BaseExtensionType) or any(is_odd(kind) for is_odd in odd):
            raise InvalidInput(f"column {field.name!r} of {what} holds {kind}, which no cell can hold: leave it out")
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            column = column.cast(pa.large_string())
        elif pa.types.is_floating(kind):
            column = _missing(column)
        table = table.set_column(i, field.name, column)
    return table.replace_schema_metadata(None)


def _missing(column: Any) -> Any:
    """Floats with NaN as missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
