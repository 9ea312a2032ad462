import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, registry

from interlock.chain.models import describe


@pytest.mark.parametrize("value", [sa.literal({"a": 1}, sa.JSON), sa.bindparam("now", callable_=lambda: 3)])
def test_a_value_that_cannot_be_written_into_a_select_does_not_matter_to_it(value: sa.ColumnElement):
    metadata = sa.MetaData()
    orders = sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True))
    order = type("Order", (), {})
    mapper = registry(metadata=metadata).map_imperatively(
        order, orders, properties={"value": column_property(value.label("value"))}
    )

    (select,) = describe([metadata], [mapper])["selects"]

    assert "NULL AS value" in select["sql"]
    assert "orders.id" in select["sql"]


def described_columns(*columns: sa.Column) -> dict[str, dict]:
    """What is described of the columns of a mapped table, by their names."""
    orders = sa.Table("orders", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *columns)
    mapper = registry(metadata=orders.metadata).map_imperatively(type("Order", (), {}), orders)
    return {each["column"]: each for each in describe([orders.metadata], [mapper])["columns"]}


@pytest.mark.parametrize(
    ("column", "insert"),
    [
        (sa.Column("x", sa.Text), "null"),
        (sa.Column("x", sa.Text, default="a"), "a value"),
        (sa.Column("x", sa.Text, server_default="a"), "nothing"),
        (sa.Column("x", sa.Text, sa.FetchedValue()), "nothing"),
        (sa.Column("x", sa.Integer, sa.Computed("id + 1")), "nothing"),
        (sa.Column("x", sa.Integer, sa.Identity(always=True)), "nothing"),
        # Null would be a JSON null, so SQLAlchemy leaves the column out.
        (sa.Column("x", sa.JSON), "nothing"),
    ],
)
def test_what_the_orm_inserts_where_nothing_is_set(column: sa.Column, insert: str):
    described = described_columns(column)

    assert described["x"]["insert"] == insert
    assert described["id"]["insert"] == "nothing"


class Tolerant(sa.Enum):
    """An enum that knows what to make of any value."""

    def _object_value_for_elem(self, elem: str) -> str:
        return elem


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        (sa.Enum("open", "paid", native_enum=False), ["open", "paid"]),
        (sa.ARRAY(sa.Enum("open", "paid", name="state")), ["open", "paid"]),
        (sa.Text().with_variant(sa.Enum("open", name="state"), "postgresql"), ["open"]),
        (sa.Enum("open", native_enum=False).with_variant(sa.Text(), "postgresql"), None),
        (Tolerant("open", native_enum=False), None),
        (sa.Text(), None),
    ],
)
def test_which_values_of_a_column_can_be_loaded(kind: sa.types.TypeEngine, labels: list[str] | None):
    assert described_columns(sa.Column("x", kind))["x"]["labels"] == labels


@pytest.mark.parametrize(
    ("kind", "identity", "labels"),
    [
        (sa.String(20), "order", ["order"]),
        (sa.Integer(), 1, ["1"]),
        # The application may make its own of what it reads.
        (type("Own", (sa.TypeDecorator,), {"impl": sa.String, "cache_ok": True})(), "order", None),
        (sa.Boolean(), True, None),
    ],
)
def test_which_values_tell_of_a_class(kind: sa.types.TypeEngine, identity: object, labels: list[str] | None):
    orders = sa.Table("orders", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", kind))
    mapper = registry(metadata=orders.metadata).map_imperatively(
        type("Order", (), {}), orders, polymorphic_on=orders.c.kind, polymorphic_identity=identity
    )

    described = describe([orders.metadata], [mapper])["discriminators"]

    assert [each["labels"] for each in described] == ([labels] if labels else [])


def test_classes_of_another_bind_or_another_chain_are_elsewhere_and_those_of_strangers_too():
    ours, bound, theirs, stray = (sa.MetaData(), sa.MetaData(info={"bind_key": "b"}), sa.MetaData(), sa.MetaData())
    mappers = [
        registry(metadata=each).map_imperatively(
            type(name, (), {}), sa.Table(name, each, sa.Column("id", sa.Integer, primary_key=True))
        )
        for name, each in {"Ours": ours, "Bound": bound, "Theirs": theirs, "Stray": stray}.items()
    ]

    own = describe([ours], mappers, is_own=lambda _module: True, of_others=[theirs])
    strange = describe([ours], mappers)

    assert [each["name"].rpartition(".")[2] for each in own["strays"]] == ["Stray"]
    assert [each.rpartition(".")[2] for each in own["elsewhere"]] == ["Bound", "Theirs"]
    assert strange["strays"] == []
    assert len(strange["elsewhere"]) == 3


def test_a_column_that_one_of_the_classes_of_a_table_has_may_be_null_in_the_rows_of_the_others():
    class Base(DeclarativeBase):
        pass

    class Animal(Base):
        __tablename__ = "animals"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012 - as people write it
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]

    class Cat(Animal):
        __mapper_args__ = {"polymorphic_identity": "cat"}  # noqa: RUF012
        sound: Mapped[str]

    described = describe([Base.metadata], [Animal.__mapper__, Cat.__mapper__])

    assert {each["column"]: each["is_nullable"] for each in described["columns"]} == {
        "id": False,
        "kind": False,
        "sound": True,
    }
    assert described["discriminators"][0]["labels"] == ["animal", "cat"]


