"""What a typesetter does to one line: spaces, quotation marks, apostrophes, dots.

``set_line`` knows nothing of marks; it says of each letter of its result which letter
of the line it stands for, so that a line set as a whole can be dealt back to the nodes
it came from. Addresses in the text are left alone. Every rule is linear in the length
of the line, and what is set stays set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HOLE = "\ufffc"
"""Stands for what is not words: a code, a break, a placeholder, an address."""

WIDE = "\u00a0"
NARROW = "\u202f"

_S = f" {WIDE}{NARROW}"
_AFTER_SPACE = "»:;!?%€‰"
_CLOSING = r"»”’\")\]…,."

_ADDRESS = re.compile(
    r"(?:https?://|www\.|mailto:)[^\s<>«»\"“”]*[^\s<>«»\"“”.,;:!?…)\]’']"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![^\s«“\"])[:;=][-^']?[)(|/\\DPpOo](?!\w)"  # an emoticon
)

_UNITS = (
    r"(?:€|\$|£|%|‰|°C|°F|km/h|km²|km|m²|m³|m|cm|mm|ha|kg|mg|g|t|l|cl|ml|Hz|kHz|MHz|GHz"
    r"|kWh|MWh|GWh|MW|GW|kW|W|V|octets?|Mo|Go|To|ko|Ko|h|min|s|M€|Md€|k€"
    r"|euros?|millions?|milliards?|ans?|pages?)"
)
_MONTHS = (
    "(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre"
    "|décembre)"
)
_REFERENCES = r"(?:n°s?|N°s?|pp?\.|art\.|chap\.|fig\.|vol\.|t\.|§|M\.|MM\.|Mme|Mmes|Mlle|Mgr|Dr|Pr)"

Rule = tuple[re.Pattern[str], str]


def _rules(*pairs: tuple[str, str]) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern), better) for pattern, better in pairs)


_APOSTROPHES = (
    (r"(?<=[^\W\d_])'(?=\w)", "’"),
    (r"(?<=[^\W\d_])'(?=[«“\"])", "’"),
    (r"(?<![\w'’])'(?=\d0\b|\d\ds?\b|n['’](?!\w))", "’"),
    (r"(?<=[ (]’n)'(?!\w)", "’"),
    (r"(?<![\w'’])'(?=[^\W\d_][^']*(?:(?<=[^\W\d_])|(?<=[.!?…]))'(?!\w))", "‘"),
    (r"(?:(?<=[^\W\d_])|(?<=[.!?…]))'(?!\w)", "’"),
)

_FRENCH = _rules(
    (r"\.{3,}", "…"),
    *_APOSTROPHES,
    (rf"(?<=«)[{_S}]*(?=[^\s»])", WIDE),
    (rf"(?<=[^\s«])[{_S}]*(?=»)", WIDE),
    # what stands high and low: the colon is preceded by a wide space, the rest by a narrow one
    (rf"(?<=[^\s:])[{_S}]+(?=:(?:\s|$|{HOLE}))", WIDE),
    (r"(?<=[^\s:])(?=:(?:\s|$))", WIDE),
    (rf"(?<=[^\s(\[«“])[{_S}]+(?=[;!?]+(?![\w=]))", NARROW),
    (rf"(?<=[^\s;!?:(\[«“¿¡{HOLE}])(?=[;!?]+(?:[\s{_CLOSING}]|$))", NARROW),
    # dashes hold what they enclose, or what they introduce
    (r" [–—]( )[^–—.!?]*( )[–—](?=[ ,.;:!?)]|$)", WIDE),
    (r"^[–—]( )(?=\S)", WIDE),
    # numbers
    (rf"(?<![\d,.])\d{{1,3}}((?<=\d)[{_S}])(?=\d{{3}}(?!\d))", NARROW),
    (rf"(?<={NARROW}\d{{3}})[{_S}](?=\d{{3}}(?!\d))", NARROW),
    (r"(?<=\d)(?=[€%‰](?!\w))", WIDE),
    (rf"(?<=\d) (?={_UNITS}(?!\w))", WIDE),
    (rf"(?<=\d)[{_S}]h( )(?=[0-5]\d(?!\d))", WIDE),
    (rf"(?<=\d)[{_S}]min( )(?=[0-5]?\d[{_S}]s(?!\w))", WIDE),
    (rf"(?<!\w){_REFERENCES}( )(?=[\dA-ZÀ-Ý])", WIDE),
    (r"(?<=[IVX]e) (?=siècles?\b)", WIDE),
    (rf"(?<![\w,.°])(?<!°[{_S}])1()(?=[{_S}]{_MONTHS}\b)", "er"),
    (rf"(?<!\w)(?:\d{{1,2}}|1er)( )(?={_MONTHS}\b)", WIDE),
)
"""What is found, or its groups where it has some, becomes what stands beside it."""

_ENGLISH_MONTHS = (
    "(?:January|February|March|April|May|June|July|August|September|October|November"
    "|December)"
)
_ENGLISH = _rules(
    (r"\.{3,}", "…"),
    (r"(?<=\d)'(?=s\b)", "’"),
    *_APOSTROPHES,
    (r" [–—]( )[^–—.!?]*( )[–—](?=[ ,.;:!?)]|$)", WIDE),
    (rf"(?<=\d) (?={_UNITS}(?!\w))", WIDE),
    (
        r"(?<!\w)(?:[Nn]os?\.|pp?\.|ch\.|fig\.|vol\.|§|Mr|Mrs|Ms|Dr|St)\.?( )(?=[\dA-Z])",
        WIDE,
    ),
    (rf"(?<!\w)\d{{1,2}}( )(?={_ENGLISH_MONTHS}\b)", WIDE),
    (rf"(?<!\w){_ENGLISH_MONTHS}( )(?=\d{{1,2}}\b)", WIDE),
)

_RULES = {"fr": _FRENCH, "en": _ENGLISH}
STYLES = frozenset(_RULES)

_MARKS = re.compile('["«»“”]')
_PAIRS = {"fr": (("«", "»"), ("“", "”")), "en": (("“", "”"), ("‘", "’"))}
"""Outer and inner quotation marks."""
_OPENERS = {'"': '"', "“": "”", "«": "»"}
_BEFORE_OPENING = "([{«“‘’'-–—/" + HOLE
_AFTER_CLOSING = ".,;:!?)]}…»”’-–—/" + HOLE


def set_line(line: str, style: str) -> tuple[str, list[int]]:
    """*line* set in *style*, and of each letter, which of *line* it stands for."""
    text = _ADDRESS.sub(lambda match: HOLE * len(match[0]), line)
    owners = list(range(len(text)))
    before = None
    while before != text:  # one rule's result may be another's beginning
        before = text
        text = _quoted(text, style)
        for pattern, better in _RULES[style]:
            text, owners = _applied(pattern, better, text, owners)
    if HOLE in text:
        text = "".join(
            line[owner] if letter == HOLE else letter
            for letter, owner in zip(text, owners, strict=True)
        )
    return text, owners


def _applied(
    pattern: re.Pattern[str], better: str, text: str, owners: list[int]
) -> tuple[str, list[int]]:
    pieces: list[str] = []
    kept: list[int] = []
    end = 0
    for match in pattern.finditer(text):
        for group in range(1, pattern.groups + 1) or (0,):
            start, stop = match.span(group)
            if text[start:stop] == better:
                continue
            # A space put in goes with the sign that asks for it, not with the word.
            is_after = start < stop or text[start] in _AFTER_SPACE
            owner = owners[start if is_after else start - 1]
            pieces += text[end:start], better
            kept += *owners[end:start], *[owner] * len(better)
            end = stop
    if not pieces:
        return text, owners
    pieces.append(text[end:])
    kept += owners[end:]
    return "".join(pieces), kept


def _quoted(text: str, style: str) -> str:
    """*text* with its pairs of quotation marks as *style* has them.

    Only pairs are changed, sign by sign: one that is alone stays as it was typed.
    French guillemets that were typed stay, and make what they hold an inner quotation.
    """
    pairs = sorted(_pairs(text))
    if not pairs:
        return text
    letters = list(text)
    ends: list[int] = []
    for start, end in pairs:
        while ends and ends[-1] < start:
            ends.pop()
        if letters[start] == '"' or (style == "fr" and letters[start] == "“"):
            letters[start], letters[end] = _PAIRS[style][min(len(ends), 1)]
        ends.append(end)
    return "".join(letters)


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """Where a quotation begins and where it ends, inner ones first."""
    open_: list[tuple[str, int]] = []
    waiting = dict.fromkeys(_OPENERS.values(), 0)
    for match in _MARKS.finditer(text):
        at, mark = match.start(), match[0]
        before = text[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        closing = mark in "»”" or (
            mark == '"'
            and not before.isspace()
            and (after.isspace() or after in _AFTER_CLOSING)
        )
        if closing and waiting[mark]:
            while open_:
                awaited, start = open_.pop()
                waiting[awaited] -= 1
                if awaited == mark:
                    yield start, at
                    break
        elif mark in "«“" or (
            mark == '"'
            and after != '"'
            and not after.isspace()
            and (before.isspace() or before in _BEFORE_OPENING)
        ):
            awaited = _OPENERS[mark]
            open_.append((awaited, at))
            waiting[awaited] += 1
