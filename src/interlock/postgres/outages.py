"""What helps where the server itself is in trouble, and no statement is to blame."""

# By SQLSTATE (Appendix A of the manual), or by the beginning of one.
_REMEDIES = {
    "53100": "make room on the server's disk",
    "53200": "see the server's log: it is short of memory, or max_locks_per_transaction is too low",
    "53300": "wait until connections are free, or raise the limit of server, role or database",
    "53": "raise the limit of the server that is named",
    "08": "see why the connection broke: the network, a proxy, or the server",
    "57P": "see the server's log: who ended the session, or the server",
    "58": "see the server's log: its disk or its machine is in trouble",
    "XX": "see the server's log: the server is at odds with itself",
}

# What it says to somebody whom it does not let in: libpq has no SQLSTATE of that.
_REMEDIES_BY_WORDS = {
    "too many clients": "wait until connections are free, or raise max_connections",
    "too many connections": "wait until connections are free, or raise the limit of role or database",
    "remaining connection slots are reserved": "wait until connections are free, or raise max_connections",
    "the database system is": "wait until the server has started",
}


def outage_remedy(sqlstate: str) -> str | None:
    """Say what helps where a statement failed by no fault of its own; None where it was its own."""
    return next((remedy for state, remedy in _REMEDIES.items() if sqlstate.startswith(state)), None)


def outage_remedy_by_words(message: str) -> str | None:
    """Say what helps where the server lets nobody in at the moment; None where it is for another reason."""
    return next((remedy for words, remedy in _REMEDIES_BY_WORDS.items() if words in message), None)
