"""The page that is checked in."""

from __future__ import annotations

from pathlib import Path

from calibration.judging import complaints

PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"


def test_it_shows_what_it_must():
    assert PAGE.exists(), "make calibrate writes it"
    assert complaints(PAGE.read_text(encoding="utf-8")) == []
