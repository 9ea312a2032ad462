import pytest
import sqlalchemy as sa
from sqlalchemy.orm import column_property, registry

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
