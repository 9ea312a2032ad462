"""The words of a statement, without what is no word of it."""

import re

_LONGEST = 200

_CHANGES_SCHEMA = re.compile(r"(create|alter|drop|comment|grant|revoke|reindex|security label)\b", re.IGNORECASE)
_NO_WORDS = re.compile(
    r"--[^\n]*|/\*.*?\*/|(?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|(?P<text>[eE]?'(?:[^'\\]|''|\\.)*')", re.DOTALL
)


def words_of(sql: str) -> str:
    """Give a statement on one line, without its comments, and with its literals and function bodies empty."""
    kept = _NO_WORDS.sub(lambda found: "''" if found["text"] or found["body"] else " ", sql)
    return " ".join(kept.split())


def shortened(sql: str) -> str:
    """Give the words of a statement, cut where they are many."""
    words = words_of(sql)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]} ..."


def changes_schema(sql: str) -> bool:
    """Tell whether a statement changes the schema, and no row."""
    return _CHANGES_SCHEMA.match(words_of(sql)) is not None


def says(sql: str, pattern: str) -> bool:
    """Tell whether the words of a statement match a pattern, in capitals or not."""
    return re.search(pattern, words_of(sql), re.IGNORECASE) is not None
