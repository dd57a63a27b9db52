"""Email fields besides the texts: per contact, or once for all contacts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

MAX_CC = 10
MAX_HEADERS = 20
MAX_FILES = 10
MAX_FILE_BYTES = 10 * 1024 * 1024
"""Of all attachments of an email together, decoded."""

_Address = Annotated[StrictStr, Field(max_length=320)]


class AttachedFile(BaseModel):
    """A file that goes with the email."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filename: Annotated[StrictStr, Field(min_length=1, max_length=200)]
    content_type: Annotated[StrictStr, Field(max_length=200)] = Field(
        description="With parameters where it needs them: `text/calendar; method=REQUEST`.",
        examples=["application/pdf"],
    )
    content: StrictStr = Field(
        description=f"Base64. All files of an email together have at most {MAX_FILE_BYTES // 1024**2} MiB.",
        examples=["SGVsbG8="],
    )
    content_id: Annotated[StrictStr, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Shown where the HTML has `cid:` and this, not listed as a file."
    )


class Tracking(BaseModel):
    """Which events of the recipient to record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: StrictBool = False
    clicks: StrictBool = False


class MailFields(BaseModel):
    """The fields. A contact's value overrides the request's."""

    from_: Annotated[StrictStr, Field(max_length=600)] | None = Field(
        None,
        alias="from",
        description="The sender: `news@example.com` or `News <news@example.com>`, of a sender domain that is verified "
        "for this account. Left out: the gateway's own address.",
        examples=[None],
    )
    reply_to: _Address | None = Field(None, description="The address that replies go to.", examples=[None])
    cc: Annotated[list[_Address], Field(max_length=MAX_CC)] | None = Field(
        None, description="Addresses that get a visible copy of the email; each costs a credit.", examples=[[]]
    )
    headers: Annotated[dict[StrictStr, StrictStr], Field(max_length=MAX_HEADERS)] | None = Field(
        None, description="More headers, by name.", examples=[{"X-Campaign": "spring"}]
    )
    attachments: Annotated[list[AttachedFile], Field(max_length=MAX_FILES)] | None = Field(None, examples=[[]])
    unsubscribe: StrictBool | None = Field(
        None,
        description="One-click unsubscription (RFC 8058); its link replaces `{{ unsubscribe_url }}` in texts, and "
        "`{{ preferences_url }}` becomes that to all choices. "
        "Left out: in the bulk lane, where the install knows its public URL.",
        examples=[None],
    )
    inline_css: StrictBool | None = Field(
        None, description="Move the rules of `<style>` into `style` attributes. Nothing is loaded.", examples=[None]
    )
    track: Tracking | None = Field(None, description="Record opens and clicks; left out: neither.", examples=[None])
