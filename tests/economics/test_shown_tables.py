"""Tables as results show them: the same cells in text and in HTML, readable and harmless."""

import numpy as np
import pandas as pd

from clvmodels.economics.shown_tables import html_table, plain_table, signed

TABLE = pd.DataFrame(
    {
        "group": ["<b>", "all"],
        "complete": [np.True_, np.False_],
        "customers": [2, 1234],
        "share_of_value": [0.25, np.nan],
        "relative_change": [-0.05, np.nan],
        "elasticity of spend": [1.0, -0.25],
    }
)


def test_cells_are_the_same_in_text_and_html():
    cells = [
        ["yes", "2", "25.0 %", "-5.0 %", "1.000"],
        ["no", "1,234", "–", "–", "-0.250"],
    ]
    text, page = plain_table(TABLE).split("\n"), html_table(TABLE)
    assert [line.split()[1:] for line in text[1:]] == [["yes", "2", "25.0", "%", "-5.0", "%", "1.000"], cells[1]]
    for row in cells:
        assert all(f">{cell}</td>" in page for cell in row)


def test_html_is_escaped_and_names_are_words():
    page = html_table(TABLE)
    assert "<b>" not in page
    assert ">share of value</th>" in page


def test_amounts_have_their_sign():
    assert [signed(amount) for amount in (0, 1500.4, -2.5)] == ["+0", "+1,500", "-2.5"]
