"""Runs a command: exit codes, signals, warnings, and what is printed when something is refused or breaks."""

from __future__ import annotations

import signal
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from ..errors import ClvError, ClvWarning
from .options import parsed
from .terminal import STDERR, say
from .wording import in_options

_DONE, _REFUSED, _BUG, _INTERRUPTED, _TERMINATED = 0, 1, 70, 130, 143


class _Terminated(BaseException):
    """The process was asked to end: unwinds, so that no temporary file stays."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0 only if everything asked for was written."""
    shown = warnings.showwarning
    warnings.showwarning = _show_warning
    warnings.simplefilter("always", ClvWarning)
    terminated: list[int] = []

    def terminate(number: int, frame: Any) -> None:
        terminated.append(number)
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    words = None
    try:
        words = parsed(arguments)
        words.run(words)
    except ClvError as error:
        return _fail(in_options(str(error)), _REFUSED)
    except KeyboardInterrupt:
        return _fail(f"interrupted; {_left(words)}", _INTERRUPTED)
    except _Terminated:
        return _fail(f"terminated; {_left(words)}", _TERMINATED)
    except OSError as error:
        return _fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), _REFUSED)
    except Exception as error:
        if isinstance(error, RuntimeError) and "interrupt" in str(error).lower():  # the engine's way to pass signals on
            if terminated:
                return _fail(f"terminated; {_left(words)}", _TERMINATED)
            return _fail(f"interrupted; {_left(words)}", _INTERRUPTED)
        if words is None or words.traceback:
            say(traceback.format_exc(), STDERR)
        return _fail(
            f"an error inside the program ({type(error).__name__}); {_left(words)}. "
            "Please report it with what --traceback adds",
            _BUG,
        )
    finally:
        warnings.showwarning = shown
        signal.signal(signal.SIGTERM, before)
    return _DONE


def _left(words: Any) -> str:
    """What a command that was broken off leaves."""
    if words is not None and words.command == "score":
        from ..scoring.score import is_folder

        if is_folder(words.out):
            return "finished parts stay, and the same command goes on from there"
    return "nothing was written"


def _fail(message: str, code: int) -> int:
    say(f"clvmodels: {message}", STDERR)
    return code


def _show_warning(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
    if issubclass(category, ClvWarning):
        say(f"warning: {in_options(str(message))}", STDERR)
