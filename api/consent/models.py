"""Bodies and answers of purposes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from domain.channels import Channel

_Name = Annotated[StrictStr, Field(min_length=1, max_length=100, description="As recipients see it.")]
_Channels = Annotated[list[Channel], Field(min_length=1, max_length=3, description="Those that it is used on.")]
_Default = Annotated[
    Literal["opt_in", "opt_out"],
    Field(
        description="`opt_in`: only recipients who granted consent get its messages, others are refused with "
        "`no_consent`. `opt_out`: all get them but those who withdrew it."
    ),
]
_Public = Annotated[StrictBool, Field(description="Whether recipients see it on their preference page.")]
_Transactional = Annotated[
    StrictBool, Field(description="Whether its messages are owed to their recipients: consent is never asked.")
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPurpose(_Body):
    """A purpose of messages."""

    key: Annotated[StrictStr, Field(max_length=50, description="As send requests name it.", examples=["newsletter"])]
    name: _Name
    channels: _Channels = list(Channel)
    default: _Default = "opt_out"
    public: _Public | None = Field(None, description="Left out: yes, unless it is transactional.")
    transactional: _Transactional = False


class ChangePurpose(_Body):
    """What is to change of a purpose."""

    name: _Name | None = None
    channels: _Channels | None = None
    default: _Default | None = None
    public: _Public | None = None
    transactional: _Transactional | None = None


class ShownPurpose(_Answer):
    """A purpose."""

    key: str
    name: _Name
    channels: _Channels
    default: _Default
    public: _Public
    transactional: _Transactional
    built_in: bool = Field(description="Whether every account has it.")


class PurposePage(_Answer):
    """All purposes of the account."""

    data: list[ShownPurpose]
    next_cursor: None


class PurposeAnswer(_Answer):
    """One purpose."""

    success: Literal[True]
    message: str
    data: ShownPurpose
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class PurposeGone(_Answer):
    """It was removed."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
