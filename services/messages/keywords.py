"""Words that an account chooses to opt out, opt in and ask for help, and its replies."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr

from domain.text.keywords import KeywordSet, fold


def _plain(text: str) -> str:
    if not fold(text) or not text.isprintable():
        raise ValueError("must be a word or a few, without line breaks")
    return text


Word = Annotated[StrictStr, Field(max_length=40), AfterValidator(_plain)]
Words = Annotated[list[Word], Field(max_length=100)]
ReplyText = Annotated[StrictStr, Field(min_length=1, max_length=1000)]


class Replies(BaseModel):
    """Answers to keywords."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop: ReplyText | None = None
    start: ReplyText | None = None
    help: ReplyText | None = None


class Keywords(BaseModel):
    """An account's words. Left out or `null`: the built-in ones, in many languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop: Words | None = Field(None, description="Besides `STOP`, which always ends messages.")
    start: Words | None = None
    help: Words | None = None
    replies: Replies = Field(
        default_factory=Replies,
        description="Replies. Without an entry none is sent: many carriers and providers reply themselves.",
    )

    @property
    def chosen(self) -> KeywordSet:
        """As it is stored."""
        return KeywordSet(self.stop, self.start, self.help, self.replies.model_dump(exclude_none=True))
