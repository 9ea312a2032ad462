"""Keys: the names by which people and programs call organisations, modules and flags."""

import re

from interlock.control.domain.errors import InvalidChange

# OFREP clients put a flag's key into a path without escaping it, so a key holds nothing to escape.
KEY_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"


def is_key(text: str) -> bool:
    """Whether anything could have it for a key. PostgreSQL cannot even be asked for a text with NUL."""
    return re.fullmatch(KEY_PATTERN, text) is not None


def check_key(key: str) -> None:
    """Refuse a key that cannot stand in an address as it is."""
    if not is_key(key):
        raise InvalidChange(
            problem=f"{key!r} cannot be a key",
            remedy="use at most 63 lower-case letters, digits, dots, hyphens and underscores",
        )
