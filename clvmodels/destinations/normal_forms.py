"""Normal forms of what names people, as SQL of the embedded engine; NULL where a text is nothing of the kind."""

from __future__ import annotations

_BLANK = r"\s\p{Z}\p{C}"  # with what has no width

# The codes of countries (ITU-T E.164) whose numbers never begin with 0: a 0 behind them is what is dialled inside the
# country. Without those that keep it: 39 (Italy), 225, 229, 241, 242, 378.
_CODES = (
    r"20|27|3[0-4]|4[0-1]|4[3-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21\d|22[0-46-8]|23\d|24[03-9]|2[5689]\d|35\d|37[0-79]|"
    r"38\d|42\d|50\d|59\d|6[7-9]\d|8[0578]\d|9[679]\d"
)
# What is dialled inside a country only, 0 or other digits (national numbering plans): how a number with it looks, and
# without it. That of 7 is 8, or the code once more.
_TRUNKS = (
    (rf"^({_CODES})0", r"\1"),
    (r"^1(1\d{10})$", r"\1"),
    (r"^7[78](\d{10})$", r"7\1"),
    (r"^3606", "36"),
    (r"^3708(\d{8})$", r"370\1"),
    (r"^37580(\d{9})$", r"375\1"),
    (r"^9938(\d{8})$", r"993\1"),
)
# How many digits a number has at least that carries its code without a plus, where it is not 11: area 55 of Brazil has
# such numbers that do not; all of Denmark, Norway and Singapore have 8 behind the code
_CARRIES = {"55": 12, "45": 10, "47": 10, "65": 10}
# North America has ten digits behind its code, the first not 0 or 1; Russia and Kazakhstan have ten
_E164 = r"^(1[2-9]\d{9}|7\d{10}|[2-689]\d{7,14})$"


def email(text: str) -> str:
    """A lower-case address, if it has one @ and a domain with a dot; what cannot be seen in it goes.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + email("'Mary@Example.com'")).fetchall()
    [('mary@example.com',)]
    """
    apart = r'@\s,;:<>()"\[\]'  # what stands between addresses and around them
    form = rf"[^{apart}]+@[^{apart}.]+(\.[^{apart}.]+)+"
    seen = rf"regexp_replace({text}, '\p{{Cf}}+', '', 'g')"  # such as soft hyphens, of what was copied from pages
    return f"CASE WHEN regexp_full_match({seen}, '{form}') THEN lower({seen}) END"


def without_blanks(text: str) -> str:
    """A text without any blank in it, and without what cannot be seen."""
    return f"regexp_replace({text}, '[{_BLANK}]+', '', 'g')"


def one_blank(text: str) -> str:
    """A text with one blank where there were several."""
    return rf"regexp_replace({text}, '[\s\p{{Z}}]+', ' ', 'g')"


def letters_and_digits(text: str) -> str:
    """A lower-case text without blanks, punctuation and symbols; accents and other alphabets stay.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + letters_and_digits("'Anne-Valéry O''Neill'")).fetchall()
    [('annevaléryoneill',)]
    """
    return rf"NULLIF(regexp_replace(lower({text}), '[\s\p{{Z}}\p{{P}}\p{{S}}\p{{C}}]+', '', 'g'), '')"


def a_to_z(text: str) -> str:
    """The letters a to z of a text, accents taken off.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + a_to_z("'São Paulo'")).fetchall()
    [('saopaulo',)]
    """
    return f"NULLIF(regexp_replace(strip_accents(lower({text})), '[^a-z]+', '', 'g'), '')"


def country(text: str) -> str:
    """The two letters of a country, lower case; UK, which ISO 3166-1 reserves, is GB.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + country("'DE'") + ", " + country("'UK'")).fetchall()
    [('de', 'gb')]
    """
    letters = f"WHEN regexp_full_match({text}, '[A-Za-z]{{2}}') THEN lower({text})"
    return f"CASE WHEN lower({text}) = 'uk' THEN 'gb' {letters} END"


def phone(text: str, phone_country: str | None) -> str:
    """The digits of a telephone number with its country code, without + (ITU-T E.164: at most 15, none before is 0).

    A number begins with + or 00 (011 in North America), or gets the code ``phone_country``; "included" takes numbers
    that carry their code without a plus. What is dialled before a number inside its country only (mostly 0) goes.
    Numbers of at least 11 digits that begin with ``phone_country`` carry it (12 in Brazil; 10 in Denmark, Norway and
    Singapore).

    >>> import duckdb
    >>> duckdb.sql("SELECT " + phone("'0171 / 123-4567'", "49") + ", " + phone("'+49 (0)171 1234567'", None)).fetchall()
    [('491711234567', '491711234567')]
    """
    code = str(phone_country).removeprefix("+")
    begins = r"^(\+|00|011)" if code == "1" else r"^(\+|00)"
    digits = rf"regexp_replace({text}, '^(\+?\d{{7,}})\.0$', '\1')"  # numbers that were decimal ones on their way
    digits = rf"regexp_replace({digits}, '{begins}([^()]*)\(0\)', '\1\2')"  # the (0) of +49 (0)171
    digits = rf"regexp_replace({digits}, '[{_BLANK}\p{{Pd}}()./]+', '', 'g')"
    cases = f"WHEN regexp_matches(x, '{begins}') THEN regexp_replace(x, '{begins}', '') "
    if phone_country == "included":
        cases += "ELSE x "
    elif phone_country is not None:
        cases += f"WHEN starts_with(x, '{code}') AND length(x) >= {_CARRIES.get(code, 11)} THEN x ELSE '{code}' || x "
    found = f"list_transform([{digits}], lambda x: CASE {cases}END)[1]"
    for form, without in _TRUNKS:
        found = f"regexp_replace({found}, '{form}', '{without}')"
    return f"NULLIF(regexp_extract({found}, '{_E164}'), '')"
