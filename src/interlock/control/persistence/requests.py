"""How often an organisation asked in the minute that runs. In the database, so that every worker counts the same."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, case, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from interlock.control.domain.errors import TooManyRequests
from interlock.control.persistence.base import Base
from interlock.control.persistence.organisations import OrganisationRow


class RequestCountRow(Base):
    """A row of request_counts: one for each organisation that has a limit."""

    __tablename__ = "request_counts"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey(OrganisationRow.id), primary_key=True)
    minute: Mapped[datetime]
    requests: Mapped[int]


async def count_request(session: AsyncSession, organisation_id: UUID, limit: int) -> None:
    """Count one request; raise TooManyRequests for one too many. What is refused is counted too."""
    minute = func.date_trunc("minute", func.clock_timestamp())
    new = insert(RequestCountRow).values(organisation_id=organisation_id, minute=minute, requests=1)
    is_same = RequestCountRow.minute == new.excluded.minute
    counted = new.on_conflict_do_update(
        index_elements=["organisation_id"],
        set_={
            "minute": new.excluded.minute,
            "requests": case((is_same, RequestCountRow.requests + 1), else_=1),
        },
    ).returning(
        RequestCountRow.requests,
        (60 - func.extract("second", func.clock_timestamp())).label("seconds_left"),
    )
    row = (await session.execute(counted)).one()
    if row.requests > limit:
        raise TooManyRequests(limit, max(1, round(row.seconds_left)))
