"""Rules for custom fields of contacts."""

from domain.audience.contacts.contact import MOST_FIELDS, is_field_key
from domain.audience.contacts.values import FIELD_TYPES, InvalidValue, name
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.changes import Change
from services.operations.contact_fields import NAME as REMOVAL
from store.audience.contacts import fields
from store.audience.contacts.fields import CustomField
from store.operations import operations
from store.operations.operations import Operation
from store.pool import Connections


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> CustomField:
    """A custom field; ``lock``: nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: the account has none of this key.
    """
    found = await fields.find(store, account_id, key, lock=lock)
    if found is None:
        raise NotFoundError("field_not_found", f"there is no field {key[:100]!r}")
    return found


async def add(change: Change, account_id: int, key: str, type_: str, label: str) -> CustomField:
    """Make a custom field. Its type stays.

    Raises:
        InvalidError: the key or the label cannot be used.
        ConflictError: the account has it, or its values are being removed, or there are too many.
    """
    if not is_field_key(key):
        message = (
            "a key has 1 to 50 of the characters a-z, 0-9 and '_', begins with a letter, and is not the name of a "
            "value that all contacts have"
        )
        raise InvalidError("field_key", message, "/key")
    if type_ not in FIELD_TYPES:
        raise InvalidError("field_type", f"the types are {', '.join(FIELD_TYPES)}", "/type")
    label = _checked(label)
    if len(await fields.of_account(change.store, account_id)) >= MOST_FIELDS:
        raise ConflictError("too_many_fields", f"an account has at most {MOST_FIELDS} fields: delete one")
    if await fields.is_being_cleared(change.store, account_id, REMOVAL, key):
        message = f"values of the deleted field {key!r} are still being removed: try again in some minutes"
        raise ConflictError("field_taken", message)
    if not await fields.add(change.store, account_id, key, type_, label):
        raise ConflictError("field_taken", f"there is a field {key!r} already: change that one")
    change.about("field", key)
    change.compare({}, {"type": type_, "label": label})
    return await find(change.store, account_id, key)


async def relabel(change: Change, account_id: int, field: CustomField, label: str) -> CustomField:
    """Change how a field that is locked is called.

    Raises:
        InvalidError: the label cannot be used.
    """
    label = _checked(label)
    await fields.relabel(change.store, account_id, field.key, label)
    change.about("field", field.key)
    change.compare({"label": field.label}, {"label": label})
    return CustomField(field.key, field.type, label, field.created_at)


async def remove(change: Change, account_id: int, field: CustomField) -> Operation:
    """Delete a field that is locked; an operation removes its values from all contacts."""
    await fields.remove(change.store, account_id, field.key)
    change.about("field", field.key)
    return await operations.add(change.store, REMOVAL, change.actor, {"key": field.key}, account_id, account_id)


def _checked(label: str) -> str:
    try:
        return name(label) if label else ""
    except InvalidValue as error:
        raise InvalidError(error.code, error.message, "/label") from None
