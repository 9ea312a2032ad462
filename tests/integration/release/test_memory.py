"""What is remembered of a project, and everything that makes it worthless."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from interlock.errors import ExitCode
from interlock.release import pipeline
from interlock.release.logbook import Outcome
from interlock.release.record import ReleaseRecord, Stage
from interlock.release.request import Request
from interlock.verdict.finding import Check
from interlock.verdict.judge import Verdict
from tests.alembic_project import SHOP_MODELS, AlembicProject, make_project
from tests.integration.release.conftest import told

# What many a library asks of Linux when it is imported is no file that somebody has written.
MODELS_ELSEWHERE = """
from pathlib import Path
import shop
memory = Path("/proc/self/stat").read_text() if Path("/proc/self/stat").exists() else ""
target_metadata = shop.Base.metadata
"""


class Listener:
    """Hears which revisions are built."""

    def __init__(self) -> None:
        self.built: list[str] = []

    def began(self, check: Check) -> None: ...

    def tells(self, text: str) -> None:
        if text.startswith("building "):
            self.built.append(text.removeprefix("building "))

    def ended(self, stage: Stage) -> None: ...


Verify = Callable[[], tuple[Outcome, list[str]]]


@pytest.fixture
def project(tmp_path: Path) -> AlembicProject:
    project = make_project(tmp_path, models=MODELS_ELSEWHERE)
    project.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n")
    project.write("shop.py", SHOP_MODELS)
    project.write("sizes.py", "EMAIL = 200\n")
    make_old(project)
    return project


@pytest.fixture
def verify(
    project: AlembicProject, request_for: Callable[..., Request], database: str, monkeypatch: pytest.MonkeyPatch
) -> Verify:
    """Verify a released database, and tell which revisions were built for it."""
    cache = project.folder.parent / f"{project.folder.name}-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    def run(what: str = "verify") -> tuple[Outcome, list[str]]:
        listener = Listener()
        blank = ReleaseRecord(what, what, "shop", "0", datetime.now(UTC), 0.0, Verdict(), ())
        return getattr(pipeline, what)(request_for(database), blank, listener), listener.built

    assert run("release")[0].exit_code == ExitCode.CLEAR
    assert run()[0].exit_code == ExitCode.CLEAR
    return run


def make_old(project: AlembicProject) -> None:
    """Let the files be from before the run, as they are where people work."""
    for file in project.folder.rglob("*.py"):
        os.utime(file, (1_000_000_000, 1_000_000_000))


def test_a_chain_is_built_once_as_long_as_nothing_changes(verify: Verify):
    outcome, built = verify()

    assert outcome.exit_code == ExitCode.CLEAR, told(outcome)
    assert built == []


def test_damage_is_found_with_what_is_remembered(verify: Verify, database: str):
    with psycopg.connect(database) as connection:
        connection.execute("alter table orders drop column note")

    outcome, built = verify()

    assert outcome.exit_code == ExitCode.STOP
    assert built == []
    assert "class Order cannot be selected" in told(outcome)


@pytest.mark.parametrize(
    ("file", "before", "after", "finding"),
    [
        ("migrations/versions/r2.py", "orders_by_customer", "orders_of_customer", "orders_of_customer"),
        ("migrations/env.py", "import shop", "import shop  # again", ""),
        ("shop.py", "note: Mapped[str | None]", "note: Mapped[str | None]; tax: Mapped[int]", "orders.tax"),
    ],
    ids=["a script", "env.py", "a module of classes"],
)
def test_it_is_built_anew_where_something_changed_that_the_project_reads(
    verify: Verify, project: AlembicProject, file: str, before: str, after: str, finding: str
):
    text = (project.folder / file).read_text()
    assert before in text
    project.write(file, text.replace(before, after))
    make_old(project)

    outcome, built = verify()

    assert built == ["r1", "r2", "r3"]
    assert finding in told(outcome)


def test_a_revision_that_is_new_is_not_overlooked(verify: Verify, project: AlembicProject):
    project.add_revision("r4", "r3", 'op.add_column("orders", sa.Column("paid_at", sa.DateTime))')
    make_old(project)

    outcome, built = verify()

    assert built == ["r1", "r2", "r3", "r4"]
    assert "not run yet: r4" in told(outcome)


def test_a_module_of_classes_that_is_new_is_not_overlooked(verify: Verify, project: AlembicProject):
    project.write(
        "refunds.py",
        "import sqlalchemy as sa\nfrom sqlalchemy.orm import Mapped, mapped_column\nfrom shop import Base\n"
        "class Refund(Base):\n    __tablename__ = 'refunds'\n    id: Mapped[int] = mapped_column(primary_key=True)\n",
    )
    make_old(project)

    outcome, built = verify()

    assert built == ["r1", "r2", "r3"]
    assert "Refund" in told(outcome)


def test_another_environment_is_another_project(verify: Verify, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOP_WITH_TAXES", "1")

    assert verify()[1] == ["r1", "r2", "r3"]


def test_what_was_damaged_on_disk_is_found_out_anew(verify: Verify):
    (kept,) = (Path(os.environ["XDG_CACHE_HOME"]) / "interlock" / "chains").glob("*.json")
    kept.write_text(kept.read_text()[:-100])

    outcome, built = verify()

    assert outcome.exit_code == ExitCode.CLEAR
    assert built == ["r1", "r2", "r3"]


def test_a_file_that_is_written_while_the_project_runs_is_never_trusted(verify: Verify, project: AlembicProject):
    project.write("shop.py", SHOP_MODELS + f"\nopen(__file__, 'a').write('# {'x' * 10}\\n')\n")
    verify()

    assert verify()[1] == ["r1", "r2", "r3"]


def test_where_nothing_can_be_kept_everything_is_found_out(verify: Verify, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")

    assert [verify()[1], verify()[1]] == [["r1", "r2", "r3"]] * 2
