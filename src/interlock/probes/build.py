"""Which build answers? An old instance can serve a new database for a long time unnoticed."""

from dataclasses import dataclass

from interlock.errors import InvalidSetting
from interlock.probes.json_value import parse_json, pick
from interlock.probes.reply import NoReply, Reply

LONGEST_BUILD = 200


@dataclass(frozen=True, slots=True)
class BuildCheck:
    """Where the application says which build it is: a path, and a dotted field of its JSON answer."""

    path: str = "/version"
    field: str = "build"

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or not self.field:
            raise InvalidSetting(
                problem="the build id needs a path that begins with a slash, and the name of a field",
                remedy='write it as in path "/version", field "build"',
            )


def read_build(reply: Reply | NoReply, check: BuildCheck) -> str | None:
    """Read the build id out of an answer; None where it does not tell."""
    if isinstance(reply, NoReply) or not reply.is_success:
        return None
    try:
        told = pick(parse_json(reply.body), check.field)
    except (ValueError, RecursionError):
        return None
    if isinstance(told, bool) or not isinstance(told, str | int):
        return None
    build = str(told).strip()
    is_printable = build.isprintable() and len(build) <= LONGEST_BUILD
    return build if build and is_printable else None
