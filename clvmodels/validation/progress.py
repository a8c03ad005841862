"""A bar on long work, shown where somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import InvalidInput

_SECONDS = 2.0  # what is over sooner needs no bar


@contextmanager
def shown(progress: Callable[[str], None] | None, steps: int) -> Iterator[Callable[[str], None]]:
    """Give a function to call with the name of each step as it begins: the caller's own, or one that moves a bar."""
    if progress is not None:
        if not callable(progress):
            raise InvalidInput(
                "progress must be a function that takes the name of a step, such as print, or None for a bar where "
                f"somebody looks; found {progress!r}"
            )
        yield progress
        return
    from tqdm import tqdm

    shape = "{desc} {bar:20} {n_fmt}/{total_fmt} {elapsed}"
    quiet = not _somebody_looks()
    with tqdm(total=steps, disable=quiet, delay=_SECONDS, leave=False, bar_format=shape, file=sys.stderr) as bar:

        def step(name: str) -> None:
            bar.set_description_str(f"{name:<32}")
            bar.update(1)

        yield step


def _somebody_looks() -> bool:
    stream = sys.stderr
    if stream is None:
        return False
    return type(stream).__module__.startswith("ipykernel") or stream.isatty()
