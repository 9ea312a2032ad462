"""Fill in the demo set, through the same functions that the API calls: what they refuse cannot be seeded either."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from interlock.cli import demo_people, demo_set
from interlock.cli.demo_story import Story
from interlock.control.domain.audit import Origin
from interlock.control.domain.organisations import PLATFORM_KEY
from interlock.control.domain.page import LARGEST_PAGE, Slice
from interlock.control.domain.scope import WholePlatform
from interlock.control.persistence.database import open_engine
from interlock.control.persistence.provisioning import connect, hold_platform
from interlock.control.persistence.tenancy import enter
from interlock.control.persistence.work import StoredWork
from interlock.errors import InterlockError
from interlock.postgres.session import open_session
from interlock.postgres.url import parse_url


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
        async with async_sessionmaker(engine, expire_on_commit=False).begin() as session:
            await enter(session, platform)
            return await _fill(session, StoredWork(session, platform, Origin()))
    finally:
        await engine.dispose()


async def _fill(session: AsyncSession, work: StoredWork[WholePlatform]) -> str:
    ours = {organisation["key"] for organisation in demo_set.ORGANISATIONS}
    there = {each.key for each in (await work.organisations.page(Slice(LARGEST_PAGE))).items} - {PLATFORM_KEY}
    if strangers := there - ours:
        raise NotEmpty(min(strangers))
    if there:
        return "the demo set is there already: nothing was done"
    people = demo_people.people()
    await Story(session, work, people).tell()
    return (
        f"{len(demo_set.ORGANISATIONS)} organisations with {len(people) - len(demo_people.OPERATORS)} users, "
        f"{len(demo_set.MODULES)} modules and {len(demo_set.FLAGS)} flags were filled in, with a year of use"
    )
