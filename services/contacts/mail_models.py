"""What an email may carry beside its texts: per contact, or once for all contacts."""

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
    """What is to be recorded of the recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: StrictBool = False
    clicks: StrictBool = False


class MailFields(BaseModel):
    """The fields. What a contact gives counts instead of what the request gives."""

    reply_to: _Address | None = Field(None, description="The address that answers go to.", examples=[None])
    cc: Annotated[list[_Address], Field(max_length=MAX_CC)] | None = Field(
        None, description="Addresses that get the same email and are seen; each costs a credit.", examples=[[]]
    )
    headers: Annotated[dict[StrictStr, StrictStr], Field(max_length=MAX_HEADERS)] | None = Field(
        None, description="More headers, by name.", examples=[{"X-Campaign": "spring"}]
    )
    attachments: Annotated[list[AttachedFile], Field(max_length=MAX_FILES)] | None = Field(None, examples=[[]])
    unsubscribe: StrictBool | None = Field(
        None,
        description="One-click unsubscription (RFC 8058); where texts say `{{ unsubscribe_url }}`, its link stands. "
        "Left out: in the bulk lane, where the install knows its public URL.",
        examples=[None],
    )
    inline_css: StrictBool | None = Field(
        None, description="Move the rules of `<style>` into `style` attributes. Nothing is loaded.", examples=[None]
    )
    track: Tracking | None = Field(None, description="Record opens and clicks; left out: neither.", examples=[None])
