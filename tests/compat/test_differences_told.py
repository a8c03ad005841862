"""The table of differences and the code that tells them name the same."""

from __future__ import annotations

import ast
from pathlib import Path

from clvmodels.compat.lifetimes import differences

FOLDER = Path(differences.__file__).parent


def test_what_is_to_be_told_is_told_somewhere_and_nothing_else():
    texts = {
        node.value
        for path in FOLDER.rglob("*.py")
        if path.name != "differences.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {key for key, one in differences.DIFFERENCES.items() if one.told} == texts & set(differences.DIFFERENCES)
