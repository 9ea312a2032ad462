import pytest

from interlock.chain.kinds import Kind, clash, type_name
from interlock.chain.mapped import MappedColumn
from interlock.verdict.finding import Signal

JSON = Kind("U", "json", is_range=False, is_array=False)
TEXT = Kind("S", "text", is_range=False, is_array=False)
UUID = Kind("U", "uuid", is_range=False, is_array=False)
UNKNOWN = Kind("U", "", is_range=False, is_array=False)


@pytest.mark.parametrize(
    ("mapped", "live", "facts", "signal"),
    [
        (JSON, TEXT, {}, Signal.STOP),
        (JSON, TEXT, {"is_loaded_plainly": False}, None),
        (TEXT, UUID, {}, Signal.CAUTION),
        (TEXT, UUID, {"is_loaded_plainly": False}, None),
        (UUID, TEXT, {}, Signal.STOP),
        # The value is compared as a uuid, whatever is made of it when it is loaded.
        (UUID, TEXT, {"is_loaded_plainly": False}, Signal.STOP),
        (UUID, TEXT, {"is_sent_plainly": False}, None),
        (UNKNOWN, TEXT, {}, None),
        (TEXT, UNKNOWN, {}, None),
    ],
)
def test_what_a_type_of_the_project_does_by_itself_is_not_judged(
    mapped: Kind, live: Kind, facts: dict, signal: Signal | None
):
    misfit = clash(MappedColumn(None, "orders", "x", "ANY", **facts), mapped, live, "any")

    assert (misfit.signal if misfit else None) is signal


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("VARCHAR(255)", "VARCHAR"),
        ("NUMERIC(10, 2)", "NUMERIC"),
        ("TIMESTAMP(3) WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
        ("VARCHAR(20)[][]", "VARCHAR[]"),
        ('VARCHAR(20) COLLATE "C"', None),
        ("", None),
    ],
)
def test_the_name_of_a_type_is_what_the_server_can_look_up(written: str, name: str | None):
    assert type_name(MappedColumn(None, "orders", "x", written)) == name
