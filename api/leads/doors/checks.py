"""What the addresses that leads are posted to share: secrets of sources, and counts of what is not kept."""

from functools import partial

import structlog

from api.http.errors import ApiError
from api.limits.refused_posts import RefusedPosts
from domain.errors import ConflictError, InvalidError
from domain.keyring import Keyring, KeyringError
from domain.text.strict_json import StrictJsonError
from store.leads import sources, unknown_pages
from store.leads.sealing import open_credentials
from store.leads.sources import Source
from store.pool import Pool

log = structlog.get_logger()

Refusal = (ApiError, ConflictError, InvalidError, StrictJsonError)
"""Errors of a post that its source counts."""


class SourceChecks:
    """One per process."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self.keyring = keyring
        self._refused = RefusedPosts("refused leads", partial(sources.note_refused, pool))
        self._unknown = RefusedPosts("leads of other forms", partial(sources.note_unknown, pool))
        self._pages = RefusedPosts("leads of pages without a source", partial(unknown_pages.note, pool))

    def credentials(self, source: Source) -> dict[str, str]:
        """What was set of a source. One whose secrets do not open has none: others' posts come to the same address."""
        try:
            return open_credentials(self.keyring, source.id, source.sealed)
        except KeyringError as error:
            log.error("the credentials of a source are unusable", source=str(source.id), error=str(error))
            return {}

    def refused(self, source: Source, code: str) -> None:
        """Count a post that was refused."""
        self._refused.note(source.id, code)

    def unknown(self, source: Source) -> None:
        """Count a post about a form that does not count."""
        self._unknown.note(source.id, "form_unknown")

    def unknown_page(self, page_id: str) -> None:
        """Count a lead of a page that no source takes leads of."""
        self._pages.note(page_id, "page_unknown")

    async def aclose(self) -> None:
        """Write what was counted."""
        await self._refused.aclose()
        await self._unknown.aclose()
        await self._pages.aclose()


def unauthorized() -> ApiError:
    """401, whatever was wrong: nobody learns whether a source exists."""
    return ApiError(401, "lead_unauthorized", "this post is not signed, or its key is not right")
