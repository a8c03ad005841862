"""tests/benchmarks/compat.py runs and finds that the answers agree; of the times no test says anything."""

from __future__ import annotations

import re
from importlib import import_module

import pytest


@pytest.mark.system
@pytest.mark.filterwarnings("ignore")
def test_the_benchmark_runs_and_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    status = import_module("compat").main(["--customers", "500", "--repeats", "1"])
    said = capsys.readouterr()
    assert not said.err
    assert status == 0
    names = re.findall(r"^\| `(\w+(?:\.\w+)?)`", said.out, re.MULTILINE)
    assert len(names) == 5 + 9 + 2 + 1 + 2 + 1
    assert names[0] == "BetaGeoFitter.fit"
