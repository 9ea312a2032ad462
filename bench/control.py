"""What the control plane costs with much in it, beside Unleash: python bench/control.py

Fills a database with 10,000 organisations, 100,000 users, 2,000 flags and a year of usage, serves it with two workers,
and writes to bench/CONTROL.md the server time of every page of the console, the requests that a CPU-second of the
workers answers, and their memory. Unleash 8 comes from npm, has 100 flags on the same server, and is asked by the same
client for its list. The servers are thrown away. Takes some ten minutes. Linux only: what a process
used is read from /proc.
"""

import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from alembic import command
from alembic.config import Config

from interlock.control.persistence.provisioning import provision_first_administrator
from interlock.control.persistence.revisions import CONFIG_PATH
from interlock.postgres.embedded import EmbeddedServer, free_port, run_throwaway_server

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("CONTROL.md")
CACHE = Path(__file__).with_name(".cache") / "unleash"
EMAIL, PASSWORD = "root@example.com", "a password for a bench alone"
WORKERS, CLIENTS, SECONDS = 2, 8, 6.0
ROUNDS = 15
UNLEASH = "unleash-server@8"
UNLEASH_TOKEN = "*:*.a-token-for-a-bench-alone"  # noqa: S105

FILL = """
insert into organisations (key, name, sector_code, plan, is_active)
  select 'org-' || n, 'Organisation ' || n, (10 + n % 89)::text, 'professional', true from generate_series(1, 10000) n;
insert into users (organisation_id, name, role, is_active)
  select id, 'User ' || n, case when n = 1 then 'admin' else 'analyst' end::user_role, true
    from organisations, generate_series(1, 10) n where key like 'org-%';
insert into logins (email, organisation_id, user_id, password_hash)
  select 'user-' || id || '@example.com', organisation_id, id, 'none' from users
   where not exists (select from logins where user_id = users.id);
insert into analytics_modules (key, name, description, version, type, status, is_core)
  select 'module-' || n, 'Module ' || n, '', '1', 'analytics', 'active', n <= 3 from generate_series(1, 30) n;
insert into organisation_modules (organisation_id, module_key, is_enabled)
  select id, 'module-' || n, true from organisations, generate_series(4, 8) n where key like 'org-%';
insert into feature_flags (key, name, description, is_enabled, rollout, scope, status)
  select 'flag-' || n, 'Flag ' || n, '', n % 2 = 0, n % 101, 'organisation', 'active' from generate_series(1, 2000) n;
insert into flag_overrides (organisation_id, flag_key, is_enabled, reason)
  select id, 'flag-' || (1 + row_number() over () % 2000), true, 'pilot' from organisations where key like 'org-%';
insert into flag_uses (organisation_id, flag_key, day, is_on, uses)
  select o.id, 'flag-' || (1 + (hashtext(o.key || d) & 1023)), current_date - d, true, 1 + d % 50
    from organisations o, generate_series(0, 364) d where key like 'org-%';
insert into module_uses (organisation_id, module_key, day, uses, failures, milliseconds)
  select o.id, 'module-' || (4 + d % 5), current_date - d, 1 + d % 50, 0, 100
    from organisations o, generate_series(0, 364) d where key like 'org-%';
insert into audit_events (organisation_id, action, resource_type, resource_id, occurred_at, before, after)
  select o.id, 'change', 'flag', 'flag-' || (1 + n % 2000), now() - n * interval '7 days', '{"rollout": 1}',
         '{"rollout": 2}' from organisations o, generate_series(1, 50) n where key like 'org-%';
"""

