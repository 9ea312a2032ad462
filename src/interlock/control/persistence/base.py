"""What all tables share: how constraints are named, how enums and times are stored."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Enum, MetaData, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables of the control plane."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
        list[UUID]: ARRAY(Uuid),
    }


Id = Annotated[UUID, mapped_column(server_default=func.gen_random_uuid())]


EMPTY = text("'{}'")
"""The default of an array that has nothing in it, or of an object."""


class Dated:
    """A row that tells when it was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=91)


def native_enum(members: type[StrEnum], name: str) -> Enum:
    """A PostgreSQL enum whose labels are the members' values.

    SQLAlchemy would take the members' names; what is stored is what the API says and people search for.
    """
    return Enum(members, name=name, values_callable=lambda kind: [member.value for member in kind])
