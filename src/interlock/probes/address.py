"""Check an address and the paths below it before anything is sent."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from interlock.errors import InvalidSetting
from interlock.probes.probe import Probe


def base_of(url: str) -> str:
    """Give the address that paths are put behind, or say why it cannot be one."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _invalid("it cannot be read as a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise _invalid("it is not an http:// or https:// address with a host")
    if parts.username is not None or parts.password is not None:
        # It would be sent with every request, also with those of nobody.
        raise _invalid("it holds a user name or a password")
    if parts.query or parts.fragment:
        raise _invalid("it has a query or a fragment")
    return url.rstrip("/")


def check_paths(probes: Iterable[Probe]) -> None:
    """Refuse a path that would lead to another server, or could not be sent."""
    for probe in probes:
        if not probe.path.startswith("/") or not probe.path.isprintable() or " " in probe.path:
            raise InvalidSetting(
                problem=f"the path {probe.path!r} of a probe cannot be asked",
                remedy="begin it with a slash, and percent-encode what is not allowed in a URL",
            )


def _invalid(why: str) -> InvalidSetting:
    # The address is not repeated: what is wrong with it may be a password.
    return InvalidSetting(
        problem=f"the address of the application cannot be used: {why}",
        remedy="give it as in https://example.org, or https://example.org/prefix",
    )
