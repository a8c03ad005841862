"""What somebody gets who installs the built package instead of working in the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parent.parent
DATA_FILES = (
    "cdnow_transactions.csv",
    "cdnow_sample_transactions.csv",
    "example_transactions.csv.gz",
    "example_transactions.LICENSE.txt",
)
SOURCES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md")
LOAD = """
import clvmodels, pathlib
print(pathlib.Path(clvmodels.__file__).resolve().parent)
print(clvmodels.load_cdnow().shape, clvmodels.load_cdnow(sample=True).shape)
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command away from the checkout and return what it prints; fail with all of it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=inherited | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built, so that building leaves nothing in the checkout and finds nothing left there."""
    folder = tmp_path_factory.mktemp("sources")
    for name in (*SOURCES, "Makefile", "constraints.txt"):
        shutil.copy2(ROOT / name, folder)
    for name in ("clvmodels", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def built(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source distribution, and the wheel made from that."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, sources, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a new environment that holds the wheel and sees the dependencies of this one, but not the checkout."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    target = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # A .pth file adds a folder but not the .pth files in it, thus not an editable install of the checkout.
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (target / "dependencies.pth").write_text("\n".join(sorted(dependencies)) + "\n", encoding="utf-8")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    return python


def test_wheel_holds_the_package_the_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert {name.split("/")[0].split("-")[0] for name in names} == {"clvmodels"}
        assert len(names) == len(set(names))
        assert {"clvmodels/__init__.py", "clvmodels/py.typed"} <= set(names)
        assert any(name.endswith("licenses/LICENSE") for name in names)
        modules = {f"clvmodels/{path.relative_to(ROOT / 'clvmodels').as_posix()}" for path in package_files()}
        assert modules == {name for name in names if name.endswith(".py")}
        for name in ("page.html", "page.css", "page.js"):
            assert archive.read(f"clvmodels/reports/{name}") == (ROOT / "clvmodels" / "reports" / name).read_bytes()
        systems = ROOT / "clvmodels" / "transactions" / "systems"
        layouts = [path for path in systems.iterdir() if path.suffix in (".sql", ".toml")]
        assert len(layouts) >= 8
        for path in layouts:
            assert archive.read(f"clvmodels/transactions/systems/{path.name}") == path.read_bytes()
        for name in DATA_FILES:
            assert archive.read(f"clvmodels/data/{name}") == (ROOT / "data" / name).read_bytes()


def package_files() -> list[Path]:
    return [path for path in (ROOT / "clvmodels").rglob("*.py") if "__pycache__" not in path.parts]


def test_source_distribution_holds_the_data_once(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [name.split("/", 1)[-1] for name in archive.getnames()]
    for name in DATA_FILES:
        assert [found for found in names if found.endswith(name)] == [f"data/{name}"]
    assert "setup.py" in names


def test_wheel_made_without_a_source_distribution_is_the_same(sources: Path, wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, sources, cwd=tmp_path)
    (direct,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(direct) as one, zipfile.ZipFile(wheel) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


def test_data_load_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    place, shapes = run(installed, "-W", "error", "-c", LOAD, cwd=tmp_path).splitlines()
    assert installed.parent.parent in Path(place).parents or str(installed.parent.parent) in place
    assert ROOT not in Path(place).parents
    assert shapes == "(69659, 4) (6919, 4)"


def test_data_load_from_a_checkout(sources: Path, tmp_path: Path) -> None:
    place, shapes = run(sys.executable, "-W", "error", "-c", LOAD, cwd=tmp_path, PYTHONPATH=str(sources)).splitlines()
    assert Path(place) == sources / "clvmodels"
    assert not (sources / "clvmodels" / "data").exists()
    assert shapes == "(69659, 4) (6919, 4)"


def test_a_report_is_written_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    command = installed.parent / ("clvmodels.exe" if os.name == "nt" else "clvmodels")
    words = ("--calibration-end", "1997-09-30", "--models", "nbd", "--out", "report.html")
    said = run(command, "validate", ROOT / "data" / "cdnow_sample_transactions.csv", *words, cwd=tmp_path)
    assert "NBD forecast" in said
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")


def test_command_runs_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    command = installed.parent / ("clvmodels.exe" if os.name == "nt" else "clvmodels")
    assert "forecast" in run(command, "--help", cwd=tmp_path)
