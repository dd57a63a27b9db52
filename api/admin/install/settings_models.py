"""Bodies and answers of the settings of the whole install."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.admin.managed import ManagedBy
from domain.reputation.rules import Mode

_Text = Annotated[StrictStr, Field(max_length=500)]
_Null = "`null`: as the environment says, or its default."


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PatchBranding(_Body):
    """How the install looks to people; `null` gives the default."""

    product_name: _Text | None = None
    logo_url: _Text | None = None
    colour: _Text | None = Field(default=None, description="Of headings, links and buttons: `#1f5fd0`.")
    background: _Text | None = None
    support_address: _Text | None = None
    footer: _Text | None = Field(default=None, description="Below each mail of the system.")


class PatchRetention(_Body):
    """For how long things are kept."""

    keep_months: StrictInt | None = Field(default=None, description=f"Months of messages before this one. {_Null}")
    keep_attempt_months: StrictInt | None = Field(
        default=None, description="Months of their attempts and receipts, if fewer. `null`: as long as messages."
    )
    event_days: StrictInt | None = Field(default=None, description="Days of what happened to contacts.")
    callback_days: StrictInt | None = Field(default=None, description="Days of callbacks, to look at.")
    request_log_days: StrictInt | None = Field(default=None, description="Days of the log of requests.")
    proof_days: StrictInt | None = Field(
        default=None, description="Days of proofs of payment, after their request was decided."
    )
    inbound_days: StrictInt | None = Field(
        default=None, description="Days of messages from people. `null`: for ever, or as the environment says."
    )


class PatchAdminNetwork(_Body):
    """From where the admin API may be used: addresses and networks; each list is replaced as a whole."""

    allow: Annotated[list[_Text], Field(max_length=200)] | None = Field(default=None, description="Empty: everywhere.")
    deny: Annotated[list[_Text], Field(max_length=200)] | None = Field(default=None, description="Wins over `allow`.")


class PatchSettings(_Body):
    """Settings to change (RFC 7396): those left out stay, `null` removes what was set."""

    public_url: _Text | None = Field(default=None, description=f"The API's public base URL. {_Null}")
    branding: PatchBranding | None = None
    default_region: _Text | None = Field(
        default=None, description=f"Country of numbers without a country code: `FR`. {_Null}"
    )
    default_time_zone: _Text | None = Field(default=None, description="Of new users, and of what the admin sends.")
    allowed_countries: Annotated[list[_Text], Field(max_length=300)] | None = Field(
        default=None, description="Whose numbers may be sent to, replaced as a whole; empty: all."
    )
    retention: PatchRetention | None = None
    admin_network: PatchAdminNetwork | None = None
    require_second_factor: Literal["none", "staff", "all"] | None = Field(
        default=None,
        description="Who logs in with a password does nothing but set up a second factor as long as there is none: "
        "of nobody, of staff, of staff and users. From the next request on, sessions that have begun included.",
    )
    unknown_days: Annotated[float, Field(strict=True)] | None = Field(
        default=None, description=f"Days until a message of unknown outcome is ended. {_Null}"
    )
    unknown_ends_as: Literal["failed", "sent"] | None = None
    reputation_guard: Mode | None = Field(
        default=None, description="Many bad reports: `off`, `warn`, or `pause` what is not transactional, too."
    )
    alert_emails: Annotated[list[_Text], Field(max_length=20)] | None = Field(
        default=None,
        description="Who is mailed alerts of the install, replaced as a whole; empty: nobody. `null`: staff that may "
        "pause sending.",
    )
    private_call_hosts: Annotated[list[_Text], Field(max_length=100)] | None = Field(
        default=None,
        description="Hosts in private networks that automations may call, replaced as a whole: `crm.internal`, "
        "`10.0.0.5:8080`.",
    )
    system_mail: dict[str, Any] | None = Field(
        default=None,
        repr=False,
        description="The mail server for the system's own mail, by the schema of the gateway type `smtp`: `host`, "
        "`port`, `security`, `username`, `password`, `from_address`, `from_name` … It is merged: a password left out "
        "stays. It is never answered.",
    )


class BrandingData(_Answer):
    """How the install looks to people."""

    product_name: str
    logo_url: str | None
    colour: str
    background: str
    support_address: str | None
    footer: str | None


class RetentionData(_Answer):
    """For how long things are kept."""

    keep_months: int | None = Field(description="`null`: for ever.")
    keep_attempt_months: int | None = Field(description="`null`: as long as messages.")
    event_days: int
    callback_days: int
    request_log_days: int
    proof_days: int
    inbound_days: int | None = Field(description="`null`: for ever.")


class AdminNetworkData(_Answer):
    """From where the admin API may be used."""

    allow: list[str] = Field(description="Empty: from everywhere.")
    deny: list[str]


class SettingsData(_Answer):
    """The settings that hold."""

    public_url: str | None
    branding: BrandingData
    default_region: str | None
    default_time_zone: str
    allowed_countries: list[str]
    retention: RetentionData
    admin_network: AdminNetworkData
    require_second_factor: Literal["none", "staff", "all"]
    unknown_days: float
    unknown_ends_as: Literal["failed", "sent"]
    reputation_guard: Mode
    alert_emails: list[str] | None = Field(description="`null`: staff that may pause sending.")
    private_call_hosts: list[str]
    system_mail: dict[str, Any] | None
    sources: dict[str, Literal["stored", "environment", "default"]] = Field(
        description="By field, where its value is from."
    )
    managed_by: ManagedBy


class SettingsAnswer(_Answer):
    """The settings of the whole install."""

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: SettingsData


class MailTest(_Body):
    """The recipient of a test mail."""

    to: Annotated[StrictStr, Field(min_length=1, max_length=320)]
