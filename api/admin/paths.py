"""Parts of paths of the admin API."""

from typing import Annotated

from fastapi import Path

UserId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The user's id.")]
MemberId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of a member of staff.")]
