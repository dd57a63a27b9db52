"""Keywords of the admin, whose key is ``admin``, and of users, whose key is their external id or address."""

from collections.abc import Collection
from typing import Any

from domain.errors import InvalidError
from domain.keyring import Keyring
from domain.text.keywords import KeywordSet
from services.changes import Change
from services.messages.keywords import Keywords as Body
from services.settings.changing import compare_all
from services.settings_file.kind import Form, Found, Path, validated
from services.settings_file.owners import find_owner, need_owner
from store.audience import keyword_sets
from store.pool import Connections

_ADMIN = "admin"


class Keywords:
    """The kind ``keywords``."""

    section, target, is_single = "keywords", "keywords", False
    makes_secrets = False
    reads, writes, deletes = (frozenset({f"settings:{action}"}) for action in ("read", "write", "write"))
    actions = ("keywords.put", "keywords.put", "keywords.deleted")

    def schema(self) -> dict[str, Any]:
        return Body.model_json_schema()

    def checked(self, key: str, form: Any) -> Form:
        body = validated(Body, form)
        assert isinstance(body, Body)
        return _form(body.chosen)

    def secrets(self, form: Any) -> list[Path]:
        return []

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        found: dict[str, Found] = {}
        for key in sorted({_ADMIN, *keys}):
            account_id = await find_owner(store, _owner(key))
            own = None if account_id is None else await keyword_sets.own(store, account_id, lock=lock)
            if own is not None:
                found[key] = Found(str(account_id), _form(own))
        return found

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        account_id = await need_owner(change.store, _owner(key))
        change.about(self.target, account_id, key)
        chosen = KeywordSet(form["stop"], form["start"], form["help"], form["replies"])
        await keyword_sets.replace(change.store, account_id, chosen)
        compare_all(change, now.form if now else {}, form)
        return str(account_id)

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        change.about(self.target, now.object_id, key)
        await keyword_sets.delete(change.store, int(now.object_id))
        compare_all(change, now.form, {})


def _owner(key: str) -> str:
    if not key or " " in key:
        raise InvalidError("file_key", "call keywords by their owner: admin, or a user's external id or address")
    return "" if key == _ADMIN else key


def _form(chosen: KeywordSet) -> Form:
    words = {name: None if words is None else sorted(set(words)) for name, words in _words(chosen).items()}
    return {**words, "replies": dict(chosen.replies)}


def _words(chosen: KeywordSet) -> dict[str, Any]:
    return {"stop": chosen.stop, "start": chosen.start, "help": chosen.help}
