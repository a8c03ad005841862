"""What the tests of other packages' names share."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from clvmodels.compat.lifetimes import differences


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The original is older than pandas 2, and changes the filters of warnings while it fits."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "_TOLD", set())


@pytest.fixture(scope="session")
def original() -> ModuleType:
    """The package lifetimes itself."""
    with quiet():
        import lifetimes
        import lifetimes.plotting
        import lifetimes.utils
    return lifetimes
