"""Looking for people in the database, across organisations."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_, union

from interlock.control.domain.search import FoundPerson
from interlock.control.persistence.organisations import OrganisationRow
from interlock.control.persistence.scoped import Scoped, holds
from interlock.control.persistence.users import LoginRow, UserRow


class StoredSearch(Scoped):
    """What is found across the organisations that the scope lets one see."""

    async def people(self, text: str, limit: int) -> Sequence[FoundPerson]:
        # Each table is looked through by itself, and no further than needed: a condition over both would join them all
        # first. Addresses are kept in lower case, and LIKE costs a fraction of ILIKE.
        by_email = select(LoginRow.organisation_id, LoginRow.user_id).where(
            LoginRow.email.contains(text.lower(), autoescape=True), self.is_in_scope(LoginRow.organisation_id)
        )
        by_name = select(UserRow.organisation_id, UserRow.id).where(
            holds(text, UserRow.name), self.is_in_scope(UserRow.organisation_id)
        )
        found = union(by_email.limit(limit).subquery().select(), by_name.limit(limit).subquery().select())
        return await self._people(tuple_(UserRow.organisation_id, UserRow.id).in_(found), limit)

    async def named(self, users: Sequence[tuple[UUID, UUID]]) -> Sequence[FoundPerson]:
        return await self._people(tuple_(UserRow.organisation_id, UserRow.id).in_(users))

    async def by_email(self, organisation_id: UUID, emails: Sequence[str]) -> Sequence[FoundPerson]:
        return await self._people((UserRow.organisation_id == organisation_id) & LoginRow.email.in_(emails))

    async def _people(self, condition: ColumnElement[bool], limit: int | None = None) -> Sequence[FoundPerson]:
        statement = (
            select(OrganisationRow.key, UserRow.id, UserRow.name, LoginRow.email)
            .join(UserRow, UserRow.organisation_id == OrganisationRow.id)
            .join(LoginRow, (LoginRow.organisation_id == UserRow.organisation_id) & (LoginRow.user_id == UserRow.id))
            .where(condition, self.is_in_scope(UserRow.organisation_id))
            .order_by(LoginRow.email)
            .limit(limit)
        )
        return [FoundPerson(*row) for row in (await self.session.execute(statement)).all()]
