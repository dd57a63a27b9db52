"""Answers of reports for staff."""

from pydantic import BaseModel, ConfigDict, Field

from api.reports.models import LoggedRequest, Usage


class AnyUsage(Usage):
    """Messages of a group by their outcome, and what they cost. `accepted` is the sum of the other counts."""

    user_id: int | None = Field(default=None, description="If grouped by user; `null`: of the admin.")


class AnyUsagePage(BaseModel):
    """A page of usage."""

    model_config = ConfigDict(extra="forbid")

    data: list[AnyUsage]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class AnyRequest(LoggedRequest):
    """A request that was answered."""

    user_id: int | None = Field(description="Whose key it carried; `null`: the admin's, one of staff, or none.")


class AnyRequestPage(BaseModel):
    """A page of the log of requests."""

    model_config = ConfigDict(extra="forbid")

    data: list[AnyRequest]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")
