"""Queries that cannot leave their scope, and lists that come in pages."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, inspect, or_, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from interlock.control.domain.errors import InvalidCursor
from interlock.control.domain.page import Page, Slice
from interlock.control.domain.scope import OneOrganisation, Scope, WholePlatform

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute, Mapper

ThingT = TypeVar("ThingT")


class Scoped:
    """A repository of what one scope may see."""

    def __init__(self, session: AsyncSession, scope: Scope) -> None:
        self.session, self.scope = session, scope

    def is_in_scope(self, organisation_id: "InstrumentedAttribute[Any]") -> ColumnElement[bool]:
        """The condition that every query on a tenant's rows carries."""
        match self.scope:
            case OneOrganisation(organisation_id=own):
                return organisation_id == own
            case WholePlatform():
                return true()

    async def fetch_page(
        self,
        statement: "Select[Any]",
        key: "InstrumentedAttribute[Any]",
        wanted: Slice,
        read: Callable[[Any], ThingT],
    ) -> Page[ThingT]:
        """Read one page in the order of its key, by one query: a row too many tells that there is more.

        `read` is given rows with the columns of the entity, which cost a fraction of entities.
        """
        mapper: Mapper[Any] = inspect(key.class_)
        columns = [getattr(key.class_, column.key) for column in mapper.column_attrs]
        statement = statement.with_only_columns(*columns, maintain_column_froms=True)
        if wanted.after is not None:
            statement = statement.where(key > read_place(key, wanted.after))
        rows = (await self.session.execute(statement.order_by(key).limit(wanted.limit + 1))).all()
        shown = rows[: wanted.limit]
        last = str(getattr(shown[-1], key.key)) if len(rows) > wanted.limit else None
        return Page(tuple(map(read, shown)), last)

    async def fetch_newest(
        self,
        statement: "Select[*tuple[Any, ...]]",
        moment: "InstrumentedAttribute[datetime]",
        key: "InstrumentedAttribute[Any]",
        wanted: Slice,
        read: Callable[[Any], ThingT],
    ) -> Page[ThingT]:
        """Read one page, the newest first; the key tells apart what is of the same moment.

        The first column is the row that has both; `read` is given all columns.
        """
        order = (moment, key)
        if wanted.after is not None:
            time, _, name = wanted.after.partition(" ")
            statement = statement.where(tuple_(*order) < tuple_(read_time(time), read_place(key, name)))
        newest_first = statement.order_by(*(column.desc() for column in order))
        rows = (await self.session.execute(newest_first.limit(wanted.limit + 1))).all()
        shown = rows[: wanted.limit]
        last = None
        if len(rows) > wanted.limit:
            row = shown[-1][0]
            last = f"{getattr(row, moment.key).isoformat()} {getattr(row, key.key)}"
        return Page(tuple(map(read, shown)), last)


def holds(search: str, *columns: "InstrumentedAttribute[str]") -> ColumnElement[bool]:
    """The condition that one of these columns contains a text, in capitals or not."""
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


def read_place(key: "InstrumentedAttribute[Any]", after: str) -> Any:
    """Read the place in a list that an earlier page ended at."""
    try:
        return key.type.python_type(after)
    except ValueError:
        raise InvalidCursor from None


def read_time(text: str) -> datetime:
    """Read the moment that an earlier page ended at."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidCursor from None
