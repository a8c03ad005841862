"""Normal forms of what names people, as SQL of the embedded engine; NULL where a text is nothing of the kind."""

from __future__ import annotations

# numbers of these countries keep their leading 0 behind the country code (ITU-T E.164; national numbering plans)
_KEPT_ZERO = ("39", "225", "242", "378")
_TRUNK = {"1": r"^1(\d{10})$", "7": r"^8(\d{10})$"}  # what is dialled before a national number, if it is not 0


def email(text: str) -> str:
    """A lower-case address, if it has one @ and a domain with a dot.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + email("'Mary@Example.com'")).fetchall()
    [('mary@example.com',)]
    """
    apart = r'@\s,;:<>()"\[\]'  # what stands between addresses and around them
    form = rf"[^{apart}]+@[^{apart}.]+(\.[^{apart}.]+)+"
    return f"CASE WHEN regexp_full_match({text}, '{form}') THEN lower({text}) END"


def without_blanks(text: str) -> str:
    """A text without any blank in it."""
    return rf"regexp_replace({text}, '[\s\p{{Z}}]+', '', 'g')"


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
    """The two letters of a country, lower case."""
    return f"CASE WHEN regexp_full_match({text}, '[A-Za-z]{{2}}') THEN lower({text}) END"


def phone(text: str, phone_country: str | None) -> str:
    """The digits of a telephone number with its country code, without + (ITU-T E.164: at most 15, none before is 0).

    A number begins with + or 00, or gets the code ``phone_country``, for which a leading 0 (in North America 1, in
    Russia 8) goes; "included" takes numbers that carry their code without a plus.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + phone("'0171 / 123-4567'", "49") + ", " + phone("'+49 (0)171 1234567'", None)).fetchall()
    [('491711234567', '491711234567')]
    """
    # the (0) of +49 (0)171 is dialled inside the country only
    abroad = rf"regexp_replace({text}, '^(\+|00)([^()]*)\(0\)', '\1\2')"
    plain = rf"regexp_replace({abroad}, '[\s\p{{Z}}\p{{Pd}}().,/]+', '', 'g')"
    national = "x"
    code = str(phone_country).removeprefix("+")
    if code in _TRUNK:
        national = rf"regexp_replace(x, '{_TRUNK[code]}', '\1')"
    elif code not in _KEPT_ZERO:
        national = "ltrim(left(x, 1), '0') || substr(x, 2)"
    cases = "WHEN left(x, 1) = '+' THEN substr(x, 2) WHEN left(x, 2) = '00' THEN substr(x, 3) "
    if phone_country is not None:
        cases += "ELSE x " if phone_country == "included" else f"ELSE '{code}' || {national} "
    found = f"list_transform([{plain}], lambda x: CASE {cases}END)[1]"
    return rf"NULLIF(regexp_extract({found}, '^[1-9]\d{{7,14}}$'), '')"
