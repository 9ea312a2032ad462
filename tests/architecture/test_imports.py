"""Who may import whom. The rows are those of docs/architecture.md."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import interlock

SOURCE = Path(interlock.__file__).parent

_PURE = {"errors"}
_FOUNDATION = {"errors", "schema", "hazards", "verdict"}
_WORKING = _FOUNDATION | {"chain", "postgres", "probes"}

MAY_IMPORT = {
    "errors": set(),
    "schema": _PURE,
    "hazards": _PURE,
    "verdict": _PURE,
    "settings": _PURE,
    "control.domain": _PURE,
    "postgres": _FOUNDATION,
    "probes": _FOUNDATION,
    # A project is told which database is meant, and asked which one it opened: in the words of `postgres`.
    "chain": _FOUNDATION | {"postgres"},
    "release": _WORKING,
    "gate": _WORKING,
    # Runs inside of a revision: no more of ours than it needs.
    "online": {"errors", "postgres"},
    "report": _FOUNDATION | {"release.record"},
    "control.persistence": {"errors", "control.domain"},
    "control.http": {"errors", "control.domain"},
    "control.console": {"errors", "control.domain", "control.http"},
}
JOINERS = ("cli", "asgi")

PURE_PACKAGES = ("schema", "hazards", "verdict", "control.domain")
NOT_PURE = {"psycopg", "sqlalchemy", "alembic", "httpx2", "fastapi", "os", "time", "socket", "subprocess", "pathlib"}


def package_of(module: str) -> str | None:
    """The row of the table that a module belongs to; None for `interlock` itself."""
    inside = module.removeprefix("interlock").lstrip(".")
    if not inside:
        return None
    parts = inside.split(".")
    return ".".join(parts[:2]) if parts[0] == "control" and len(parts) > 1 else parts[0]


def imports() -> Iterator[tuple[str, str]]:
    """Every import statement of the source, as importing module and imported module."""
    for file in SOURCE.rglob("*.py"):
        module = ".".join(("interlock", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Import(names=names):
                    yield from ((module, name.name) for name in names)
                case ast.ImportFrom(module=str(source), level=0, names=names):
                    yield from ((module, f"{source}.{name.name}") for name in names)


IMPORTS = sorted(set(imports()))


@pytest.mark.parametrize("package", [*MAY_IMPORT, *JOINERS])
def test_a_package_imports_only_what_its_row_allows(package: str):
    if package in JOINERS:
        strangers = [(by, what) for by, what in IMPORTS if package_of(what) == package and package_of(by) != package
                     and what.startswith("interlock.") and by != "interlock.__main__"]  # fmt: skip
    else:
        strangers = [
            (by, what)
            for by, what in IMPORTS
            if what.startswith("interlock.") and package_of(by) == package and not _may(package, what)
        ]

    assert strangers == []


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_a_pure_package_knows_no_server_no_framework_no_clock_and_no_environment(package: str):
    used = {what.partition(".")[0] for by, what in IMPORTS if package_of(by) == package}

    assert used & NOT_PURE == set()


def test_every_package_has_a_row():
    packages = {package_of(by) for by, _ in IMPORTS} - {None, "__main__", "control"}

    assert packages <= {*MAY_IMPORT, *JOINERS}


def test_importing_the_command_line_imports_nothing_heavy():
    """Its start-up time is a promise; these are what would break it."""
    heavy = {"alembic", "sqlalchemy", "psycopg", "httpx2", "pydantic_settings", "fastapi"}
    assert loaded_with("interlock.cli") & heavy == set()


def test_the_guard_leaves_sqlalchemy_and_alembic_to_the_process_of_the_project():
    assert loaded_with("interlock.cli.guard") & {"alembic", "sqlalchemy", "fastapi"} == set()


def test_what_answers_requests_leaves_alembic_to_the_release():
    assert "alembic" not in loaded_with("interlock.asgi")


def loaded_with(module: str) -> set[str]:
    """The modules of a fresh interpreter that has imported this one."""
    import subprocess
    import sys

    code = f"import {module}, sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def _may(package: str, imported: str) -> bool:
    own = f"interlock.{package}"
    allowed = [own, *(f"interlock.{each}" for each in MAY_IMPORT[package]), "interlock.__version__"]
    return any(imported == each or imported.startswith(f"{each}.") for each in allowed)
