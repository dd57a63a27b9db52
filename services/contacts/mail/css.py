"""CSS inlining for emails: many mail clients read ``style`` attributes only."""

import css_inline

_MAX_TAGS = 4_000
"""The library recurses into nested tags, and crashes the process beyond some 10,000 levels."""
_MAX_WORK = 1_000_000_000
"""Of all emails of a request; some 4 s. The cost of a rule grows with the declarations before it."""
_MAX_GROWTH = 40_000_000
_MAX_HTML = 500_000
"""Characters, before and after."""


class CssError(ValueError):
    """The styles cannot be inlined."""


class CssInliner:
    """Inlines the emails of one request; equal ones only once. Loads nothing from files or the network."""

    def __init__(self) -> None:
        self._library = css_inline.CSSInliner(load_remote_stylesheets=False, base_url=None, keep_at_rules=True)
        self._done: dict[str, str] = {}
        self._work = 0

    def inline(self, html: str) -> str:
        """The HTML with inlined styles; what cannot be inlined, such as media queries, stays in ``<style>``.

        Raises:
            CssError: it would take too long, or the library cannot parse it.
        """
        if "<style" not in html.lower():
            return html
        if html not in self._done:
            self._check_cost(html)
            try:
                done = self._library.inline(html)
            except css_inline.InlineError as error:
                raise CssError(f"the styles cannot be inlined: {error}") from None
            if len(done) > _MAX_HTML:
                raise _too_much()
            self._done[html] = done
        return self._done[html]

    def _check_cost(self, html: str) -> None:
        """Refuse, before any work, what would take too long."""
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
