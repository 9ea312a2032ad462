"""The embedded server: who may run it, what survives, and who can reach it."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from interlock.postgres.embedded import (
    EmbeddedServer,
    FolderInUse,
    FolderNotWritable,
    PasswordLost,
    ServerDidNotStart,
    run_server,
)

OWNER = """
import sys, time
from pathlib import Path
from interlock.postgres.embedded import run_server
with run_server(Path(sys.argv[1]), is_durable=True) as server:
    print(server.port, flush=True)
    time.sleep(600)
"""


def write(server: EmbeddedServer, statement: str) -> None:
    with psycopg.connect(server.url().as_text(), autocommit=True) as connection:
        connection.execute(statement)


def postmasters(folder: Path) -> list[int]:
    running = psutil.process_iter(["cmdline"])
    return [each.pid for each in running if str(folder / "data") in (each.info["cmdline"] or [])]


def addresses(port: int) -> set[str]:
    return {
        each.laddr.ip for each in psutil.net_connections("inet") if each.status == "LISTEN" and each.laddr.port == port
    }


def test_a_folder_has_one_server_at_a_time(tmp_path: Path):
    with run_server(tmp_path, is_durable=False) as server:
        with pytest.raises(FolderInUse), run_server(tmp_path, is_durable=False):
            pass

        assert server.is_ready()


def test_the_server_is_gone_at_the_end(tmp_path: Path):
    with run_server(tmp_path, is_durable=False):
        assert len(postmasters(tmp_path)) == 1

    assert postmasters(tmp_path) == []


def test_the_server_is_gone_after_an_error(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), run_server(tmp_path, is_durable=False):
        raise KeyboardInterrupt

    assert postmasters(tmp_path) == []


def test_what_was_written_survives_a_restart(tmp_path: Path):
    with run_server(tmp_path, is_durable=True) as server:
        write(server, "create table kept as select 1 as one")

    with run_server(tmp_path, is_durable=True) as server:
        write(server, "select one from kept")


def test_the_orphan_of_a_killed_owner_is_stopped_and_nothing_is_lost(tmp_path: Path):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tmp_path], stdout=subprocess.PIPE, text=True)
    with owner:
        port = int(owner.stdout.readline())
        orphaned = EmbeddedServer(port, (tmp_path / "password").read_text())
        write(orphaned, "create table kept as select 1 as one")
        owner.kill()
    (orphan,) = postmasters(tmp_path)

    with run_server(tmp_path, is_durable=True) as server:
        write(server, "select one from kept")

        assert orphan not in postmasters(tmp_path)


def test_a_stranger_who_has_got_the_process_id_is_left_alone(tmp_path: Path):
    with run_server(tmp_path, is_durable=False):
        written = (tmp_path / "data" / "postmaster.pid").read_text()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        _, _, rest = written.partition("\n")
        (tmp_path / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")

        with run_server(tmp_path, is_durable=False) as server:
            assert server.is_ready()
            assert stranger.poll() is None

        stranger.kill()


def test_a_cluster_that_was_only_half_made_is_made_again(tmp_path: Path):
    half_made = tmp_path / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    (tmp_path / "password").write_text("of the killed one")

    with run_server(tmp_path, is_durable=False) as server:
        assert server.is_ready()
        assert server.password != "of the killed one"


def test_nobody_gets_in_without_the_password(tmp_path: Path):
    with (
        run_server(tmp_path, is_durable=False) as server,
        pytest.raises(psycopg.OperationalError, match="password authentication failed"),
    ):
        psycopg.connect(server.url().as_text().replace(server.password, "wrong"))


def test_only_this_machine_can_reach_it(tmp_path: Path):
    with run_server(tmp_path, is_durable=False) as server:
        assert addresses(server.port) == {"127.0.0.1"}


def test_data_and_password_are_private(tmp_path: Path):
    with run_server(tmp_path, is_durable=False):
        modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("data", "password")}

    assert modes == {"data": 0o700, "password": 0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to let another user in")
def test_the_folders_above_are_opened_for_passing_through_and_no_more(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with run_server(closed / "server", is_durable=False):
        assert stat.S_IMODE(closed.stat().st_mode) == 0o701


def test_ctrl_c_while_it_comes_up_leaves_nothing_running(tmp_path: Path):
    with run_server(tmp_path, is_durable=True):
        pass
    for milliseconds in (100, 200, 300, 400, 500):
        with subprocess.Popen([sys.executable, "-c", OWNER, tmp_path], stderr=subprocess.DEVNULL) as owner:
            time.sleep(milliseconds / 1000)
            owner.send_signal(signal.SIGINT)

        assert postmasters(tmp_path) == []


def test_data_of_another_version_is_named_with_both_versions(tmp_path: Path):
    with run_server(tmp_path, is_durable=False):
        pass
    (tmp_path / "data" / "PG_VERSION").write_text("17\n")

    with (
        pytest.raises(ServerDidNotStart, match="initialized by PostgreSQL version 17") as stopped,
        run_server(tmp_path, is_durable=False),
    ):
        pass

    assert str(tmp_path / "server.log") in stopped.value.remedy


def test_a_lost_password_is_named(tmp_path: Path):
    with run_server(tmp_path, is_durable=False):
        pass
    (tmp_path / "password").unlink()

    with pytest.raises(PasswordLost), run_server(tmp_path, is_durable=False):
        pass


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path):
    (tmp_path / "server").touch()

    with pytest.raises(FolderNotWritable, match="is a file"), run_server(tmp_path / "server", is_durable=False):
        pass


def test_two_servers_have_ports_of_their_own(tmp_path: Path):
    with run_server(tmp_path / "a", is_durable=False) as one, run_server(tmp_path / "b", is_durable=False) as two:
        assert one.port != two.port
        with socket.create_connection(("127.0.0.1", two.port), timeout=5):
            pass
