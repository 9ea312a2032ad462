"""What years of use leave behind, written at once: for the demo set alone, which nobody used."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from interlock.control.domain.audit import Entry, Origin
from interlock.control.persistence.audit import AuditEventRow, StoredAudit, row_values
from interlock.control.persistence.base import Base
from interlock.control.persistence.invitations import InvitationRow
from interlock.control.persistence.users import LoginRow, UserRow

# Weekends are quiet, August and the end of the year too; it grows over the year, and no two days are the same.
_DAYS = """
    select day, (365 - ago) as since_start,
        (array[0.18, 1, 1.12, 1.15, 1.08, 0.86, 0.22])[extract(dow from day)::int + 1]
        * (0.45 + 0.55 * (365 - ago) / 365.0)
        * case when extract(month from day) = 8 then 0.8 when to_char(day, 'MMDD') >= '1222' then 0.4 else 1 end
        as share
    from (select (now() at time zone 'UTC')::date - ago as day, ago from generate_series(0, 364) as ago) as days
"""
_CHANCE = "(('x' || substr(md5(organisation_id::text || key || since_start), 1, 8))::bit(32)::bigint & 65535) / 65536.0"

_MODULE_USES = text(f"""
    insert into module_uses (organisation_id, module_key, day, uses, failures, milliseconds)
    select organisation_id, key, day, uses, floor(uses * 0.012 * {_CHANCE}), floor(uses * (90 + 160 * {_CHANCE}))
    from (
        select organisation_id, key, day, since_start, round(a_day * share * (0.75 + 0.5 * {_CHANCE}))::bigint as uses
        from unnest(cast(:organisations as uuid[]), cast(:keys as text[]), cast(:a_day as int[]), cast(:ages as int[]))
            as used (organisation_id, key, a_day, age)
        join ({_DAYS}) as days on since_start >= 365 - age
    ) as counted where uses > 0
""")  # noqa: S608 - constants of this file

_LAST_USED = text("""
    update organisation_modules as had set last_used_at = least(now(), last.day + interval '16 hours')
    from (select organisation_id, module_key, max(day) as day from module_uses group by 1, 2) as last
    where (last.organisation_id, last.module_key) = (had.organisation_id, had.module_key)
""")

_FLAG_USES = text(f"""
    insert into flag_uses (organisation_id, flag_key, day, is_on, uses)
    select organisation_id, key, day, is_on, uses from (
        select organisation_id, key, day, is_on, round(
            a_day * share * (0.75 + 0.5 * {_CHANCE}) * case when is_on then on_share else 1 - on_share end
        )::bigint as uses
        from unnest(
            cast(:organisations as uuid[]), cast(:keys as text[]), cast(:a_day as int[]), cast(:ages as int[]),
            cast(:on_shares as float8[])
        ) as asked (organisation_id, key, a_day, age, on_share)
        join ({_DAYS}) as days on since_start >= 365 - age
        cross join (values (true), (false)) as answers (is_on)
    ) as counted where uses > 0
""")  # noqa: S608 - constants of this file


class ToldAudit(StoredAudit):
    """A trail that is told afterwards: `values` say when it was, and by whom; `events` are to be added at the end."""

    def __init__(self, session: AsyncSession, of: StoredAudit) -> None:
        super().__init__(session, of.scope, of.origin)
        self.values: Mapping[str, Any] = {}
        self.events: list[Mapping[str, Any]] = []

    async def record(self, entry: Entry) -> Any:
        event = {"id": uuid4(), **row_values(entry, Origin()), **self.values}
        self.events.append(event)
        return event["id"]


async def add_users(session: AsyncSession, users: Sequence[Mapping[str, Any]]) -> None:
    """Add users with their logins, `email` and `password_hash`."""
    login = {"email", "password_hash"}
    rows = [{name: value for name, value in user.items() if name not in login} for user in users]
    await _add(session, UserRow, rows)
    await _add(
        session,
        LoginRow,
        [{name: user[name] for name in (*login, "organisation_id")} | {"user_id": user["id"]} for user in users],
    )


async def add_invitations(session: AsyncSession, invitations: Sequence[Mapping[str, Any]]) -> None:
    """Add invitations."""
    await _add(session, InvitationRow, invitations)


async def add_events(session: AsyncSession, events: Sequence[Mapping[str, Any]]) -> None:
    """Add to the trail."""
    await _add(session, AuditEventRow, events)


async def add_uses(
    session: AsyncSession, modules: Mapping[str, Sequence[Any]], flags: Mapping[str, Sequence[Any]]
) -> None:
    """Add a year of use by day: `a_day` is how much it is on a good day by now, `ages` how long it has been there."""
    await session.execute(_MODULE_USES, dict(modules))
    await session.execute(_LAST_USED)
    await session.execute(_FLAG_USES, dict(flags))


async def _add(session: AsyncSession, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(row), list(rows))
