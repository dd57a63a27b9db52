"""The plain-text part of a mail for which only HTML was given."""

import re

from domain.text.html_tags import HREF, NAME, REST_OF_TAG, UP_TO_HREF, attribute_value, unescaped

_BLOCKS = "p|div|br|tr|li|ul|ol|table|h[1-6]|hr"
_BLOCK = rf"(?: </?+(?ai:{_BLOCKS})(?=[\s/>]) {REST_OF_TAG} )"
# Whatever can stand many times in a row is one token: so are the words, and what is neither words nor of interest.
_TOKEN = re.compile(
    rf"""
      (?P<words> (?: [^<]++ | <(?![A-Za-z!?]|/[A-Za-z]) )++ )
    | (?P<blocks> {_BLOCK}{{3}} {_BLOCK}*+ )
    | (?P<block> {_BLOCK} )
    | (?P<anchor> (?: <(?ai:a)(?=[\s/>]) {UP_TO_HREF} > )++ )
    | <(?ai:a)(?=[\s/>]) {UP_TO_HREF} (?P<link> {HREF} {REST_OF_TAG} )
    | (?P<link_end> </(?ai:a)(?=[\s/>]) {REST_OF_TAG} )
    | <(?P<raw> (?ai:script|style))(?=[\s/>]) {REST_OF_TAG}
    | <(?P<unseen> (?ai:head|title))(?=[\s/>]) {REST_OF_TAG}
    | </(?P<unseen_end> (?ai:head|title))(?=[\s/>]) {REST_OF_TAG}
    | (?: </?+(?!(?ai:a|script|style|head|title|{_BLOCKS})[\s/>]) {NAME} {REST_OF_TAG}
        | <!(?=--) (?: [^-]++ | -(?!->) )*+ -->
        | <(?!!--)[!?] [^>]*+ >
        | </(?ai:script|style)(?=[\s/>]) {REST_OF_TAG}
      )++
    """,
    re.VERBOSE,
)
_VALUES = tuple(range(_TOKEN.groupindex["link"] + 1, _TOKEN.groupindex["link"] + 4))
_END_OF_RAW = re.compile(r"</(?ai:(script)|style)(?=[\s/>])[^>]*+>")
_SPACES = re.compile(r"\s+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_SHOWN_LINKS = ("http://", "https://", "mailto:")


def html_to_text(html: str) -> str:
    """Return the words of an HTML page, one line per block, with the addresses of its links."""
    lines = [line.strip() for line in "".join(_pieces(html)).split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def _pieces(html: str) -> list[str]:
    """What a tag or a comment without an end takes with it is not there, as in browsers."""
    pieces: list[str] = []
    link = ""
    unseen = at = 0
    while token := _TOKEN.match(html, at):
        at = token.end()
        kind = token.lastgroup
        if kind == "words":
            if not unseen:
                pieces.append(_SPACES.sub(" ", unescaped(token[0])))
        elif kind == "block":
            pieces.append("\n\n" if token[0].endswith("/>") else "\n")
        elif kind == "blocks":
            pieces.append("\n\n\n")
        elif kind == "link":
            link = attribute_value(next((value for value in token.group(*_VALUES) if value), ""))
        elif kind == "anchor":
            link = ""
        elif kind == "link_end":
            if link.startswith(_SHOWN_LINKS):
                pieces.append(f" ({link})")
            link = ""
        elif kind == "unseen":
            unseen += 1
        elif kind == "unseen_end":
            unseen = max(0, unseen - 1)
        elif kind == "raw":
            at = _end_of_raw(html, token["raw"].lower(), at)
    return pieces


def _end_of_raw(html: str, name: str, at: int) -> int:
    ends = (end for end in _END_OF_RAW.finditer(html, at) if bool(end[1]) is (name == "script"))
    end = next(ends, None)
    return end.end() if end else len(html)
