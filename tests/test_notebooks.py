"""The notebooks run, as they are kept, and hold nothing of the machine they were executed on."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

import clvmodels as clv

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_BYTES = 600_000
OF_A_MACHINE = re.compile(
    r"/(?:home|root|tmp|usr|opt|Users|private|var|work|mnt)/|[A-Za-z]:\\\\|site-packages|at 0x[0-9a-f]"
)
KINDS = {"text/plain", "text/html", "image/png"}


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebooks_tool", ROOT / "tools" / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks_and_the_readme_lists_them() -> None:
    assert len(NOTEBOOKS) >= 3
    listed = re.findall(r"\(notebooks/(\w+\.ipynb)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in NOTEBOOKS]


@pytest.mark.system
@each
def test_outputs_kept_are_those_of_the_code(path: Path) -> None:
    """Executed in this Python with every warning an error; an assertion that fails inside fails here."""
    notebooks, kept = tool(), read(path)
    fresh = notebooks.executed(kept)
    assert list(notebooks.told(fresh)) == list(notebooks.told(kept)), "run: make notebooks"


@each
def test_is_kept_in_the_form_of_make_notebooks(path: Path) -> None:
    """Cells numbered in order, no metadata of an editor, a kernel or a moment."""
    notebooks, text = tool(), path.read_text(encoding="utf-8")
    assert notebooks.written(notebooks.normalised(nbformat.reads(text, as_version=4))) == text, "run: make notebooks"


@each
def test_holds_nothing_of_a_machine(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    for cell in read(path).cells:
        texts = [cell.source]
        for output in cell.get("outputs", []):
            assert output.output_type in ("stream", "display_data", "execute_result")
            assert output.get("name") != "stderr", "warnings and progress do not belong into a notebook that is kept"
            data = output.get("data", {})
            assert set(data) <= KINDS, "widgets and the like need a running kernel"
            texts += [output.get("text", ""), *(v for k, v in data.items() if k.startswith("text/"))]
        for text in texts:
            found = OF_A_MACHINE.search(text)
            assert not found, f"{found and found.group()!r} in {text[:200]!r}"


@each
def test_every_code_cell_was_run_and_the_last_one_asserts(path: Path) -> None:
    """A notebook ends in numbers that can be looked up, and the words before say where."""
    cells = read(path).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert code[-1] is cells[-1]
    assert "assert" in code[-1].source
    assert re.search(r"\b(19|20)\d\d\b", cells[-2].source), "the source, with its year"


def names_read(path: Path) -> set[str]:
    """Names and attributes that the code of a notebook uses: what a text mentions, or a string spells, is not used."""
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    nodes = list(ast.walk(ast.parse(code)))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


def test_every_public_function_of_economics_is_shown() -> None:
    public = {name for name in clv.economics.__all__ if inspect.isfunction(getattr(clv.economics, name))}
    assert len(public) > 50
    missing = public - names_read(ROOT / "notebooks" / "05_budget_and_segments.ipynb")
    assert not missing, "a notebook cell should show them on CDNOW"


def test_invented_money_is_marked_in_the_code() -> None:
    """Costs are not in CDNOW's log: a number given as one, or a cost taken from a name, says that it was invented."""
    code = "\n".join(
        cell.source
        for cell in read(ROOT / "notebooks" / "05_budget_and_segments.ipynb").cells
        if cell.cell_type == "code"
    )
    costs = ("cost", "costs", "acquisition_cost", "margin", "uplift")
    given = [
        keyword
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg in costs
    ]
    assert len(given) > 10
    unmarked = [
        ast.unparse(keyword)
        for keyword in given
        if "invented" not in ast.unparse(keyword.value) and not ast.unparse(keyword.value).startswith("economics.")
    ]
    assert unmarked == ["margin='margin'", "margin=1.05"]  # a column made from invented costs; a lever


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("assert 1 + 1 == 3", "AssertionError"),
        ("import warnings; warnings.warn('be careful')", "be careful"),
    ],
)
def test_what_goes_wrong_inside_is_an_error(code: str, complaint: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    with pytest.raises(Exception, match=complaint):
        tool().executed(notebook)


def test_executes_with_this_python_and_this_checkout() -> None:
    code = "import sys, clvmodels; print(sys.executable); print(clvmodels.__file__)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata = {"kernelspec": {"name": "of_another_machine", "display_name": "R", "language": "R"}}
    (output,) = tool().executed(notebook).cells[0].outputs
    assert output.text.splitlines() == [sys.executable, str(ROOT / "clvmodels" / "__init__.py")]


def test_other_outputs_are_noticed() -> None:
    notebooks, cell = tool(), nbformat.v4.new_code_cell("print(1); 2")
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="1\n")]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    kept = list(notebooks.told(notebook))
    assert kept == [(1, "stdout", "1")]
    assert list(notebooks.told(notebooks.executed(notebook))) == [*kept, (1, "text/plain", "2")]


def test_a_progress_bar_is_not_kept() -> None:
    code = "from tqdm import tqdm\nfor _ in tqdm(range(3)): print('step')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    (output,) = tool().executed(notebook).cells[0].outputs
    assert (output.name, output.text) == ("stdout", "step\nstep\nstep\n")
