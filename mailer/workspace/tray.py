"""``editions/<publication>/inbox/``: what the week dropped there, and how it is taken.

Markdown files and pictures, in the folder or one folder below, whose name is then their
section. What an edition takes is copied into its folder first, texts into ``material/``
and pictures beside the edition, and leaves the inbox last: cut short at any moment,
nothing is lost, and the next time finishes the move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mailer.edition.gathering.item import pictures_in, read_item
from mailer.edition.gathering.sorting import Item
from mailer.errors import EditionError, Finding
from mailer.files import replacing, usual_mode
from mailer.phrases import Phrase, say, verbatim
from mailer.workspace.editions import INBOX, Workspace
from mailer.workspace.manuscript import texts

MATERIAL = "material"
"""Where the texts that an edition was assembled from lie, inside its folder."""

_TEXTS = frozenset({".md", ".markdown", ".txt"})
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp"})
_MOST_TEXT = 200_000  # bytes; an item is small
_MOST_PICTURE = 40_000_000  # bytes, as a camera makes them at most
_MOST_FILES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """An item with the files it consists of: its text, and the pictures it shows.

    ``text`` is what its file says, or would say if it had one: a picture may lie alone.
    """

    item: Item
    text: str
    file: Path | None
    pictures: tuple[Path, ...] = ()


@dataclass(slots=True)
class Pile:
    """What lies in the inbox and in the material of one edition.

    ``left`` was copied by an assembly that was cut short before it emptied the inbox.
    """

    items: dict[str, Lying] = field(default_factory=dict)
    left: list[Lying] = field(default_factory=list)
    faults: list[tuple[str, Phrase]] = field(default_factory=list)


def look_into(
    workspace: Workspace, publication: str, edition: Path | None, *, gap: str
) -> Pile:
    """The items for *edition*: those it took before, and those in the inbox."""
    pile = Pile()
    inbox = workspace.root / "editions" / publication / INBOX
    if edition is not None:
        _read(workspace, edition / MATERIAL, edition, pile, gap=gap, taken=True)
    known = {lying.text for lying in pile.items.values()}
    shown = {
        each.name: each for lying in pile.items.values() for each in lying.pictures
    }
    fresh = Pile()
    _read(workspace, inbox, None, fresh, gap=gap, taken=False)
    for name, lying in fresh.items.items():
        if other := _other_picture(lying, edition, shown):
            message = say("there is another {file}: rename one of them", file=other)
            pile.faults.append((name, message))
            continue
        if lying.text in known and {p.name for p in lying.pictures} <= shown.keys():
            pile.left.append(lying)
            continue
        shown |= {each.name: each for each in lying.pictures}
        free = _free(name, pile.items)
        piece = replace(lying.item.piece, name=free)
        pile.items[free] = replace(lying, item=replace(lying.item, piece=piece))
    pile.faults += fresh.faults
    return pile


def copy_into(lying: Lying, edition: Path) -> None:
    """Copy an item of the inbox into *edition*: pictures first, then what shows them."""
    target = edition / MATERIAL / lying.item.piece.name
    target = target if lying.file else target.with_suffix(".md")
    target.parent.mkdir(parents=True, exist_ok=True)
    for picture in lying.pictures:
        copy(picture.read_bytes(), edition / picture.name)
    copy(lying.text.encode(), target)


def clear(lying: Lying, *, keep: Collection[Path] = ()) -> None:
    """Take an item out of the inbox: *lying* was copied. Others may need what to *keep*."""
    for original in (lying.file, *lying.pictures):
        if original is not None and original not in keep:
            original.unlink(missing_ok=True)


def copy(content: bytes, target: Path) -> None:
    """Put *content* at *target*, unless it stands there already."""
    if target.exists() and target.read_bytes() == content:
        return
    with replacing(target, mode=usual_mode()) as file:
        file.write(content)


def _read(
    workspace: Workspace,
    folder: Path,
    beside: Path | None,
    pile: Pile,
    *,
    gap: str,
    taken: bool,
) -> None:
    """Read what lies in *folder*; pictures of taken items lie *beside* the edition."""
    files = list(_files(workspace, folder, pile))
    written = [file for file in files if file.suffix.lower() in _TEXTS]
    pictures = {
        file.relative_to(folder).as_posix(): file
        for file in files
        if file.suffix.lower() in _PICTURES
    }
    shown: set[Path] = set()
    for file in written:
        name = file.relative_to(folder).as_posix()
        place = beside or file.parent
        try:
            (text,) = texts([(file, name)]).values()
            own = "" if taken else _companion(file)
            item = read_item(text, name=name, picture=own, gap=gap)
        except EditionError as error:
            pile.faults.append((name, _told(error.findings[0])))
            continue
        named = pictures_in(item.piece.text + "\n" + item.piece.picture)
        there = tuple(place / each for each in named)
        astray = (
            each
            for each, path in zip(named, there, strict=True)
            if path.parent != place or not _is_picture(workspace, path)
        )
        if (missing := next(astray, None)) is not None:
            message = say("there is no picture {file} beside it", file=missing)
            pile.faults.append((name, message))
            continue
        shown |= set(there)
        text = _with_picture(text, own) if own and item.piece.picture else text
        item = replace(item, folder=_folder(name), taken=taken)
        pile.items[name] = Lying(item=item, text=text, file=file, pictures=there)
    for name, picture in pictures.items():
        if picture in shown:
            continue
        text = f"---\npicture: {picture.name}\n---\n"
        item = read_item(text, name=name, gap=gap)
        item = replace(item, folder=_folder(name), taken=taken)
        pile.items[name] = Lying(item=item, text=text, file=None, pictures=(picture,))


def _told(finding: Finding) -> Phrase:
    """What is wrong with an item, at its line, and the way out."""
    told = verbatim(finding.message)
    if finding.line:
        told = say("line {line}: {fault}", line=str(finding.line), fault=told)
    if finding.hint:
        told = say("{fault} ({hint})", fault=told, hint=finding.hint)
    return told


def _files(workspace: Workspace, folder: Path, pile: Pile) -> Iterator[Path]:
    """The files of *folder* and of the folders in it, those that can be items."""
    try:
        found = sorted((*folder.glob("*"), *folder.glob("*/*")))[: _MOST_FILES + 1]
    except OSError:
        return
    for file in found[:_MOST_FILES]:
        name = file.relative_to(folder).as_posix()
        if any(part.startswith((".", "_")) for part in Path(name).parts):
            continue
        if file.is_dir() and not file.is_symlink():
            continue
        if fault := _fault(workspace, file):
            pile.faults.append((name, fault))
        else:
            yield file


def _fault(workspace: Workspace, file: Path) -> Phrase | None:
    """Why *file* cannot be an item; None if it can."""
    if file.is_symlink() or not workspace.holds(file) or not file.is_file():
        return say("it is no file of the workspace")
    kind = file.suffix.lower()
    if kind not in _TEXTS | _PICTURES:
        return say("it is neither Markdown nor a picture")
    most = _MOST_TEXT if kind in _TEXTS else _MOST_PICTURE
    if file.stat().st_size > most:
        return say("it is larger than {most} bytes", most=most)
    return None


def _is_picture(workspace: Workspace, file: Path) -> bool:
    return (
        file.suffix.lower() in _PICTURES
        and file.is_file()
        and not file.is_symlink()
        and workspace.holds(file)
    )


def _companion(file: Path) -> str:
    """The picture that lies beside *file* under the same name; empty if none does."""
    for kind in sorted(_PICTURES):
        for suffix in (kind, kind.upper()):
            if file.with_suffix(suffix).is_file():
                return file.with_suffix(suffix).name
    return ""


def _with_picture(text: str, picture: str) -> str:
    """*text* naming its *picture*: in the material they lie apart."""
    opening, _, rest = text.partition("\n")
    if opening.rstrip() == "---":
        return text if "\npicture:" in text else f"---\npicture: {picture}\n{rest}"
    return f"---\npicture: {picture}\n---\n{text}"


def _other_picture(
    lying: Lying, edition: Path | None, shown: Mapping[str, Path]
) -> str:
    """A picture of *lying* whose name is another picture's in *edition*, or beside."""
    for picture in lying.pictures:
        beside = [edition / picture.name] if edition else []
        for there in (*beside, *filter(None, [shown.get(picture.name)])):
            if there.is_file() and there.read_bytes() != picture.read_bytes():
                return picture.name
    return ""


def _folder(name: str) -> str:
    return Path(name).parent.name


def _free(name: str, taken: dict[str, Lying]) -> str:
    path, count = Path(name), 1
    while name in taken:
        count += 1
        name = path.with_stem(f"{path.stem}-{count}").as_posix()
    return name
