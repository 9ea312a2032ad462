"""What came back over the wire, as values: an answer, or why there was none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

ENDLESS_OR_BINARY = frozenset(
    {
        "text/event-stream",
        "multipart/x-mixed-replace",
        "application/octet-stream",
        "application/x-ndjson",
        "application/jsonl",
        "application/json-seq",
        "application/pdf",
        "application/zip",
        "application/gzip",
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, and as much of its body as there was reason to read.

    `body` is None where it was not read: an event stream never ends, and a download says nothing.
    `is_cut` says that the body went on after the most that is read.
    """

    status: int
    content_type: str = ""
    body: bytes | None = field(default=b"", repr=False)
    is_cut: bool = False
    location: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    seconds: float = 0.0

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400

    @property
    def redirected_to(self) -> str:
        """Where a redirect leads, without the query, which may carry a token."""
        try:
            parts = urlsplit(self.location)
        except ValueError:
            return "an address that cannot be read"
        host = (parts.hostname or "") if parts.netloc else ""
        return f"{host}{parts.path}" or "/"


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer, or one that broke off. `status` is there when the head of the answer was."""

    reason: str
    status: int | None = None
    seconds: float = 0.0


def is_json(media_type: str) -> bool:
    """Say whether a media type is JSON."""
    return media_type == "application/json" or media_type.endswith("+json")


def is_worth_reading(media_type: str, disposition: str) -> bool:
    """Say whether a body can be read to its end and looked into; else only the status counts."""
    if is_json(media_type):
        return True
    if disposition.strip().lower().startswith("attachment"):
        return False
    return media_type not in ENDLESS_OR_BINARY and not media_type.startswith(("image/", "video/", "audio/", "font/"))
