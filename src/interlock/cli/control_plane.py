"""The control plane as the guard sees any application: its chain, its endpoints, who can be logged in."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from interlock.chain.project import Project, find_project
from interlock.cli.api import write_privately
from interlock.errors import InvalidSetting
from interlock.probes.build import BuildCheck
from interlock.probes.document import read_document
from interlock.probes.identity import GivenToken, Identity, SignIn
from interlock.release.request import Application

OPENAPI = Path(__file__).parents[1] / "control" / "http" / "openapi.json"
"""What the API has to serve, as it was reviewed: a router that fails to be imported is missed."""

ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Credentials:
    """With what somebody signs in."""

    email: str
    password: str = field(repr=False)

    def as_identity(self) -> Identity:
        return Identity(ADMINISTRATOR, SignIn("/api/v1/sign-in", asdict(self)))


def control_plane_project(folder: Path) -> Project:
    """The control plane's own chain, as the guard sees any project."""
    return find_project(folder, config="interlock:control/persistence/alembic.ini")


def application(url: str, administrator: Credentials | None, expected_build: str) -> Application:
    """What the guard asks of the control plane: all that its OpenAPI document declares, and its build."""
    withheld = Identity(ADMINISTRATOR, GivenToken("the administrator's password", None))
    return Application(
        base_url=url,
        identities=(administrator.as_identity() if administrator else withheld,),
        openapi=read_document(OPENAPI.read_bytes(), OPENAPI.name),
        build=BuildCheck(),
        expected_build=expected_build,
    )


def new_password() -> str:
    return secrets.token_urlsafe(15)


def read_credentials(file: Path) -> Credentials | None:
    """Read the administrator's credentials that an earlier start kept, None if there are none."""
    if not file.exists():
        return None
    try:
        return Credentials(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        raise InvalidSetting(
            f"{file} does not hold the credentials that an earlier start kept in it",
            'write them as {"email": "...", "password": "..."}, or delete the file and sign in with what you know',
        ) from None


def keep_credentials(file: Path, credentials: Credentials) -> None:
    write_privately(file, json.dumps(asdict(credentials)))
