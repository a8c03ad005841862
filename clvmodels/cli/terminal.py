"""Printing that changes no result, and a bar on long work."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

STDOUT, STDERR = "stdout", "stderr"


def say(text: str, to: str = STDOUT) -> None:
    """Print what can be printed: a reader who has left, or a stream that is closed or narrow, changes no result."""
    stream = getattr(sys, to)
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
