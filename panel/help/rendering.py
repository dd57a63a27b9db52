"""Markdown of the documentation as HTML of the panel.

Nothing of it is sent as HTML that somebody wrote: tags are shown as text, comments are left out. Links lead to pages
that are served; what else they name, such as files of the code, is plain text.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from panel.help.library import CONTENTS, Document, anchor_of, documents, plain
from panel.rendering.environment import icon

HOME = "/panel/help"
_ELSEWHERE = ("https://", "http://", "mailto:")
_CODE = Markup(
    '<div class="code"><pre tabindex="0">{text}</pre><button type="button" class="button small only-scripted" '
    'data-copy="{text}" data-copied="{copied}">{icon}{copy}</button></div>\n'
)


class _Renderer(RendererHTML):
    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Code, with a button that copies it."""
        return _CODE.format(text=tokens[idx].content.rstrip("\n"), icon=icon("copy"), **env)

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """The same for code that is indented."""
        return self.fence(tokens, idx, options, env)


_MARKDOWN = MarkdownIt("commonmark", renderer_cls=_Renderer).enable("table")


def render(document: Document, copy: str, copied: str) -> Markup:
    """What stands below its title. ``copy``, ``copied``: what buttons at code say."""
    tokens = list(_tokens(document))
    env: dict[str, Any] = {"copy": copy, "copied": copied}
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))  # noqa: S704 - all texts are escaped


def inline(markdown: str, page: str) -> Markup:
    """A line of a page, such as a cell of a table."""
    (token,) = _MARKDOWN.parseInline(markdown)
    token.children = list(_children(token.children or (), page))
    return Markup(_MARKDOWN.renderer.render([token], _MARKDOWN.options, {}))  # noqa: S704 - all texts are escaped


def address(href: str, page: str) -> str | None:
    """Where a link of a page leads; ``None``: to nothing that is served."""
    if href.startswith(_ELSEWHERE):
        return href
    path, _, anchor = href.partition("#")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page), path.removesuffix(".md"))) if path else page
    if name == CONTENTS:
        return HOME
    if name not in documents() or (path and not path.endswith(".md")):
        return None
    return f"{HOME}/{name}" + (f"#{anchor}" if anchor else "")


@lru_cache(maxsize=64)
def _tokens(document: Document) -> tuple[Token, ...]:
    return tuple(_ours(_MARKDOWN.parse(document.markdown), document.name))


def _ours(tokens: Sequence[Token], page: str) -> Iterator[Token]:
    """Headings get anchors, cells the names of their columns, by which phones show them below each other."""
    labels: list[str] = []
    column, left_out = 0, ""
    for token, after in pairwise((*tokens, Token("", "", 0))):
        token.attrs.pop("style", None)  # of aligned columns
        if not left_out and _is_left_out(token, after):
            left_out = token.type.replace("open", "close")
        if left_out:
            left_out = "" if token.type == left_out else left_out
            continue
        if token.type == "html_block":
            yield from _as_text(token)
            continue
        if token.type == "heading_open":
            token.attrSet("id", anchor_of(after.content))
        elif token.type == "table_open":
            token.attrSet("class", "table stacks")
            labels = []
        elif token.type == "th_open":
            labels.append(plain(after.content))
        elif token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            token.attrSet("data-label", labels[column])
            column += 1
        elif token.type == "inline":
            token.children = list(_children(token.children or (), page))
        yield token


def _is_left_out(token: Token, after: Token) -> bool:
    """The title, which the panel shows above; a paragraph that is a picture, as files beside pages are not served."""
    if token.type == "paragraph_open":
        return bool(after.children) and all(child.type == "image" for child in after.children or ())
    return token.type == "heading_open" and token.tag == "h1"


def _children(tokens: Iterable[Token], page: str) -> Iterator[Token]:
    leads: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            to = address(str(token.attrGet("href")), page)
            leads.append(to is not None)
            token.attrs = {"href": to} if to is not None else {}
        if token.type == "html_inline":
            yield from _as_text(token)
        elif token.type == "link_close":
            if leads.pop():
                yield token
        elif token.type != "image" and (token.type != "link_open" or leads[-1]):
            yield token


def _as_text(token: Token) -> Iterator[Token]:
    if not token.content.startswith("<!--"):
        yield Token("text", "", 0, content=token.content)
