"""How much room SQLAlchemy's types and the server's types have for a value."""

import pytest

from interlock.chain.room import Room, live_room, mapped_room


@pytest.mark.parametrize(
    ("written", "room"),
    {
        "VARCHAR(255)": Room("text", 255),
        'VARCHAR(255) COLLATE "C"': Room("text", 255),
        "CHAR(2)": Room("text", 2),
        "VARCHAR": None,
        "VARCHAR(255)[]": None,
        "NUMERIC(12, 2)": Room("decimal", 10),
        "NUMERIC(12)": Room("decimal", 12),
        "NUMERIC": None,
        "BIGINT": Room("integer", 8),
        "BIGINT[]": None,
    }.items(),
)
def test_what_a_mapped_type_allows(written: str, room: Room | None):
    assert mapped_room(written) == room


@pytest.mark.parametrize(
    ("kind", "modifier", "room"),
    [
        ("character varying", 14, Room("text", 10)),
        ("character varying", -1, None),
        ("numeric", ((8 << 16) | 2) + 4, Room("decimal", 6)),
        ("numeric", ((3 << 16) | (-2 & 0x7FF)) + 4, Room("decimal", 5)),
        ("numeric", -1, None),
        ("integer", -1, Room("integer", 4)),
        ("text", -1, None),
    ],
)
def test_what_a_type_of_the_server_allows(kind: str, modifier: int, room: Room | None):
    assert live_room(kind, modifier) == room
