"""Fill in the demo set, through the same functions that the API calls: what they refuse cannot be seeded either."""

import asyncio

from sqlalchemy.ext.asyncio import async_sessionmaker

from interlock.cli import demo_set
from interlock.control.domain import flags, modules, organisations
from interlock.control.domain.audit import Origin
from interlock.control.domain.flags import NewFlag, NewOverride, Target
from interlock.control.domain.modules import ModuleStatus, NewModule
from interlock.control.domain.organisations import PLATFORM_KEY, NewOrganisation
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.scope import WholePlatform
from interlock.control.domain.work import UnitOfWork
from interlock.control.persistence.database import open_engine
from interlock.control.persistence.provisioning import connect, hold_platform
from interlock.control.persistence.work import Transactions
from interlock.errors import InterlockError
from interlock.postgres.session import open_session
from interlock.postgres.url import parse_url

STEPS_TO = {
    "testing": (ModuleStatus.TESTING,),
    "active": (ModuleStatus.TESTING, ModuleStatus.ACTIVE),
    "deprecated": (ModuleStatus.TESTING, ModuleStatus.ACTIVE, ModuleStatus.DEPRECATED),
}


class NotEmpty(InterlockError):
    """There are organisations that the demo set does not have."""

    def __init__(self, key: str) -> None:
        super().__init__(
            problem=f"this database has organisations of its own, such as {key}",
            remedy="seed another, empty database: what is invented must not stand among what is real",
        )


def seed_demo(database_url: str) -> str:
    """Fill in the demo set unless it is there; say what was done. Raises NotEmpty."""
    with open_session(parse_url(database_url)):  # or say here and now why it cannot be reached
        pass
    with connect(database_url) as connection:
        platform = WholePlatform(hold_platform(connection))
    return asyncio.run(_seed(database_url, platform))


async def _seed(database_url: str, platform: WholePlatform) -> str:
    engine = open_engine(database_url)
    try:
        # One transaction: it is there in full, or not at all.
        async with Transactions(async_sessionmaker(engine, expire_on_commit=False))(platform, Origin()) as work:
            return await _fill(work)
    finally:
        await engine.dispose()


async def _fill(work: UnitOfWork[WholePlatform]) -> str:
    ours = {organisation["key"] for organisation in demo_set.ORGANISATIONS}
    there = {each.key for each in (await work.organisations.page(Slice(LARGEST_PAGE))).items} - {PLATFORM_KEY}
    if strangers := there - ours:
        raise NotEmpty(min(strangers))
    if there:
        return "the demo set is there already: nothing was done"
    for organisation in demo_set.ORGANISATIONS:
        await organisations.create(work, NewOrganisation(**organisation))
    for module, status in demo_set.MODULES:
        await modules.create(work, NewModule(**module))
        for step in STEPS_TO.get(status, ()):
            await modules.change(work, module["key"], {"status": step})
    for module_key, organisation_keys in demo_set.ASSIGNMENTS.items():
        for organisation_key in organisation_keys:
            await modules.assign(work, module_key, organisation_key, is_enabled=True, configuration={})
    for flag in demo_set.FLAGS:
        await flags.create(work, NewFlag(**flag))
    for flag_key, organisation_key, is_enabled, reason in demo_set.OVERRIDES:
        await flags.put_override(work, flag_key, Target(organisation_key), NewOverride(is_enabled, reason))
    return (
        f"{len(demo_set.ORGANISATIONS)} organisations, {len(demo_set.MODULES)} modules "
        f"and {len(demo_set.FLAGS)} flags were filled in"
    )
