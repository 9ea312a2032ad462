from pathlib import Path

import pytest

from interlock.chain.project import NoAlembicProject, SeveralProjects, fill_in, find_project
from interlock.postgres.url import parse_url


def test_a_password_that_looks_like_the_name_of_another_part_is_left_alone():
    url = parse_url("postgresql://shop:%7Bhost%7D@db.example/shop")

    assert fill_in("{password} at {host}", url, url.as_text()) == "{host} at db.example"


def test_what_flask_migrate_made_is_found_in_its_usual_folder_beside_others(tmp_path: Path):
    make_chain(tmp_path / "migrations")
    make_chain(tmp_path / "users_migrations")

    project = find_project(tmp_path)

    assert project.is_flask_migrate
    assert project.script_location == str(tmp_path / "migrations")
    assert set(project.environment) == {"DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "FLASK_SQLALCHEMY_DATABASE_URI"}


def test_several_chains_of_flask_migrate_without_the_usual_name_are_for_a_person_to_choose_from(tmp_path: Path):
    make_chain(tmp_path / "orders")
    make_chain(tmp_path / "users")

    with pytest.raises(SeveralProjects, match=r"orders/alembic\.ini, users/alembic\.ini"):
        find_project(tmp_path)
    assert find_project(tmp_path, config="users/alembic.ini").script_location == str(tmp_path / "users")


def test_an_alembic_ini_that_says_where_its_scripts_are_is_not_of_flask_migrate(tmp_path: Path):
    make_chain(tmp_path / "migrations", "script_location = migrations")

    with pytest.raises(NoAlembicProject):
        find_project(tmp_path)
    assert not find_project(tmp_path, config="migrations/alembic.ini").is_flask_migrate


def test_alembic_ini_in_the_folder_itself_comes_first(tmp_path: Path):
    make_chain(tmp_path / "migrations")
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = chain\n")

    project = find_project(tmp_path)

    assert project.config_file == tmp_path / "alembic.ini"
    assert set(project.environment) == {"DATABASE_URL"}


def test_the_files_of_a_chain_in_a_package_are_kept_in_the_folder_and_not_in_the_package(tmp_path: Path):
    packaged = find_project(tmp_path, config="alembic:config.py")

    assert packaged.schema_file == tmp_path / "schema.json"
    assert packaged.baseline == tmp_path / "baseline.json"
    make_chain(tmp_path / "db")
    assert find_project(tmp_path, config="db/alembic.ini").schema_file == tmp_path / "db/schema.json"


def make_chain(folder: Path, settings: str = "") -> None:
    folder.mkdir()
    (folder / "env.py").touch()
    (folder / "alembic.ini").write_text(f"[alembic]\n{settings}\n")
