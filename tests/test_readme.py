"""The Python examples of the README print what the README says they print."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(?:python|pycon)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blanked(text: str) -> str:
    """README with all but its Python blocks blanked out, so that line numbers stay true."""
    kept, end = [], 0
    for block in BLOCK.finditer(text):
        kept += ["\n" * text.count("\n", end, block.start(1)), block.group(1)]
        end = block.end(1)
    return "".join(kept)


def test_examples_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    readme = ROOT / "README.md"
    examples = doctest.DocTestParser().get_doctest(
        blanked(readme.read_text(encoding="utf-8")), {}, readme.name, str(readme), 0
    )
    failures: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF | doctest.FAIL_FAST)
    runner.run(examples, out=failures.append)
    assert not runner.failures, "".join(failures)


def test_every_python_block_is_an_example() -> None:
    """A block that cannot be run, or whose output is not shown, is not marked as python."""
    for block in BLOCK.finditer((ROOT / "README.md").read_text(encoding="utf-8")):
        assert ">>> " in block.group(1), block.group(1)
