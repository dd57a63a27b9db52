"""Purposes of users' messages; those that are built in can be changed."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from domain.audience.purposes import BUILT_IN, Purpose
from domain.channels import Channel
from services.audience.consent import purposes as rules
from services.changes import Change
from services.settings_file.kind import Form
from services.settings_file.kinds.audience.owned import Owned
from store.audience.consent import purposes
from store.pool import Connections


class FilePurpose(BaseModel):
    """A purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(min_length=1, max_length=100)]
    channels: Annotated[list[Channel], Field(min_length=1, max_length=3)] = list(Channel)
    default: Literal["opt_in", "opt_out"] = "opt_out"
    public: StrictBool | None = Field(None, description="Left out: yes, unless it is transactional.")
    transactional: StrictBool = False


class Purposes(Owned):
    """The kind ``purposes``."""

    section, target = "purposes", "purpose"
    actions = ("purpose.created", "purpose.changed", "purpose.removed")
    model = FilePurpose

    def form(self, body: BaseModel, name: str) -> Form:
        form = body.model_dump(mode="json")
        public = not form["transactional"] if form["public"] is None else form["public"]
        return form | {"public": public, "channels": sorted(set(form["channels"]))}

    async def find(self, store: Connections, account_id: int, name: str, *, lock: bool) -> Form | None:
        own = await purposes.of_account(store, account_id, lock=lock)
        return next((_form(purpose) for purpose in own if purpose.key == name), None)

    async def write(self, change: Change, account_id: int, name: str, now: Form | None, form: Form) -> None:
        fields: dict[str, Any] = form | {"channels": tuple(form["channels"])}
        if now is None and name not in BUILT_IN:
            await rules.add(change, account_id, Purpose(name, **fields))
        else:
            await rules.alter(change, account_id, name, fields)

    async def delete(self, change: Change, account_id: int, name: str) -> None:
        if (built_in := BUILT_IN.get(name)) is None:
            await rules.remove(change, account_id, name)
        else:  # it stays, as every account has it
            await rules.alter(change, account_id, name, _fields(built_in))


def _fields(purpose: Purpose) -> dict[str, Any]:
    return {name: value for name, value in asdict(purpose).items() if name != "key"}


def _form(purpose: Purpose) -> Form:
    return _fields(purpose) | {"channels": sorted(map(str, purpose.channels))}