PAGES = (
    "/", "/organisations", "/organisations?search=9999", "/organisations/org-5000",
    "/organisations/org-5000/modules/module-5", "/modules", "/modules/module-5", "/feature-flags",
    "/feature-flags?search=flag-19&status=active", "/feature-flags/flag-1024", "/users?organisation=org-5000",
    "/audit", "/audit?search=flag-77", "/releases", "/health", "/account", "/search?search=org-77",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """What one kind of request cost: by second of CPU of the server's processes, and the slowest of a hundred."""

    name: str
    by_cpu_second: float
    cpu_milliseconds: float
    p99_milliseconds: float


def main() -> None:
    """Measure both, and write it down."""
    with run_throwaway_server() as server:
        began = time.monotonic()
        database = fill(server)
        print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
        with served(database, installed()) as (url, pids, log):
            pages = time_pages(url, log)
            print(*pages, sep="\n", flush=True)
            own = load_own(url, pids)
            memory = [resident(pid) for pid in pids]
        peer = load_unleash(server)
    RESULTS.write_text(written(pages, own, memory, peer))
    print(RESULTS.read_text())


def fill(server: EmbeddedServer) -> str:
    database = server.create_database("control").as_text()
    config = Config(CONFIG_PATH)
    config.set_main_option("sqlalchemy.url", database.replace("%", "%%"))
    command.upgrade(config, "head")
    provision_first_administrator(database, EMAIL, PASSWORD)
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in FILL.strip().split(";\n"):
            connection.execute(statement)
        connection.execute("vacuum analyze")
    return database


def installed() -> Path:
    """The Python of an environment as an operator's: what the tests need beside would be in a worker's memory too."""
    folder = CACHE.with_name("served")
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", f"{ROOT}[control]"], check=True)
    return python


@contextmanager
def served(database: str, python: Path) -> Iterator[tuple[str, list[int], Path]]:
    """Serve the control plane as in production; give its address, its workers, and its log."""
    port, path = free_port(), Path(tempfile.mkdtemp()) / "served.log"
    with path.open("w") as output:
        process = subprocess.Popen(
            [python, "-m", "interlock", "serve", "--port", str(port), "--workers", str(WORKERS)],
            env={**os.environ, "DATABASE_URL": database, "INTERLOCK_TOKEN_KEY": "k" * 48},
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: httpx2.get(f"{url}/readyz").status_code == 200)
        yield url, workers_of(process.pid), path
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(path.parent)


def time_pages(url: str, log: Path) -> list[tuple[str, float, float]]:
    """Ask every page; the server's log says how long each took it. Median and largest, in milliseconds."""
    with httpx2.Client(base_url=url, timeout=60) as browser:
        form = {"email": EMAIL, "password": PASSWORD}
        signed_in = browser.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        expect(signed_in.status_code == 303, signed_in)
        timed = []
        for page in PAGES:
            ids = []
            for number in range(ROUNDS + 2):
                answer = browser.get(page, headers={"X-Request-Id": f"r{number}"})
                expect(answer.status_code == 200, answer)
                ids.append(answer.headers["X-Request-Id"])
            path = page.partition("?")[0]
            taken = [line["milliseconds"] for line in lines_of(log) if line.get("path") == path][-ROUNDS:]
            timed.append((page, statistics.median(taken), max(taken)))
    return timed


def lines_of(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text().splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def load_own(url: str, pids: list[int]) -> list[Load]:
    signed_in = httpx2.post(f"{url}/api/v1/sign-in", json={"email": EMAIL, "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    admin = "/api/v1/admin"
    kinds: dict[str, Callable[[httpx2.Client, int], httpx2.Response]] = {
        "list 50 flags": lambda client, _: client.get(f"{admin}/feature-flags"),
        "search flags": lambda client, n: client.get(f"{admin}/feature-flags?search=flag-{n % 100}"),
        "list 50 organisations": lambda client, _: client.get(f"{admin}/organisations"),
        "search organisations": lambda client, n: client.get(f"{admin}/organisations?search=org-{n % 100}"),
        "change a flag": lambda client, n: client.patch(
            f"{admin}/feature-flags/flag-{1 + n % 2000}", json={"description": f"change {n}"}
        ),
        "statistics": lambda client, _: client.get(f"{admin}/dashboard/stats"),
        "series of 30 days": lambda client, _: client.get(f"{admin}/dashboard/series"),
    }
    return [load(name, url, headers, pids, send) for name, send in kinds.items()]


def load_unleash(server: EmbeddedServer) -> list[Load]:
    """Ask Unleash for its list; nothing where npm cannot get it."""
    if not (CACHE / "node_modules" / "unleash-server").exists():
        if shutil.which("npm") is None:
            return []
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", CACHE, UNLEASH], check=True)
    database = server.create_database("unleash").as_text()
    port = free_port()
    start = "require('unleash-server').start({ server: { port: Number(process.env.PORT) } })"
    process = subprocess.Popen(
        ["node", "-e", start],
        cwd=CACHE,
        env={
            **os.environ, "PORT": str(port), "DATABASE_URL": database, "DATABASE_SSL": "false", "LOG_LEVEL": "fatal",
            "INIT_ADMIN_API_TOKENS": UNLEASH_TOKEN, "CHECK_VERSION": "false", "SEND_TELEMETRY": "false",
        },
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url, headers = f"http://127.0.0.1:{port}", {"Authorization": UNLEASH_TOKEN}
        wait_until(lambda: httpx2.get(f"{url}/health").status_code == 200)
        features = "/api/admin/projects/default/features"
        with httpx2.Client(base_url=url, headers=headers, timeout=30) as client:
            for number in range(100):
                made = client.post(features, json={"name": f"flag-{number}", "type": "release"})
                expect(made.status_code == 201, made)
        # Its search answers 429 to as many requests as this sends, so its list alone is asked.
        return [load("list 100 flags", url, headers, [process.pid], lambda client, _: client.get(features))]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def load(
    name: str, url: str, headers: dict[str, str], pids: list[int], send: Callable[[httpx2.Client, int], httpx2.Response]
) -> Load:
    """Send one kind of request with several clients for some seconds."""
    taken: list[float] = []
    number = iter(range(10**9))
    lock = threading.Lock()

    def work(until: float) -> None:
        with httpx2.Client(base_url=url, headers=headers, timeout=60) as client:
            while time.monotonic() < until:
                with lock:
                    each = next(number)
                began = time.monotonic()
                answer = send(client, each)
                took = time.monotonic() - began
                expect(answer.is_success, answer)
                with lock:
                    taken.append(took)

    for seconds in (1.0, SECONDS):  # first to warm up
        taken.clear()
        before = sum(map(cpu_seconds, pids))
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(work, [until] * CLIENTS))
        used = sum(map(cpu_seconds, pids)) - before
    p99 = statistics.quantiles(taken, n=100)[98]
    print(f"{name}: {len(taken) / used:.0f} by CPU-second", flush=True)
    return Load(name, len(taken) / used, 1000 * used / len(taken), 1000 * p99)


def expect(is_right: bool, answer: httpx2.Response) -> None:
    """A figure of what went wrong is none."""
    if not is_right:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:200]}")


def workers_of(pid: int) -> list[int]:
    """The processes that answer: children of the supervisor that run our code."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MiB of memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def wait_until(is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if is_there():
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.2)
    raise TimeoutError("it did not come up")


def written(pages: list[tuple[str, float, float]], own: list[Load], memory: list[float], peer: list[Load]) -> str:
    lines = [
        "# What the control plane costs with much in it",
        "",
        "Written by `python bench/control.py`: 10,000 organisations, 100,000 users, 2,000 flags, 7.3 million rows of a",
        f"year's usage, 500,000 audit events; {WORKERS} workers, {CLIENTS} clients, all on one machine,",
        f"{os.cpu_count()} cores ({platform.machine()}, Python {platform.python_version()}).",
        "",
        "## Pages of the console: server time, in milliseconds",
        "",
        "| page | median | slowest |",
        "|---|--:|--:|",
        *(f"| `{page}` | {median:.0f} | {slowest:.0f} |" for page, median, slowest in pages),
        "",
        "## The API",
        "",
        "CPU is that of the processes that answer, without the database's.",
        "",
        "| request | by CPU-second | CPU, ms | p99, ms |",
        "|---|--:|--:|--:|",
        *map(_row, own),
        "",
        f"Memory of a worker after that: {', '.join(f'{each:.0f}' for each in memory)} MiB.",
        "",
    ]
    if peer:
        lines += [
            f"The same client, in the same run, of `{UNLEASH}` with 100 flags:",
            "",
            "| request | by CPU-second | CPU, ms | p99, ms |",
            "|---|--:|--:|--:|",
            *map(_row, peer),
            "",
        ]
    return "\n".join(lines)


def _row(load: Load) -> str:
    return f"| {load.name} | {load.by_cpu_second:.0f} | {load.cpu_milliseconds:.2f} | {load.p99_milliseconds:.0f} |"


if __name__ == "__main__":
    main()
