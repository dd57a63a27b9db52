"""Rules for creating accounts, shared by the API and the CLI."""

from uuid import uuid4

from domain.errors import InvalidError
from domain.recipients import normalise_email
from store.accounts import accounts
from store.pool import Pool

LONGEST_NAME = 200


async def create_account(pool: Pool, email: str, name: str, plan: str | None = None) -> accounts.Account:
    """Create an account with an empty wallet on every channel; a plan's credits are added.

    Raises:
        InvalidError: the name, or the email address (``InvalidRecipient``), cannot be one.
        ConflictError: another account has this email address.
        NotFoundError: there is no such plan.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidError("name", f"the name must have 1 to {LONGEST_NAME} printable characters", "/name")
    return await accounts.create(pool, normalise_email(email), name, plan, uuid4())
