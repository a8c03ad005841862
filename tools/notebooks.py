"""Execute the notebooks and write them with their outputs: python tools/notebooks.py [--check] [NAME ...]

Each runs in a fresh kernel of the Python that runs this, with the package of this checkout, and every warning is an
error. What is written depends on the code alone: cells are numbered, and nothing of the machine or of the time is kept.
With --check nothing is written; the exit status is 1 if kept text outputs are not those of the code.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
SECONDS_PER_CELL = 600
KERNELS_OWN = "(IPython|ipykernel|jupyter_client|tornado|traitlets|zmq)"
STRICT = [
    "import warnings",
    "warnings.simplefilter('error')",
    f"warnings.filterwarnings('ignore', module='{KERNELS_OWN}')",
]
FLEETING = (re.compile(r"(?<= at) 0x[0-9a-f]+"), re.compile(r"(?<=after today) \(\d{4}-\d\d-\d\d\)"))


def paths(names: list[str] | None = None) -> list[Path]:
    """The notebooks, all or those whose file names begin with one of the given texts."""
    found = sorted(FOLDER.glob("*.ipynb"))
    return [path for path in found if not names or path.name.startswith(tuple(names))]


def executed(notebook: Any) -> Any:
    """A notebook with the outputs that its code gives now, in the form in which notebooks are kept."""
    fresh = normalised(notebook)
    with tempfile.TemporaryDirectory() as folder:
        # No folder of kernels: what is left is ipykernel's own, which runs sys.executable, whatever is installed.
        kernels = KernelSpecManager(kernel_dirs=[])
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=kernels,
            transport="tcp" if os.name == "nt" else "ipc",  # two kernels started at once can get the same port
            connection_file=str(Path(folder, "kernel.json")),
        )
        client = NotebookClient(
            fresh,
            km=manager,
            timeout=SECONDS_PER_CELL,
            extra_arguments=[f"--IPKernelApp.exec_lines={STRICT}"],
            record_timing=False,
        )
        client.owns_km = True  # and ends the kernel in any case
        surroundings = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "IPYTHONDIR": folder,  # nobody's start-up files
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }
        client.execute(cwd=folder, env=surroundings)
    return normalised(fresh)


def normalised(notebook: Any) -> Any:
    """A copy that holds code, text and outputs, and nothing of a machine or a moment."""
    kept = nbformat.from_dict({**notebook, "nbformat": 4, "nbformat_minor": 5})
    kept.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    ran = 0
    for position, cell in enumerate(kept.cells, 1):
        cell.id = f"cell-{position:02}"
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type != "code":
            continue
        ran += 1
        cell.execution_count = ran
        cell.outputs = _without_progress(cell.outputs)
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = ran
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
            if "text" in output:
                output.text = _lasting(output.text)
            for kind, content in output.get("data", {}).items():
                if isinstance(content, str) and kind.startswith("text/"):
                    output.data[kind] = _lasting(content)
    return kept


def _without_progress(outputs: list[Any]) -> list[Any]:
    """Streams whole, however they arrived, and no progress bars: whether one is drawn depends on the speed."""
    bars = any(output.get("name") == "stderr" and "\r" in output.text for output in outputs)
    result: list[Any] = []
    for output in outputs:
        if bars and output.get("name") == "stderr":
            continue
        if output.output_type == "stream" and result and result[-1].get("name") == output.name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def _lasting(text: str) -> str:
    for pattern in FLEETING:
        text = pattern.sub("", text)
    return text


def told(notebook: Any) -> Iterator[tuple[int, str, str]]:
    """Cell position, kind and words of each output; of pictures only that there is one, and spaces do not count."""
    for position, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                yield position, output.name, " ".join(output.text.split())
            for kind, content in sorted(output.get("data", {}).items()):
                yield position, kind, " ".join(str(content).split()) if kind.startswith("text/") else ""


def written(notebook: Any) -> str:
    """The text of the file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Execute and write, or compare; the exit status."""
    parser = argparse.ArgumentParser(description="Execute the notebooks and keep their outputs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a file name begins, such as 01; all if none")
    parser.add_argument("--check", action="store_true", help="write nothing, compare the kept outputs")
    asked = parser.parse_args(arguments)
    stale = 0
    for path in paths(asked.names):
        kept = nbformat.read(path, as_version=4)
        fresh = executed(kept)
        if asked.check:
            same = list(told(kept)) == list(told(fresh))
            stale += not same
            sys.stdout.write(f"{path.name}: {'as kept' if same else 'other outputs than those kept'}\n")
        else:
            path.write_text(written(fresh), encoding="utf-8")
            sys.stdout.write(f"{path.name}: executed\n")
    return int(stale > 0)


if __name__ == "__main__":
    sys.exit(main())