class Decoded(sa.TypeDecorator):
    """Makes something else of what it loads."""

    impl = sa.JSON

    def process_result_value(self, value: object, _dialect: sa.Dialect) -> object:
        return value


class Cast(sa.TypeDecorator):
    """Sends another type than its own."""

    impl = sa.Uuid

    def bind_expression(self, bindparam: sa.BindParameter) -> sa.ColumnElement:
        return sa.cast(bindparam, sa.Text)


class Unknown(sa.types.UserDefinedType):
    """Sends and loads what it likes."""

    def get_col_spec(self) -> str:
        return "UUID"


@pytest.mark.parametrize(
    ("kind", "is_sent_plainly", "is_loaded_plainly"),
    [
        (sa.Uuid(), True, True),
        (postgresql.ARRAY(postgresql.JSONB), True, True),
        (sa.String().with_variant(postgresql.JSONB(), "postgresql"), True, True),
        (Decoded(), True, False),
        (postgresql.ARRAY(Decoded()), True, False),
        (Cast(), False, True),
        (sa.String().with_variant(Cast(), "postgresql"), False, True),
        (Unknown(), False, False),
        (postgresql.ARRAY(Unknown()), False, False),
    ],
)
def test_what_a_type_of_the_project_does_by_itself(
    kind: sa.types.TypeEngine, is_sent_plainly: bool, is_loaded_plainly: bool
):
    described = described_columns(sa.Column("x", kind))["x"]

    assert (described["is_sent_plainly"], described["is_loaded_plainly"]) == (is_sent_plainly, is_loaded_plainly)


@pytest.mark.parametrize(
    ("columns", "is_filled"),
    [
        ([sa.Column("x", sa.Integer, primary_key=True)], True),
        ([sa.Column("x", sa.Integer, sa.Identity(always=True), primary_key=True)], True),
        ([sa.Column("x", sa.Integer, primary_key=True, server_default=sa.text("nextval('s')"))], True),
        ([sa.Column("x", sa.Integer, primary_key=True, autoincrement=False)], False),
        ([sa.Column("x", sa.Integer, primary_key=True, default=lambda: 1)], False),
        ([sa.Column("x", sa.Integer, sa.ForeignKey("parents.id"), primary_key=True)], False),
        ([sa.Column("x", sa.Integer, primary_key=True), sa.Column("y", sa.Integer, primary_key=True)], False),
    ],
)
def test_a_key_that_is_left_to_the_server(columns: list[sa.Column], is_filled: bool):
    metadata = sa.MetaData()
    sa.Table("parents", metadata, sa.Column("id", sa.Integer, primary_key=True))
    orders = sa.Table("orders", metadata, *columns)
    mapper = registry(metadata=metadata).map_imperatively(type("Order", (), {}), orders)

    described = {
        each["column"]: each for each in describe([metadata], [mapper])["columns"] if each["table"] == "orders"
    }

    assert described["x"]["is_filled_key"] is is_filled
