"""The documentation that the package brings along: its pages by name, their headings, and the groups they are in.

``pages`` is a link to ``docs``; in a package those files stand there. Decisions are for who changes the product.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "pages"
CONTENTS = "README"
"""The page that has all others in groups."""
_LEFT_OUT = "decisions"
_HEADING = re.compile(r"(#{1,4}) (\S.*)")
_GROUP = re.compile(r"\*\*([^*:]+):\*\*")
_PAGE = re.compile(r"\]\(([\w/-]+)\.md\)")
_DROPPED = re.compile(r"[^\w\s-]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of a page."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Document:
    """A page."""

    name: str
    """Its path below ``docs`` without ``.md``."""
    markdown: str
    title: str
    headings: tuple[Heading, ...]
    """Those below the title."""

    def has(self, anchor: str) -> bool:
        """Whether there is a heading of this anchor."""
        return any(heading.anchor == anchor for heading in self.headings)


@dataclass(frozen=True, slots=True)
class Group:
    """Pages under a label."""

    label: str
    documents: list[Document]


@dataclass(frozen=True, slots=True)
class Found:
    """A page that a search finds."""

    document: Document
    headings: list[Heading]
    """Those that fit; none if the title does."""


@cache
def documents() -> dict[str, Document]:
    """All pages, by name."""
    paths = {path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in _files(FOLDER)}
    return {name: read(name, path.read_text("utf-8")) for name, path in sorted(paths.items()) if name != CONTENTS}


@cache
def groups() -> list[Group]:
    """The pages as the table of contents has them."""
    made = []
    for part in (FOLDER / f"{CONTENTS}.md").read_text("utf-8").split("\n\n"):
        if label := _GROUP.match(part):
            names = [name for name in _PAGE.findall(part) if name in documents()]
            made.append(Group(label[1], [documents()[name] for name in names]))
    return made


def search(text: str, most: int) -> list[Found]:
    """Pages with all these words in the title, or in a heading and the title together."""
    words = text.casefold().split()
    found = []
    for document in documents().values():
        if _has(document.title, words):
            found.append(Found(document, []))
        elif fitting := [one for one in document.headings if _has(f"{document.title} {one.text}", words)]:
            found.append(Found(document, fitting))
    return sorted(found, key=lambda one: bool(one.headings))[:most]


def read(name: str, markdown: str) -> Document:
    """A page of this text."""
    title, *others = _headings(markdown)
    return Document(name, markdown, title.text, tuple(others))


def plain(text: str) -> str:
    """A heading without marks."""
    return text.replace("`", "").replace("*", "").strip()


def anchor_of(text: str) -> str:
    """By which links within the documentation name a heading: as GitHub makes it."""
    return _DROPPED.sub("", plain(text).lower()).replace(" ", "-")


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and path.name != _LEFT_OUT:
            yield from _files(path)
        elif path.suffix == ".md":
            yield path


def _headings(markdown: str) -> Iterator[Heading]:
    is_code = False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and (match := _HEADING.fullmatch(line)):
            yield Heading(len(match[1]), plain(match[2]), anchor_of(match[2]))


def _has(text: str, words: list[str]) -> bool:
    return all(word in text.casefold() for word in words)
