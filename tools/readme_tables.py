"""Print the README's table of model families from the code, or write it there with --write."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from clvmodels.families import PURCHASE_FAMILIES, SPEND_FAMILIES

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- families: made by tools/readme_tables.py -->\n", "<!-- end of families -->\n"


def families_table() -> str:
    """Build one row per shipped family: name, what it says, parameters, source."""
    lines = ["| name | model | parameters | source |", "|---|---|---|---|"]
    for name in (*PURCHASE_FAMILIES, *SPEND_FAMILIES):
        module = import_module(f"clvmodels.families.{name}")
        family = module.FAMILY
        says = (module.__doc__ or "").split("\n")[0].removesuffix(".")
        lines.append(f"| `{name}` | {says} | {', '.join(family.parameters)} | {family.source} |")
    return "\n".join(lines) + "\n"


def with_tables(text: str) -> str:
    """Return the README with the table between its marks made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + families_table() + END + after


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(families_table())
