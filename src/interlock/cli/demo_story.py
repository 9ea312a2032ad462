"""What happened in the year of the demo set, told through the functions that the API calls.

What a year of use leaves behind is written at once, and the trail says when each thing was done in the story.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncSession

from interlock.cli import demo_people, demo_releases, demo_set
from interlock.cli.demo_people import OPERATORS, Person
from interlock.control.domain import flags, modules, organisations, releases, users
from interlock.control.domain.audit import Action, Origin, Resource, record_change
from interlock.control.domain.evaluation import Context, evaluate
from interlock.control.domain.flags import FlagScope, FlagStatus, NewFlag, NewOverride, Target
from interlock.control.domain.invitations import hash_of
from interlock.control.domain.modules import ModuleStatus, NewModule
from interlock.control.domain.organisations import PLATFORM_KEY, NewOrganisation, Organisation, Plan
from interlock.control.domain.scope import WholePlatform
from interlock.control.domain.users import MemberChanges, Role
from interlock.control.persistence import demo
from interlock.control.persistence.work import StoredWork

STEPS_TO = {
    "testing": (ModuleStatus.TESTING,),
    "active": (ModuleStatus.TESTING, ModuleStatus.ACTIVE),
    "deprecated": (ModuleStatus.TESTING, ModuleStatus.ACTIVE, ModuleStatus.DEPRECATED),
}


class Story:
    """What happened in the year before today: the same in each run but for the day that it ends on."""

    def __init__(self, session: AsyncSession, work: StoredWork[WholePlatform], people: tuple[Person, ...]) -> None:
        self.session, self.work, self.people = session, work, people
        self.now = datetime.now(UTC)
        self.chance = Random("the demo set")  # noqa: S311 - days and amounts, not secrets
        self.audit = demo.ToldAudit(session, work.audit)
        self.work.audit = self.audit
        self.organisations: dict[str, Organisation] = {}

    async def tell(self) -> None:
        """Tell it from the beginning to the end."""
        await self._organisations()
        await self._users()
        await self._modules()
        await self._flags()
        await self._lately()
        await self._uses()
        await self._releases()
        await demo.add_events(self.session, self.audit.events)

    def _by(self, days_ago: float, who: Person | None = None) -> dict[str, Any]:
        """Let what comes next be done so many days ago, at work, by one of the operators unless by somebody else."""
        who = who or self.chance.choice(OPERATORS[:3])
        organisation = self.organisations.get(who.organisation_key)
        self.audit.values = {
            "occurred_at": self._moment(days_ago),
            "actor_organisation_id": organisation.id if organisation else self.work.scope.organisation_id,
            "actor_id": who.id,
            "request_id": f"{self.chance.getrandbits(64):016x}",
            "address": f"192.0.2.{self.chance.randrange(10, 40)}",
        }
        # Who makes an exception is kept with it too.
        self.work.flags.origin = Origin(self.audit.values["actor_organisation_id"], who.id)
        return dict(self.audit.values)

    def _moment(self, days_ago: float) -> datetime:
        if days_ago < 1:
            return self.now - timedelta(days=days_ago)
        day = self.now - timedelta(days=days_ago)
        if day.weekday() > 4:  # nobody works at the weekend
            day -= timedelta(days=self.chance.randrange(day.weekday() - 4, day.weekday()))
        minutes = self.chance.randrange(8 * 60, 17 * 60 + 30)
        return day.replace(hour=minutes // 60, minute=minutes % 60, second=self.chance.randrange(60), microsecond=0)

    async def _organisations(self) -> None:
        for each in demo_set.ORGANISATIONS:
            self._by(demo_people.joined_days_ago(each["key"]))
            self.organisations[each["key"]] = await organisations.create(self.work, NewOrganisation(**each))

    def _id_of(self, key: str) -> UUID:
        return self.organisations[key].id if key in self.organisations else self.work.scope.organisation_id

    async def _users(self) -> None:
        # One for all, and of a secret that is forgotten here: nobody signs in as somebody who is invented.
        password_hash = PasswordHash.recommended().hash(token_urlsafe(32))
        rows = [
            {
                "organisation_id": self._id_of(each.organisation_key), "id": each.id, "name": each.name,
                "role": each.role, "is_active": each.is_active, "email": each.email, "password_hash": password_hash,
            }
            for each in self.people
        ]  # fmt: skip
        await demo.add_users(self.session, rows)
        self.audit.events += [self._came(each) for each in self.people]
        invited = [
            {
                "organisation_id": self._id_of(key), "email": f"{name.lower().replace(' ', '.')}@{key}.example",
                "name": name, "role": role, "secret_hash": hash_of(token_urlsafe(32)),
                "expires_at": self.now + timedelta(days=days),
            }
            for key, name, role, days in demo_people.INVITED
        ]  # fmt: skip
        await demo.add_invitations(self.session, invited)

    def _came(self, person: Person) -> dict[str, Any]:
        by = None if person.role in (Role.ADMIN, Role.RECORDER) else self._administrator(person.organisation_key)
        after = {"name": person.name, "email": person.email, "role": person.role.value, "is_active": True}
        return self._by(person.joined, by) | {
            "id": uuid4(),
            "organisation_id": self._id_of(person.organisation_key), "action": Action.CREATE.value,
            "resource_type": Resource.USER.value, "resource_id": str(person.id), "before": None, "after": after,
        }  # fmt: skip

    async def _modules(self) -> None:
        for place, (module, status) in enumerate(demo_set.MODULES):
            age = 358 - 5 * place
            self._by(age)
            await modules.create(self.work, NewModule(**module))
            for number, step in enumerate(STEPS_TO.get(status, ())):
                self._by(age - 3 if number < 2 else 70)
                await modules.change(self.work, module["key"], {"status": step})
        for place, (module_key, holders) in enumerate(demo_set.ASSIGNMENTS.items()):
            for organisation_key, configuration in holders.items():
                self._by(self._held_since(place, organisation_key))
                await modules.assign(
                    self.work, module_key, organisation_key, is_enabled=True, configuration=configuration
                )

    def _held_since(self, place: int, organisation_key: str) -> int:
        """How many days ago an organisation was given a module: what is needed stands before what needs it."""
        return max(4, demo_people.joined_days_ago(organisation_key) - 6 - 8 * place)

    async def _flags(self) -> None:
        rollouts = dict(demo_set.ROLLOUTS)
        for place, flag in enumerate(demo_set.FLAGS):
            steps = rollouts.get(flag["key"], ())
            self._by(self._flag_age(place))
            await flags.create(self.work, NewFlag(**flag | ({"rollout": 0} if steps else {})))
            for days_ago, rollout in steps:
                self._by(days_ago)
                await flags.change(self.work, flag["key"], {"rollout": rollout})
        for key, organisation_key, is_enabled, reason, ends, days_ago in demo_set.OVERRIDES:
            await self._override(key, Target(organisation_key), is_enabled, reason, ends, days_ago)
        for key, organisation_key, is_enabled, reason, ends, days_ago in demo_set.OVERRIDES_OF_ADMINISTRATORS:
            target = Target(organisation_key, self._administrator(organisation_key).id)
            await self._override(key, target, is_enabled, reason, ends, days_ago)

    async def _override(
        self, key: str, target: Target, is_enabled: bool, reason: str, ends: int | None, days_ago: int
    ) -> None:
        self._by(days_ago)
        expires_at = self.now + timedelta(days=ends) if ends else None
        await flags.put_override(self.work, key, target, NewOverride(is_enabled, reason, expires_at))

    def _administrator(self, organisation_key: str) -> Person:
        return next(each for each in self.people if each.organisation_key == organisation_key)

    def _flag_age(self, place: int) -> int:
        return 355 - 18 * place

    async def _lately(self) -> None:
        """What was done in the last weeks to what is there, and a little of it today."""
        for days_ago, flag_key, is_enabled in demo_set.SWITCHES:
            self._by(days_ago)
            await flags.change(self.work, flag_key, {"is_enabled": is_enabled})
        for days_ago, key, agreed in demo_set.AGREEMENTS:
            self._by(days_ago)
            await organisations.change(self.work, key, agreed)
        tenants = [each for each in self.people if each.organisation_key != PLATFORM_KEY and each.role is Role.VIEWER]
        for place, person in enumerate(self.chance.sample(tenants, 24)):
            admin = self._administrator(person.organisation_key)
            self._by(0.02 + place * 0.13 if place < 4 else self.chance.randrange(1, 30), admin)
            organisation = self.organisations[person.organisation_key]
            changes: MemberChanges = {"is_active": not person.is_active} if place % 3 == 0 else {"role": Role.ANALYST}
            before = await users.find_member(self.work, organisation, person.id)
            after = await self.work.users.save(replace(before, **changes))
            await record_change(self.work, organisation.id, Resource.USER, str(person.id), before=before, after=after)

    async def _uses(self) -> None:
        joined = {key: demo_people.joined_days_ago(key) for key in self.organisations}
        sizes = {Plan.BASIC: 1, Plan.PROFESSIONAL: 3, Plan.ENTERPRISE: 8}
        used: list[tuple[UUID, str, int, int]] = [
            (
                organisation.id,
                key,
                sizes[organisation.plan] * self.chance.randrange(20, 90),
                self._held_since(place, organisation.key),
            )
            for place, (key, holders) in enumerate(demo_set.ASSIGNMENTS.items())
            for organisation in map(self.organisations.__getitem__, holders)
        ]
        overrides = [
            override
            for organisation in self.organisations.values()
            for override in await self.work.flags.overrides_of(organisation.id)
        ]
        asked: list[tuple[UUID, str, int, int, float]] = []
        for place, each in enumerate(demo_set.FLAGS):
            if each["status"] is FlagStatus.INACTIVE:
                continue
            flag = await flags.find(self.work, each["key"])
            for organisation in self.organisations.values():
                answer = evaluate(flag, overrides, Context(organisation.id, None, organisation.sector_code), self.now)
                counts_users = flag.is_enabled and flag.scope in (FlagScope.GLOBAL, FlagScope.USER)
                share = flag.rollout / 100 if counts_users else float(answer.is_on)
                a_day = sizes[organisation.plan] * self.chance.randrange(15, 120)
                asked.append(
                    (organisation.id, flag.key, a_day, min(self._flag_age(place), joined[organisation.key]), share)
                )
        names = ("organisations", "keys", "a_day", "ages", "on_shares")
        columns = [dict(zip(names, map(list, zip(*rows, strict=True)), strict=False)) for rows in (used, asked)]
        await demo.add_uses(self.session, *columns)

    async def _releases(self) -> None:
        pipeline = OPERATORS[-1]
        for run in demo_releases.runs(self.now):
            self._by(0, pipeline)
            self.audit.values = {**self.audit.values, "occurred_at": run.summary.ended_at}
            await releases.record(self.work, run)
