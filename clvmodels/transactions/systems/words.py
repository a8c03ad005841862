"""What the presets' SQL may say beyond the engine's own words: a few macros, made on the private connection."""

from __future__ import annotations

from typing import Any

from ..dates import in_zone

_CLOCK = r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_OFFSET = r"UTC|Z|[+-]\d{2}(?::?\d{2})?"
_AROUND = "' '' ' || CHR(9) || CHR(10) || CHR(13) || CHR(160)"  # blanks of all sorts, and the apostrophe
_LAST = 100_000_000_000  # seconds since 1970 beyond which a number is no moment: the year 5138


def teach(con: Any, zone: str | None) -> None:
    """Make the macros of moments, ``money``, ``email`` and ``phone``.

    ``written_time(text)`` is the clock as written, its offset left away; ``utc_time(text)`` the clock of UTC, as are
    ``epoch_seconds(n)`` and ``epoch_microseconds(n)``, which take numbers or text. With a zone all four give the clock
    there at that instant, but for a day without a clock, and for text without an offset in ``written_time``, which is
    the shop's clock as it is.
    ``money(text)`` is an exact decimal. ``email(text)`` is in small letters, without blanks around it or the apostrophe
    that spreadsheets put before text. ``phone(text)`` is digits, after a plus if it was written so or with 00. What
    cannot be read is NULL in all of them.
    """
    clock = f"TRY_CAST(REGEXP_EXTRACT(t, '^\\s*({_CLOCK})\\s*(?:{_OFFSET})?\\s*$', 1) AS TIMESTAMP)"
    offset = f"REGEXP_EXTRACT(t, '[\\d ]({_OFFSET})\\s*$', 1)"
    micros = f"MAKE_TIMESTAMP(CASE WHEN ABS(TRY_CAST(n AS HUGEINT)) < {_LAST}000000 THEN CAST(n AS BIGINT) END)"
    number = "TRY_CAST(n AS DECIMAL(24, 6))"
    seconds = f"MAKE_TIMESTAMP(CASE WHEN ABS({number}) < {_LAST} THEN CAST({number} * 1000000 AS BIGINT) END)"
    # an offset is written +02:00, +0200 or +02, after a space or not; the engine reads the first and the last
    signed = "REGEXP_REPLACE(TRIM(t), '\\s*([+-]\\d{2}):?(\\d{2})$', '\\1:\\2')"
    no_clock = "LENGTH(TRIM(t)) = 10"
    has_offset = f"LENGTH(TRIM(t)) > 10 AND {offset} <> ''"
    written = clock
    utc = f"CASE WHEN {has_offset} THEN TRY_CAST({signed} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' ELSE {clock} END"
    if zone is not None:
        instant = f"CASE WHEN {clock} IS NOT NULL THEN TRY_CAST({signed} AS TIMESTAMPTZ) END"
        written = f"CASE WHEN {has_offset} THEN {in_zone(instant, zone)} ELSE {clock} END"
        utc, seconds, micros = (in_zone(f"(({moment}) AT TIME ZONE 'UTC')", zone) for moment in (utc, seconds, micros))
        utc = f"CASE WHEN {no_clock} THEN {clock} ELSE {utc} END"
    digits = "REGEXP_REPLACE(t, '[^0-9+]', '', 'g')"
    for macro, made in {
        "written_time(t)": written,
        "utc_time(t)": utc,
        "epoch_seconds(n)": seconds,
        "epoch_microseconds(n)": micros,
        "money(t)": "TRY_CAST(NULLIF(t, '') AS DECIMAL(18, 6))",
        "email(t)": f"NULLIF(LOWER(TRIM(t, {_AROUND})), '')",
        "phone(t)": f"NULLIF(REGEXP_REPLACE(REGEXP_EXTRACT({digits}, '^\\+?\\d+$'), '^00', '+'), '')",
    }.items():
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro} AS {made}")
