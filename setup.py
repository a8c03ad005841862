"""The one thing that pyproject.toml cannot say: a wheel holds a copy of the data files of data/.

They are kept once, at the top of the checkout, where people look for data; `clvmodels.load_cdnow` finds them there too.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = (
    "cdnow_transactions.csv",
    "cdnow_sample_transactions.csv",
    "example_transactions.csv.gz",
    "example_transactions.LICENSE.txt",
)


class BuildWithData(build_py):
    """Copy the data into the package clvmodels, except for an editable install, which reads the checkout itself."""

    def run(self) -> None:
        """Build the package, then add the data."""
        super().run()
        if not self.editable_mode:
            for source, target in self.copies():
                self.mkpath(str(Path(target).parent))
                self.copy_file(source, target, preserve_mode=False)

    def copies(self) -> list[tuple[str, str]]:
        """Say which file goes where."""
        return [(f"data/{name}", str(Path(self.build_lib, "clvmodels", "data", name))) for name in DATA]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """List what is written, for tools that ask."""
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else outputs + [target for _, target in self.copies()]


setup(cmdclass={"build_py": BuildWithData})
