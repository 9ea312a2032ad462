"""The words of a statement, without what is no word of it."""

import re

_LONGEST = 200

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


def says(sql: str, pattern: str) -> bool:
    """Tell whether the words of a statement match a pattern, in capitals or not."""
    return re.search(pattern, words_of(sql), re.IGNORECASE) is not None
