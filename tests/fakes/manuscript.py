"""Editions as random people write them: every construct, nested every allowed way.

Each word is made up and used once. A word that only members may read begins with
``SECRET``, so that one search through bytes says whether it got out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from mailer.edition.blocks import Text
from mailer.edition.model import Author, Edition
from mailer.edition.reading.parse import parse_edition
from mailer.rendering.model import Scene
from tests.fakes import specimen

SECRET = "zqx"
_OPEN = "vu"
MARKED = re.compile(f"(?:{SECRET}|{_OPEN})[a-t]+u")
"""A word of a manuscript."""
FILES = ("port.jpg", "zqxport.jpg")
FLAG = "DANS LE SILLAGE"
AUTHORS = {
    "claire": Author(key="claire", name="Claire Aubry", photo="claire.png"),
    "zqxmarc": Author(
        key="zqxmarc",
        name="Zqxmarc",
        email="zqxmarc@zqx.example",
        photo="zqxmarc.png",
        invite=(Text("… zqxlit tout."),),
    ),
}


@dataclass(frozen=True)
class Manuscript:
    """The text of an edition, and the words that members must find in it."""

    text: str
    snippets: dict[str, str]
    for_members: tuple[str, ...]

    def edition(self) -> Edition:
        """What the parser makes of it."""
        return parse_edition(
            self.text,
            file="index.md",
            folder="2026-03-14-essai",
            publication=PAPER,
            authors=AUTHORS,
            files=[*FILES, "index.md"],
            snippets=self.snippets,
            theme_blocks={"chart": ("mjml", "html", "txt")},
        )


PAPER = replace(specimen.publication(), flags=(FLAG,), labels={"À retenir": "takeaway"})


def stage(theme: str, *, hosted: bool = True) -> Scene:
    """A scene with every picture that a manuscript may show."""
    pictures = {
        name: specimen.picture(name)
        for name in (
            *FILES,
            *(f"{f}#video" for f in FILES),
            "claire.png",
            "zqxmarc.png",
        )
    }
    if not hosted:
        pictures = {
            name: replace(p, src=f"cid:{p.file_name.partition('.')[0]}@mailer")
            for name, p in pictures.items()
        }
    return specimen.scene(
        theme,
        publication=PAPER,
        authors=AUTHORS,
        pictures=pictures,
        public_url="https://lettres.example.org" if hosted else None,
    )


def manuscripts() -> st.SearchStrategy[Manuscript]:
    """Whole editions, small enough to be rendered hundreds of times."""
    return st.composite(lambda draw: _Writer(draw).manuscript())()


@dataclass
class _Writer:
    """Writes one manuscript; ``secret`` is whether only members read at this point."""

    draw: Callable[[st.SearchStrategy], object]
    secret: bool = False
    lost: bool = False  # whether members do not read at this point
    count: int = 0
    for_members: list[str] = field(default_factory=list)
    snippets: dict[str, str] = field(default_factory=dict)

    def manuscript(self) -> Manuscript:
        lines = [
            "---",
            f"title: {self.words(3)}",
            "date: 2026-03-14",
            f"subtitle: {self.words(4)}",
            f"summary: [{self.words(2)}, {self.words(9)}]",
            *(["cover: port.jpg"] if self.maybe() else []),
            *([f"archive: {self.pick(['members', 'none'])}"] if self.maybe() else []),
            "---",
            "",
            *self.several(self.item, 0, 2),
            *(self.toc() if self.maybe() else []),
        ]
        for _ in range(self.number(1, 3)):
            lines += self.section()
        text = "\n".join(lines) + "\n"
        whole = "\n".join([text, *self.snippets.values()])
        found = tuple(word for word in self.for_members if word in whole)
        return Manuscript(text, self.snippets, found)

    def section(self) -> list[str]:
        wholly = self.pick([False, False, True])
        self.secret = wholly
        title = f"# {self.words(3)}" + self.pick(["", " {.numbered}", " {.editorial}"])
        head = [title, ""]
        if self.maybe():
            head += [" • ".join(self.words(1) for _ in range(3)), ""]
        if self.maybe():
            head += [f"*{self.words(4)}*", ""]
        if wholly:
            # Something that members do read, or they would not see the title either.
            sure = [":::: only member", self.words(2), "::::", ""]
            lines = [*sure, *self.several(lambda: self.only("member"), 0, 2)]
            self.secret = False
            return head + lines
        lines = self.several(self.item, 0, 4)
        if self.maybe():
            self.secret = True
            # What is likely to be listed or to stand for the edition comes often.
            likely = [*self.story(), *self.figure(), ""] if self.maybe() else []
            lines += ["<!--members-->", "", *likely, *self.several(self.item, 1, 4)]
            self.secret = False
        return head + lines

    # -- what stands in a section -----------------------------------------------

    def item(self) -> list[str]:
        kinds = (self.block, self.block, self.toc, self.wrapped)
        return self.pick([*kinds, *self.directives])()

    @property
    def directives(self) -> list[Callable[[], list[str]]]:
        named = [self.box, self.sponsor, self.signature, self.poll, self.chart]
        return [*named, self.snippet]

    def wrapped(self) -> list[str]:
        return self.only(self.pick(["free", "member", "web", "email"]))

    def only(self, audience: str) -> list[str]:
        before = self.secret, self.lost
        self.secret = self.secret or audience == "member"
        self.lost = self.lost or audience in {"free", "web"}
        kinds = [self.block, self.block, *self.directives]
        inner = self.several(lambda: self.pick(kinds)(), 1, 3)
        self.secret, self.lost = before
        return [f":::: only {audience}", *inner, "::::", ""]

    def box(self) -> list[str]:
        only = self.pick(["", "", " only=member", " only=free"])
        before = self.secret, self.lost
        self.secret = self.secret or "member" in only
        self.lost = self.lost or "free" in only
        name = self.pick(["note", "teaser", "autre"])
        button = self.button_said() if self.maybe() else ""
        title = [f"## {self.words(2)}", ""] if self.maybe() else []
        inner = self.several(self.block, 1, 2)
        self.secret, self.lost = before
        return [f"::: box {name} {{{only}{button}}}", *title, *inner, ":::", ""]

    def sponsor(self) -> list[str]:
        title = [f"## {self.words(2)}", ""] if self.maybe() else []
        opening = f'::: sponsor {{by="{self.words(2)}"{self.button_said()}}}'
        return [opening, *title, *self.several(self.block, 1, 2), ":::", ""]

    def poll(self) -> list[str]:
        self.count += 1
        choices = [f"- {self.words(2)}" for _ in range(2)]
        name = f"{SECRET if self.secret else _OPEN}-{self.count}"
        return [f"::: poll {name}", self.prose(4), "", *choices, ":::", ""]

    def chart(self) -> list[str]:
        only = self.pick(["", " {only=member}", " {only=free}"])
        before = self.secret, self.lost
        self.secret = self.secret or "member" in only
        self.lost = self.lost or "free" in only
        rows = [f"| {self.words(2)}<br>{self.words(1)} | {n} |" for n in (3, 4)]
        head = f"| {self.words(1)} | {self.words(1)} |"
        lines = [f"## {self.words(2)}", "", head, "|--|--|", *rows]
        self.secret, self.lost = before
        return [f"::: chart{only}", *lines, ":::", ""]

    def snippet(self) -> list[str]:
        name = f"{SECRET if self.secret else _OPEN}-{len(self.snippets)}"
        self.snippets[name] = "\n".join(self.several(self.block, 1, 2))
        return [f"::: snippet {name}", ":::", ""]

    def button_said(self) -> str:
        return f' button="{self.words(2)}" href="{self.address()}"'

    def toc(self) -> list[str]:
        return ["::: toc", "À la carte", ":::", ""]

    def signature(self) -> list[str]:
        key = "zqxmarc" if self.secret else "claire"
        return [f"::: signature {key}", ":::", ""]

    # -- what stands anywhere ---------------------------------------------------

    def block(self) -> list[str]:
        kinds = (
            lambda: [self.prose(9)],
            lambda: [f"**À retenir :** {self.prose(4)}"],
            lambda: [f"**{self.words(2)}**"],
            lambda: [f"**{self.words(1)} :** {self.words(3)}"],
            lambda: [f"- **{self.words(2)}** • {self.prose(4)}" for _ in range(2)],
            lambda: [f"- **{FLAG} : {self.words(2)}.** {self.words(3)}"],
            lambda: [
                f"- {self.words(2)}",
                f"    1. {self.words(2)}",
                "- " + self.prose(3),
            ],
            lambda: [
                f"> {self.prose(4)}",
                ">",
                f"> {self.words(9)}",
                f"> — {self.words(2)}",
            ],
            self.table,
            self.figure,
            lambda: [f"[{self.words(2)}]({self.address()}){{.button}}"],
            lambda: ["---"],
            lambda: [f"### {self.words(3)}"],
            self.story,
        )
        return [*self.pick(kinds)(), ""]

    def prose(self, count: int) -> str:
        link = f"[{self.words(2)}]({self.address()})"
        mail = f"[{self.words(1)}](mailto:{self.words(1)}@{_OPEN}.example)"
        kinds = (
            self.words(count),
            f"{self.words(1)} **{self.words(1)} {link}** {self.words(1)}",
            f"{self.words(1)} *{self.words(2)}* `{self.words(1)}` {mail} : {self.words(1)}",
            f"{self.words(2)}\n{self.words(3)}",
        )
        return self.pick(kinds)

    def story(self) -> list[str]:
        return [f'## {self.words(2)} {{emoji="🚲"}}', ""]

    def table(self) -> list[str]:
        rows = [
            f"| {self.words(1)}<br>{self.words(2)} | {self.words(1)} |"
            for _ in range(2)
        ]
        return [f"| {self.words(1)} | {self.words(1)} |", "|:--|--:|", *rows]

    def figure(self) -> list[str]:
        file = FILES[self.secret]
        caption = f' "{self.words(3)}"' if self.maybe() else ""
        plain = f"![{self.words(3)}]({file}{caption})"
        if self.maybe():
            return [plain]
        video = self.pick(["", "{.video}"])
        return [f"[{plain}{video}]({self.address()})"]

    def address(self) -> str:
        return f"https://{self.words(1)}.example/{self.words(1)}"

    # -- chance -----------------------------------------------------------------

    def words(self, count: int) -> str:
        return " ".join(self.word() for _ in range(count))

    def word(self) -> str:
        self.count += 1
        word = SECRET if self.secret else _OPEN
        number = self.count
        while number:
            number, letter = divmod(number, 20)
            word += "abcdefghijklmnopqrst"[letter]
        word += "u"  # no word stands in another
        if self.secret and not self.lost:
            self.for_members.append(word)
        return word

    def several(
        self, part: Callable[[], list[str]], least: int, most: int
    ) -> list[str]:
        return [line for _ in range(self.number(least, most)) for line in part()]

    def number(self, least: int, most: int) -> int:
        return int(self.draw(st.integers(least, most)))  # type: ignore[call-overload]

    def maybe(self) -> bool:
        return bool(self.draw(st.booleans()))

    def pick(self, among: Sequence) -> object:
        return self.draw(st.sampled_from(among))
