"""What the presets' SQL may say beyond the engine's own words: three macros, made on the private connection."""

from __future__ import annotations

from typing import Any

_DAY_AND_TIME = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"


def teach(con: Any, zone: str | None) -> None:
    """Make the macros ``written_time``, ``utc_time`` and ``money`` on a connection.

    ``written_time(text)`` is the clock as written, its offset left away, or with a zone the clock there at that
    instant; ``utc_time(text)`` is the clock of UTC, or with a zone that zone's; ``money(text)`` is an exact decimal.
    What cannot be read is NULL in all three.
    """
    written = f"TRY_CAST(REGEXP_EXTRACT(t, '{_DAY_AND_TIME}') AS TIMESTAMP)"
    utc = written
    if zone is not None:
        place = zone.replace("'", "''")
        written = f"TRY_CAST(t AS TIMESTAMPTZ) AT TIME ZONE '{place}'"
        utc = f"({utc} AT TIME ZONE 'UTC') AT TIME ZONE '{place}'"
    con.execute(f"CREATE TEMP MACRO written_time(t) AS {written}")
    con.execute(f"CREATE TEMP MACRO utc_time(t) AS {utc}")
    con.execute("CREATE TEMP MACRO money(t) AS TRY_CAST(NULLIF(t, '') AS DECIMAL(18, 6))")
