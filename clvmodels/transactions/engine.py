"""The embedded engine: a private connection a call, and what its errors mean."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import ClvError, InvalidInput


@contextmanager
def connection() -> Iterator[Any]:
    """A private engine that downloads nothing, sees none of the caller's variables and leaves nothing behind."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="clvmodels-", ignore_cleanup_errors=True) as folder:
        con = duckdb.connect(
            ":memory:",
            config={
                "python_enable_replacements": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "preserve_insertion_order": "false",
                "temp_directory": folder,
            },
        )
        try:
            yield con
        except duckdb.OutOfMemoryException as error:
            raise ClvError(
                "the log is too large for the memory and the temporary disk space of this machine"
            ) from error
        except duckdb.Error as error:
            raise InvalidInput(_plain_reason(error)) from error
        finally:
            con.close()


def _plain_reason(error: Exception) -> str:
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    if line:
        return (
            f"the CSV file is not well formed, first at line {line.group(1)}: every line must have as many fields as "
            "the header, quotes must be closed, and the text must be UTF-8"
        )
    if "arquet" in str(error) or "magic bytes" in str(error):
        return "the Parquet file could not be read: it is damaged, incomplete, or not a Parquet file"
    return "the log could not be read: a file is damaged, or a column holds values of an unexpected type"


def row(con: Any, query: str) -> dict[str, Any]:
    """The one row of a query's answer."""
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchall()[0], strict=True))
