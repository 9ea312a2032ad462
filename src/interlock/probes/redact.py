"""Take out what must not be printed."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

LONGEST = 300


def tidy(reason: str, secrets: Iterable[str] = ()) -> str:
    """Make a sentence fit to be printed: no secret, no control character, not too long."""
    # The order matters: a cut, or a replaced character, could leave half a secret, no longer recognised.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret)):
            # In any case of letters: names of hosts and media types are repeated in small ones.
            reason = re.sub(re.escape(form), "[hidden]", reason, flags=re.IGNORECASE)
    printable = "".join(letter if letter.isprintable() else "?" for letter in reason)
    return printable if len(printable) <= LONGEST else printable[: LONGEST - 3] + "..."
