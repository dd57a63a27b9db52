"""Bodies and answers of hooks."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from domain.access.networks import network

_Header = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9-]+$"), AfterValidator(lambda name: name.lower())
]
_Pointer = Annotated[
    StrictStr, Field(max_length=500, pattern=r"^((/[^/]*)+|[^/.]+(\.[^/.]+)*)$", examples=["/customer/email"])
]
_Rule = _Pointer | Annotated[list[_Pointer], Field(min_length=1, max_length=10)]
_Place = Annotated[
    StrictStr,
    Field(
        max_length=500,
        pattern=r"^(header:[A-Za-z0-9-]{1,100}|(/[^/]*)+)$",
        examples=["header:X-Shopify-Topic"],
    ),
]
_Network = Annotated[
    StrictStr, Field(max_length=50, examples=["203.0.113.0/24"]), AfterValidator(lambda text: str(network(text)))
]
_Field = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,49}$")]
_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Tolerance = Annotated[StrictInt, Field(ge=1, le=86_400, description="Seconds that a signed time may be from ours.")]
Overlap = Annotated[
    StrictStr,
    Field(
        pattern="^(0|[1-9][0-9]{0,5}[smhdw])$",
        examples=["24h"],
        description="How long the one before works: `90s`, `15m`, `24h`, `7d`; `0`: not at all. 30 days at most.",
    ),
]
Unusable = Literal["refuse", "ignore"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HmacAuth(_Body):
    """A header has the HMAC of the body."""

    style: Literal["hmac"]
    header: _Header = Field(examples=["X-Signature"])
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Annotated[StrictStr, Field(max_length=50, description="Before the signature.", examples=["sha256="])] = ""
    timestamp_header: _Header | None = Field(
        default=None, description="Has Unix seconds. What is signed is these, a dot and the body."
    )
    tolerance: _Tolerance = 300


class NamedAuth(_Body):
    """`bearer`: `Authorization: Bearer` has the secret. The others are as these senders sign."""

    style: Literal["none", "bearer", "standard_webhooks", "shopify", "woocommerce", "stripe", "typeform", "calendly"]


Auth = Annotated[HmacAuth | NamedAuth, Field(discriminator="style")]


class MapBody(_Body):
    """Where values stand: JSON pointers, or paths with dots. Of several the first counts that has a value.

    `/answers/[type=email]/email` goes through the first object of a list that has this text.
    """

    email: _Rule | None = None
    phone: _Rule | None = None
    whatsapp: _Rule | None = None
    external_id: _Rule | None = None
    fields: Annotated[dict[_Field, _Rule], Field(max_length=100)] = {}
    event: Annotated[dict[_Name, _Rule], Field(max_length=100)] = {}


class _Settings(_Body):
    auth: Auth | None = Field(default=None, description="How posts are signed.")
    secret: Annotated[StrictStr, Field(min_length=8, max_length=500)] | None = Field(
        default=None, description="What posts are signed with."
    )
    ips: Annotated[list[_Network], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Where posts come from; null: from anywhere."
    )
    map: MapBody | None = Field(default=None, description="For automations whose trigger has none.")
    delivery: Annotated[list[_Place], Field(min_length=1, max_length=5)] | None = Field(
        default=None, description="Where the id of a delivery stands: together they are the id."
    )
    topic: _Place | None = Field(default=None, description="Where it stands what happened: it becomes `event.topic`.")
    unusable: Unusable | None = Field(
        default=None,
        description="What becomes of posts that name nobody, and of values that cannot be used: `refuse` answers 422, "
        "`ignore` leaves them out and answers 200.",
    )

    def settings(self) -> dict[str, Any]:
        """What is given, by the column that has it."""
        given = self.model_dump(exclude_unset=True, exclude={"name", "preset", "secret"})
        if "ips" in given:
            given["allowed_ips"] = given.pop("ips")
        if self.map is not None:
            given["map"] = self.map.model_dump(exclude_unset=True)
        if given.get("unusable", "") is None:
            del given["unusable"]
        return given


class HookBody(_Settings):
    """A hook."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=100, examples=["Shop cart"])]
    preset: Annotated[StrictStr, Field(max_length=50)] | None = Field(
        default=None, description="The system that posts: `GET /api/hooks/presets`.", examples=["woocommerce"]
    )


