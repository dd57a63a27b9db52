"""Body and answer of ``/users/bulk``."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from api.admin.models import PlanName, Reason, Text
from api.operations.models import Operation
from domain.channels import Channel
from services.accounts.bulk import AT_ONCE, MOST_ITEMS

UserRef = Annotated[StrictInt, Field(ge=1, le=2**63 - 1, description="The user's id.")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CreateItem(_Part):
    """Create a user."""

    action: Literal["create"]
    email: Text
    name: Text
    external_id: Text | None = None
    plan: PlanName | None = None
    time_zone: Text = "UTC"
    region: Text | None = None


class UpsertItem(_Part):
    """Create or change the user with this id in another system. Fields left out stay."""

    action: Literal["upsert"]
    external_id: Text
    email: Text
    name: Text
    plan: PlanName | None = None
    time_zone: Text = "UTC"
    region: Text | None = None


class SuspendItem(_Part):
    """Suspend a user."""

    action: Literal["suspend"]
    user: UserRef
    reason: Reason = ""
    waiting: Literal["cancel", "keep"] = "cancel"


class ResumeItem(_Part):
    """Resume a suspended user."""

    action: Literal["resume"]
    user: UserRef
    reason: Reason = ""


class DeleteItem(_Part):
    """Delete a user."""

    action: Literal["delete"]
    user: UserRef


class AssignPlanItem(_Part):
    """Give a user a plan. One that it has already goes on unchanged."""

    action: Literal["assign_plan"]
    user: UserRef
    plan: PlanName
    renews: StrictBool = True


class CreditsItem(_Part):
    """Grant credits, or deduct them if the amount is negative."""

    action: Literal["credits"]
    user: UserRef
    channel: Channel
    amount: StrictInt
    reason: Reason = ""


Item = Annotated[
    CreateItem | UpsertItem | SuspendItem | ResumeItem | DeleteItem | AssignPlanItem | CreditsItem,
    Field(discriminator="action"),
]


class BulkUsers(_Part):
    """Changes of users. They are done in this order; one that is refused does not stop the others."""

    items: Annotated[
        list[Item],
        Field(min_length=1, max_length=MOST_ITEMS, description=f"More than {AT_ONCE} become an operation."),
    ]


class ItemProblem(_Part):
    """Why an item was refused."""

    pointer: str
    code: str
    message: str


class ItemResult(_Part):
    """What came of an item."""

    item: int = Field(description="Its number in the list, from 0.")
    action: str
    success: bool
    user: int | None
    error: ItemProblem | None


class BulkOutcome(_Part):
    """What came of all items, or the operation that does them."""

    failed: int | None = Field(description="`null`: they are being done.")
    results: list[ItemResult] | None
    operation: Operation | None


class BulkAnswer(_Part):
    """The outcome of a list of changes."""

    success: Literal[True]
    message: str
    data: BulkOutcome
    dry_run: bool = Field(default=False, description="Only there on a dry run.")
