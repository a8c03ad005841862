"""The embedded engine: a private connection a call, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ClvError, InvalidInput
from .spill import spill_folder

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])(i?)B", re.IGNORECASE)


@contextmanager
def connection(
    memory_limit: str | None = None, threads: int | None = None, temp_directory: str | Path | None = None
) -> Iterator[Any]:
    """A private engine that downloads nothing, sees none of the caller's variables and leaves nothing behind.

    Beyond ``memory_limit`` (such as "1GB"; by default most of the machine's) it spills to a folder of its own, which is
    made in ``temp_directory`` (by default the system's) and removed in the end; what a killed process left there, too.

    Raises
    ------
    InvalidInput
        If a limit is none, or what is read cannot be.
    ClvError
        If memory or disk space do not suffice.
    """
    import duckdb

    limits = {
        **({} if memory_limit is None else {"memory_limit": _size(memory_limit)}),
        **({} if threads is None else {"threads": _threads(threads)}),
    }
    if temp_directory is not None and not Path(temp_directory).is_dir():
        raise InvalidInput(f"temp_directory must be a folder that is there; found {str(temp_directory)!r}")
    with spill_folder(temp_directory) as folder:
        con = duckdb.connect(
            ":memory:",
            config={
                "python_enable_replacements": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "preserve_insertion_order": "false",
                "temp_directory": folder,
                **limits,
            },
        )
        try:
            yield con
        except duckdb.Error as error:
            raise plain_error(error, memory_limit) from error
        finally:
            con.close()


def plain_error(error: Exception, memory_limit: str | None = None) -> ClvError:
    """What an error of the engine means to somebody who does not know it."""
    text = str(error)
    if "Out of Memory" in text or "max_temp_directory_size" in text or "No space left" in text:
        limit = "" if memory_limit is None else f" (memory_limit={memory_limit!r})"
        return ClvError(
            f"the input is too large for the memory{limit} and the temporary disk space of this machine: give it more "
            "of one of them, or fewer threads"
        )
    return InvalidInput(_plain_reason(text))


def _plain_reason(text: str) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", text)
    if line:
        return (
            f"the CSV file is not well formed, first at line {line.group(1)}: every line must have as many fields as "
            "the header, quotes must be closed, and the text must be UTF-8"
        )
    gone = re.search(r"(?:No files found that match the pattern|Cannot open file) \"([^\"]+)\"", text)
    if gone:
        return f"the file {gone.group(1)!r} could not be opened: is it still there, and may it be read?"
    if "maximum_object_size" in text:
        return (
            "a record of the JSON file is larger than 16 MB: write the records one a line, or as an array, and not all "
            "of them within one"
        )
    if "Malformed JSON" in text or "read_json" in text:
        return (
            "the JSON file is not well formed: it must be one array of records, or one record a line, in UTF-8; is it "
            "cut off?"
        )
    if "arquet" in text or "magic bytes" in text:
        return "the Parquet file could not be read: it is damaged, incomplete, or not a Parquet file"
    return "the log could not be read: a file is damaged, or a column holds values of an unexpected type"


def _size(memory_limit: object) -> str:
    found = _SIZE.fullmatch(memory_limit.strip()) if isinstance(memory_limit, str) else None
    if found is None or float(found[1]) == 0:
        raise InvalidInput(f'memory_limit must be a size such as "800MB" or "1.5GB"; found {memory_limit!r}')
    return f"{found[1]}{found[2].upper()}{found[3].lower()}B"


def bytes_of(memory_limit: str) -> float:
    """A size such as "1.5GB" in bytes.

    >>> bytes_of("1.5GB"), bytes_of("2MiB")
    (1500000000.0, 2097152.0)
    """
    number, prefix, binary = _SIZE.fullmatch(_size(memory_limit)).groups()  # type: ignore[union-attr]
    return float(number) * float((1024 if binary else 1000) ** (1 + "KMGT".index(prefix.upper())))


def _threads(threads: object) -> str:
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InvalidInput(f"threads must be a whole number from 1 on; found {threads!r}")
    return str(threads)


def row(con: Any, query: str) -> dict[str, Any]:
    """The one row of a query's answer."""
    return rows(con, query)[0]


def rows(con: Any, query: str) -> list[dict[str, Any]]:
    """The rows of a query's answer, which are few."""
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
