"""The Python examples of the README and of docs/ print what they say they print."""

from __future__ import annotations

import doctest
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clvmodels.compat.lifetimes import differences
from clvmodels.destinations import targets
from clvmodels.transactions.systems import layouts

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?:python|pycon)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blanked(text: str) -> str:
    """A page with all but its Python blocks blanked out, so that line numbers stay true."""
    kept, end = [], 0
    for block in BLOCK.finditer(text):
        kept += ["\n" * text.count("\n", end, block.start(1)), block.group(1)]
        end = block.end(1)
    return "".join(kept)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_are_true(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("data", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(differences, "_TOLD", set())
    for name in [name for name in sys.modules if name.split(".")[0] == "lifetimes"]:  # as in a process of its own
        monkeypatch.delitem(sys.modules, name)
    examples = doctest.DocTestParser().get_doctest(
        blanked(page.read_text(encoding="utf-8")), {}, page.name, str(page), 0
    )
    failures: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF | doctest.FAIL_FAST)
    runner.run(examples, out=failures.append)
    assert not runner.failures, "".join(failures)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_block_is_an_example(page: Path) -> None:
    """A block that cannot be run, or whose output is not shown, is not marked as python."""
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        assert ">>> " in block.group(1), block.group(1)


def test_tables_made_from_the_code_are_those_of_the_code() -> None:
    spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "tools" / "readme_tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    for page, (name, table) in tables.TABLES.items():
        text = page.read_text(encoding="utf-8")
        assert tables.with_table(text, name, table) == text, "run: python tools/readme_tables.py --write"


def test_every_system_and_target_is_told_and_why_lines_are_left_out() -> None:
    page = (ROOT / "docs" / "in-and-out-of-other-systems.md").read_text(encoding="utf-8")
    for name in layouts.names():
        assert f"\n| `{name}` | " in page
        known = layouts.layout(name)
        reasons = re.findall(r"(?:THEN|ELSE) '([a-z ]+)'|'([a-z ]+)', left_out\)", re.sub(r"\s+", " ", known.sql))
        assert reasons
        for reason in map("".join, reasons):
            assert reason in page, f"{known.title}: {reason}"
    for name in targets.names():
        assert f"\n| `{name}` | " in page


def test_forecast_shown_is_what_the_command_prints(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "build").mkdir()
    words = "forecast data/cdnow_transactions.csv --out build/cdnow_scored.parquet"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"clvmodels {words}" in text
    said = subprocess.run(
        [sys.executable, "-m", "clvmodels.cli", *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    (shown,) = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert shown in said.stdout
