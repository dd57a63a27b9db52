"""Whether a post to a hook is accepted; those that are not are counted, off the posts' path."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from fastapi import Request

from api.http.errors import ApiError
from api.limits.refused_posts import RefusedPosts
from domain.access.networks import address_of, is_within
from domain.automations.hooks.schemes import scheme_of
from domain.keyring import Keyring
from services.automations.hooks.verifying import why_refused
from store.automations.hooks import hooks, sealing
from store.automations.hooks.hooks import Door
from store.pool import Pool


class HookChecks:
    """One per process."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._keyring = keyring
        self._refused = RefusedPosts("posts to hooks", partial(hooks.note_failures, pool))

    def check_address(self, door: Door, request: Request) -> None:
        """Refuse posts from elsewhere.

        Raises:
            ApiError: 403.
        """
        if door.allowed_ips is None:
            return
        if not is_within(address_of(request.client.host if request.client else None), door.allowed_ips):
            self.note(door, "address_not_allowed")
            raise ApiError(403, "address_not_allowed", "posts to this hook may not come from your address")

    def check_signature(self, door: Door, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse posts that are not signed. The hook has why: the sender is not told.

        Raises:
            ApiError: 401.
        """
        scheme = scheme_of(door.auth)
        if scheme is None:
            return
        now = datetime.now(UTC).timestamp()
        known = [] if door.secrets is None else sealing.unseal(self._keyring, door.id, door.secrets)
        why = why_refused(scheme, sealing.valid(known, now), headers, body, now)
        if why is not None:
            self.note(door, why)
            raise ApiError(401, "hook_unauthorized", "this post is not signed as its hook demands")

    def note(self, door: Door, why: str) -> None:
        """Count a refused post."""
        self._refused.note(door.id, why)

    async def aclose(self) -> None:
        """Write what was counted."""
        await self._refused.aclose()
