"""Printing that changes no result, and a bar on long work."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..transactions.postgres import without_passwords

STDOUT, STDERR = "stdout", "stderr"


def say(text: str, to: str = STDOUT) -> None:
    """Print what can be printed: a reader who has left, or a stream that is closed or narrow, changes no result.

    An address that was given where none belongs is printed without its password.
    """
    stream, text = getattr(sys, to), without_passwords(text)
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding) + "\n")
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # else the interpreter tries once more on its way out, and complains
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def bar(steps: Sequence[str]) -> Iterator[Callable[[str], None]]:
    """Give a function to call as each step begins; a bar shows only where standard error is a terminal."""
    from tqdm import tqdm

    shape = "{desc} {bar:20} {elapsed}"
    with tqdm(total=len(steps), file=sys.stderr, disable=None, leave=False, bar_format=shape) as shown:

        def progress(step: str) -> None:
            shown.update(0 if step == steps[0] else 1)
            shown.set_description_str(f"{step:<20}")

        yield progress


@contextmanager
def counted(as_json: bool) -> Iterator[dict[str, Any]]:
    """Give the functions that `clvmodels.score` calls on its way, by the names of its keywords.

    They move a bar of customers, with the rate and the time left, where standard error is a terminal; or, ``as_json``,
    write one line of JSON for each part.
    """
    from tqdm import tqdm

    def line(part: Any) -> None:
        found = {
            "event": "part",
            "part": part.part,
            "of": part.of,
            "rows": part.rows,
            "rejected": part.rejected,
            "seconds": round(part.seconds, 3),
            "rows_per_second": round(part.rows_per_second),
        }
        say(json.dumps(found), STDERR)

    if as_json:
        yield {"on_part": line}
        return
    shape = "{desc} {percentage:3.0f}% {bar:20} {n_fmt}/{total_fmt} customers, {rate_fmt}, {remaining} left"
    # while the input is read nobody knows how many customers there are
    shown = tqdm(file=sys.stderr, disable=None, leave=False, bar_format="{desc} ...", unit="", unit_scale=True)
    with shown:

        def rows(done: int, of: int) -> None:
            if shown.total != of:
                shown.bar_format = shape
                shown.reset(of)
                shown.set_description_str("scoring", refresh=False)
            shown.update(done - shown.n)

        yield {"on_rows": rows, "progress": lambda step: shown.set_description_str(step)}
