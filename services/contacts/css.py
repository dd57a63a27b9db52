"""Style sheets of emails, moved to where each rule applies: many mail programs read ``style`` attributes only."""

import css_inline

_MAX_TAGS = 4_000
"""The library walks a page as deep as it is nested, and ends its process beyond some 10,000 levels."""
_MAX_WORK = 1_000_000_000
"""Of all emails of a request; some 4 s. What a rule costs grows with the declarations that are there already."""
_MAX_GROWTH = 40_000_000
_MAX_HTML = 500_000
"""Characters, before and after."""


class CssError(ValueError):
    """The styles cannot be moved."""


class CssInliner:
    """Inlines the emails of one request; those that are equal once. It loads nothing, from anywhere."""

    def __init__(self) -> None:
        self._library = css_inline.CSSInliner(load_remote_stylesheets=False, base_url=None, keep_at_rules=True)
        self._done: dict[str, str] = {}
        self._work = 0

    def inline(self, html: str) -> str:
        """The HTML with its styles in place; what cannot stand there, such as media queries, stays in ``<style>``.

        Raises:
            CssError: it takes too much, or the library does not understand it.
        """
        if "<style" not in html.lower():
            return html
        if html not in self._done:
            self._weigh(html)
            try:
                done = self._library.inline(html)
            except css_inline.InlineError as error:
                raise CssError(f"the styles cannot be inlined: {error}") from None
            if len(done) > _MAX_HTML:
                raise _too_much()
            self._done[html] = done
        return self._done[html]

    def _weigh(self, html: str) -> None:
        """Refuse, before anything is done, what would take long."""
        lower = html.lower()
        css = lower[lower.find("<style") :]
        css = css[: css.rfind("</style")]  # without an end: to the end, but for a character
        tags, declarations = html.count("<"), css.count(":")
        self._work += declarations * (declarations * tags + html.count(":"))
        if len(html) > _MAX_HTML or tags > _MAX_TAGS or len(css) * tags > _MAX_GROWTH or self._work > _MAX_WORK:
            raise _too_much()


def _too_much() -> CssError:
    return CssError(
        "too many styles, tags or different emails to inline: inline them yourself, or send fewer at a time"
    )
