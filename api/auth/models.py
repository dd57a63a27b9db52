"""Bodies and answers of log-in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from domain.access import one_time, passwords

Text = Annotated[StrictStr, Field(max_length=400)]
Password = Annotated[StrictStr, Field(min_length=1, max_length=passwords.LONGEST)]
NewPassword = Annotated[
    Password, Field(description=f"{passwords.SHORTEST} to {passwords.LONGEST} characters, and none that is guessed.")
]
Code = Annotated[StrictStr, Field(max_length=50, description="Of the second factor: six digits, or a recovery code.")]
Token = Annotated[StrictStr, Field(max_length=one_time.LONGEST)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LogIn(_Body):
    """What somebody logs in with."""

    email: Text
    password: Password
    code: Code | None = None
    kind: Literal["staff", "user"] | None = Field(
        default=None, description="Who logs in, if staff and a user have the same address. Left out: staff first."
    )


class SetUp(_Body):
    """The first owner."""

    token: Token = Field(description="As `xsender setup-token` prints it.")
    email: Text
    name: Text
    password: NewPassword


class Forgot(_Body):
    """Who forgot the password."""

    email: Text


class SetPassword(_Body):
    """A password, set by a link."""

    token: Token
    password: NewPassword


class ChangePassword(_Body):
    """Another password."""

    password: Password
    new_password: NewPassword


class Confirm(_Body):
    """Who proves that it is still they."""

    password: Password


class BeginTotp(_Body):
    """Who sets up a second factor."""

    password: Password


class ConfirmTotp(_Body):
    """The first code of a second factor."""

    code: Code


class DisableTotp(_Body):
    """Who gives up the second factor."""

    password: Password
    code: Code


class Totp(_Answer):
    """A secret for an app that computes codes."""

    secret: str
    uri: str = Field(description="The same as an address, as apps read it from a picture.")


class Provider(_Answer):
    """The provider of identities, for who has not logged in."""

    enabled: bool = Field(description="Whether staff can log in there.")


class ProviderAnswer(_Answer):
    """Whether staff logs in at a provider."""

    success: Literal[True]
    message: str
    data: Provider


class RecoveryCodes(_Answer):
    """Codes for whoever lost the second factor; each can be used once."""

    recovery_codes: list[str]


class Session(_Answer):
    """A session."""

    id: str
    ip: str
    user_agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


class Me(_Answer):
    """Who is logged in."""

    kind: Literal["staff", "user"]
    id: int
    email: str
    name: str
    role: str | None
    permissions: list[str]
    session_id: str
    totp: bool = Field(description="Whether a code is needed to log in.")
    totp_required: bool = Field(description="Whether a log-in with a password needs a second factor to do anything.")
    environment: Literal["test", "live"] | None = Field(
        description="Of a user: `test` while nothing leaves the install, as all enabled gateways that the account may "
        "use are sandboxes, or there are none. `null`: of staff."
    )


class NewSession(Me):
    """A session that has begun. Its token is shown once; browsers get it as a cookie."""

    token: str


class Ended(_Answer):
    """How many sessions were ended."""

    ended: int


class _One(_Answer):
    success: Literal[True]
    message: str


class LogInAnswer(_One):
    """A session has begun."""

    data: NewSession


class MeAnswer(_One):
    """Who is logged in."""

    data: Me


class TotpAnswer(_One):
    """A second factor that waits for its first code."""

    data: Totp


class RecoveryCodesAnswer(_One):
    """The second factor is in use."""

    data: RecoveryCodes


class EndedAnswer(_One):
    """Sessions were ended."""

    data: Ended


class DoneAnswer(_One):
    """Done."""

    data: None


class SessionPage(_Answer):
    """All sessions of one's own, the newest first."""

    data: list[Session]
    next_cursor: None
