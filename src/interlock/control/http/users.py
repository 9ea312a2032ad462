"""GET /me"""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from interlock.control.domain.users import Permission, Role, User
from interlock.control.http.caller import AnyCaller, ProtectedRoute
from interlock.control.http.fields import View
from interlock.control.http.problems import problems

router = APIRouter(tags=["users"], route_class=ProtectedRoute, responses=problems(401, 500))


class UserView(View):
    """A user, and what the user may do."""

    organisation_id: UUID
    organisation_key: str
    id: UUID
    email: str
    name: str
    role: Role
    permissions: list[Permission] = Field(examples=[["flags:read", "modules:read"]])


@router.get("/me", response_model=UserView)
async def read_me(caller: AnyCaller) -> User:
    """Tell who the token belongs to."""
    return caller.user
