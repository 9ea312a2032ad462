"""Putting a run of the guard on record at a control plane."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from interlock import __version__
from interlock.errors import InterlockError, InvalidSetting, conceal
from interlock.report.legible import legible
from interlock.settings import RecordSettings, Settings

ANSWERS_WITHIN_SECONDS = 30.0
PASSWORD_VARIABLE = "INTERLOCK_RECORD__PASSWORD"  # noqa: S105 - the name of a variable


class NotRecorded(InterlockError):
    """The control plane does not have the run. The reports have it, and the verdict stands."""

    def __init__(self, reason: str, folder: Path) -> None:
        super().__init__(
            problem=f"the run is not on record: {reason}",
            remedy=f"the reports are in {folder};"
            f" put them on record later with: interlock record {shlex.quote(str(folder))}",
        )


@dataclass(frozen=True, slots=True)
class Registrar:
    """Where runs are put on record, and as whom."""

    url: str
    email: str
    password: str = field(repr=False)
    project: str | None = None
    """Under which name; None for the one that the run has."""

    def record(self, folder: Path) -> str:
        """Put the reports of a folder on record, and give the run's id. Raises NotRecorded, InvalidSetting."""
        body = _body(folder, self.project)
        try:
            with self._client() as client:
                headers = {"Authorization": f"Bearer {self._sign_in(client)}"}
                _require_recorded(
                    client.post("/api/v1/admin/releases", json=body, headers=headers), body["record"]["id"]
                )
        except (httpx2.HTTPError, httpx2.InvalidURL, _Refused) as error:
            reason = conceal(str(error) or type(error).__name__, {self.password})
            raise NotRecorded(f"{self.url}: {reason}", folder) from None
        return str(body["record"]["id"])

    def _client(self) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.url.rstrip("/"),
            timeout=ANSWERS_WITHIN_SECONDS,
            headers={"User-Agent": f"interlock/{__version__}"},
        )

    def _sign_in(self, client: httpx2.Client) -> str:
        answer = _accepted(client.post("/api/v1/sign-in", json={"email": self.email, "password": self.password}))
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise _Refused("what answers the sign-in there is no control plane")
        return token


class _Refused(Exception):
    """What the other side said, in words."""


def registrar(settings: Settings) -> Registrar:
    """Where the settings say that runs are put on record. Raises InvalidSetting."""
    wanted: RecordSettings | None = settings.record
    if wanted is None:
        raise InvalidSetting(
            "no control plane is named to put the run on record at",
            'name it in interlock.toml: [record] url = "https://..." and email = "..."',
        )
    if not wanted.password:
        raise InvalidSetting(
            f"the password of {wanted.email} at {wanted.url} is not known",
            f"set {PASSWORD_VARIABLE}; a user with the role recorder is enough",
        )
    return Registrar(wanted.url, wanted.email, wanted.password, wanted.project)


def _body(folder: Path, project: str | None) -> dict[str, Any]:
    try:
        record = json.loads((folder / "report.json").read_text("utf-8"))
        page = (folder / "report.html").read_text("utf-8")
        name = project or record["project"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidSetting(
            f"there are no reports of a run in {folder}",
            "name the folder that a run wrote its report.json and report.html to",
        ) from None
    return {"project": name, "record": legible(record), "page": page}


def _require_recorded(response: httpx2.Response, run_id: str) -> None:
    summary = _accepted(response).get("summary")
    if not isinstance(summary, dict) or summary.get("id") != run_id:
        raise _Refused("what answers there does not confirm the run, so it is no control plane")


def _accepted(response: httpx2.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {}
    if not response.is_success:
        detail = answer.get("detail")
        raise _Refused(f"{response.status_code} {response.reason_phrase}" + (f": {detail}" if detail else ""))
    return answer
