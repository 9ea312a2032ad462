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

    `is_cut` says that the body went on after the most that is read, or for longer.
    `is_framed` says that the server told where the body ends; else half of it looks like the whole.
    `is_stream` says that its end need not be near, and that it is no text to look into.
    """

    status: int
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    is_cut: bool = False
    is_framed: bool = True
    is_stream: bool = False
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


def is_stream(media_type: str, disposition: str) -> bool:
    """Say whether an answer is a download, or a stream that may never end."""
    if is_json(media_type):
        return False
    if disposition.strip().lower().startswith("attachment"):
        return True
    return media_type in ENDLESS_OR_BINARY or media_type.startswith(("image/", "video/", "audio/", "font/"))