class ChangeHook(_Settings):
    """What is to change. `map` and `auth` are replaced as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": {"testing": True}})

    name: Annotated[StrictStr, Field(min_length=1, max_length=100)] | None = None
    testing: StrictBool | None = Field(default=None, description="Every post becomes a sample, and nobody enters.")

    def settings(self) -> dict[str, Any]:
        """The name of a hook may change, its key stays."""
        given = _Settings.settings(self)
        if given.get("testing", "") is None:
            del given["testing"]
        return given if self.name is None else given | {"name": self.name}


class RotateHook(_Body):
    """Another id."""

    overlap: Overlap = "24h"


class RotateHookSecret(_Body):
    """Another secret."""

    overlap: Overlap = "24h"
    secret: Annotated[StrictStr, Field(min_length=8, max_length=500)] | None = Field(
        default=None, description="Left out: we choose it. Stripe and Shopify choose theirs."
    )


class TryHook(_Body):
    """A post, and a map."""

    body: dict[str, Any] | None = Field(default=None, description="Left out: the newest sample.")
    map: MapBody | None = Field(default=None, description="Left out: the hook's own.")


class SuggestMap(_Body):
    """A post."""

    body: dict[str, Any] | None = Field(default=None, description="Left out: the newest sample.")


class ShownFailure(_Answer):
    """The last post that was refused."""

    at: datetime
    why: str = Field(
        description="`secret_missing`, `signature_missing`, `signature_wrong`, `time_missing`, `time_differs`, "
        "`address_not_allowed`, or the code that was answered."
    )


class ShownHook(_Answer):
    """A hook, without its secrets."""

    key: str = Field(description="By which automations name it.")
    name: str
    preset: str | None
    auth: dict[str, Any] | None = Field(description="How posts are signed; null: not.")
    has_secret: bool
    ips: list[str] | None
    map: dict[str, Any] | None
    delivery: list[str] | None
    topic: str | None
    unusable: Unusable
    testing: bool
    failures: int = Field(description="Posts that were refused.")
    last_failure: ShownFailure | None
    former_id_until: datetime | None = Field(description="Until when a former id works, too.")
    created_at: datetime


class HookPage(_Answer):
    """Hooks, the newest first."""

    data: list[ShownHook]
    next_cursor: str | None


class HookAnswer(_Answer):
    """A hook."""

    success: Literal[True]
    message: str
    data: ShownHook
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class NewHook(ShownHook):
    """A hook, and what is shown of it once."""

    id: str | None = Field(default=None, description="Secret: whoever knows it may post. It is shown once.")
    url: str | None = None
    secret: str | None = Field(
        default=None, description="What posts are to be signed with, if we chose it. It is shown once."
    )


class NewHookAnswer(_Answer):
    """A hook, and what is shown of it once."""

    success: Literal[True]
    message: str
    data: NewHook
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class HookGone(_Answer):
    """It is deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ShownPreset(_Answer):
    """How the posts of a system are signed and read."""

    key: str
    name: str
    about: str = Field(description="How to set it up there.")
    auth: dict[str, Any]
    map: dict[str, Any] | None
    delivery: list[str] | None
    topic: str | None
    unusable: Unusable
    sample: dict[str, Any] = Field(description="`headers` and `body` of such a post; all in it is invented.")


class PresetPage(_Answer):
    """All presets."""

    data: list[ShownPreset]
    next_cursor: None


class ShownSample(_Answer):
    """A post that was kept."""

    id: str
    at: datetime
    headers: dict[str, str] = Field(description="Without those that may hold secrets.")
    body: dict[str, Any]


class SamplePage(_Answer):
    """The last samples, the newest first."""

    data: list[ShownSample]
    next_cursor: None


class ShownNote(_Answer):
    """A value that was not taken."""

    pointer: str
    code: str
    message: str


class ShownTry(_Answer):
    """What a post would do."""

    contact: dict[str, Any]
    event: dict[str, Any]
    topic: str | None
    has_delivery_id: bool = Field(description="Whether the same post again would be known, and do nothing.")
    notes: list[ShownNote] = Field(description="Values that were not taken.")


class TryAnswer(_Answer):
    """What a post would do."""

    success: Literal[True]
    message: str
    data: ShownTry


class MapAnswer(_Answer):
    """A map."""

    success: Literal[True]
    message: str
    data: dict[str, Any]


class PostedAnswer(_Answer):
    """What a post did."""

    success: Literal[True]
    message: str
    workflows_triggered: int = Field(description="Automations in which a run has begun.")
    contacts_enrolled: int
