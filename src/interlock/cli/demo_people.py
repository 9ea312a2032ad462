"""The people of the demo set: invented names, and nobody whose password anybody knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from interlock.cli.demo_set import ORGANISATIONS
from interlock.control.domain.organisations import PLATFORM_KEY, Plan
from interlock.control.domain.users import Role

FIRST = (
    "Ada", "Amara", "Benedikt", "Bridget", "Callum", "Chiara", "Dara", "Dmitri", "Elif", "Esme", "Farah", "Finlay",
    "Grace", "Gwen", "Hana", "Hugo", "Imogen", "Ismail", "Jonas", "Kamala", "Keir", "Leila", "Lorcan", "Maren", "Mateo",
    "Nadia", "Niamh", "Oskar", "Priya", "Quentin", "Rhian", "Rosa", "Samir", "Sinead", "Tamsin", "Tomasz", "Una",
    "Viktor", "Wren", "Yusuf",
)  # fmt: skip
LAST = (
    "Abara", "Ashworth", "Bianchi", "Brennan", "Castellan", "Dhillon", "Eastwood", "Farrow", "Gallagher", "Haddad",
    "Hollis", "Iversen", "Jankowski", "Kaur", "Lindqvist", "MacLeod", "Marchetti", "Nakamura", "Okafor", "Pemberton",
    "Quigley", "Rahman", "Sorensen", "Thackeray", "Underhill", "Varga", "Whitlock", "Yilmaz", "Zielinski",
)  # fmt: skip
SIZES = {Plan.BASIC: 7, Plan.PROFESSIONAL: 16, Plan.ENTERPRISE: 31}
ROLES = (Role.ANALYST, Role.VIEWER, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo set, and how many days ago they came."""

    organisation_key: str
    name: str
    email: str
    role: Role
    is_active: bool
    joined: int

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE_URL, f"mailto:{self.email}")


# None of them is a super_admin: `interlock admin create --if-none` must still find that there is nobody.
OPERATORS = tuple(
    Person(PLATFORM_KEY, name, f"{name.split()[0].lower()}@interlock.example", role, True, 360)
    for name, role in (
        ("Maren Lindqvist", Role.ADMIN),
        ("Keir Gallagher", Role.ADMIN),
        ("Priya Dhillon", Role.ADMIN),
        ("Release pipeline", Role.RECORDER),
    )
)
"""Who looks after the platform in this story."""


def people() -> tuple[Person, ...]:
    """Everybody, the same in each run."""
    return (*OPERATORS, *(each for organisation in ORGANISATIONS for each in _of(organisation["key"])))


def _of(key: str) -> Iterator[Person]:
    organisation = next(each for each in ORGANISATIONS if each["key"] == key)
    chance = Random(key)  # noqa: S311 - names, not secrets
    names = chance.sample([f"{first} {last}" for first in FIRST for last in LAST], SIZES[organisation["plan"]])
    for place, name in enumerate(names):
        email = f"{name.lower().replace(' ', '.')}@{key}.example"
        role = Role.ADMIN if place < 2 else chance.choice(ROLES)
        joined = joined_days_ago(key) - 1 if place < 2 else chance.randrange(1, joined_days_ago(key) - 1)
        yield Person(key, name, email, role, place < 2 or chance.random() > 0.08, joined)


def joined_days_ago(key: str) -> int:
    """How many days ago an organisation was made: one after the other, over most of a year."""
    keys = [each["key"] for each in ORGANISATIONS]
    return 350 - 19 * (keys.index(key) * 5 % len(keys))


INVITED: tuple[tuple[str, str, Role, int], ...] = (
    ("arbour-insurance", "Lorcan Ashworth", Role.ANALYST, 5),
    ("arbour-insurance", "Elif Haddad", Role.VIEWER, -3),
    ("cobalt-energy", "Hana Sorensen", Role.ADMIN, 6),
    ("fernhill-clinics", "Wren Quigley", Role.VIEWER, 2),
    ("lantern-hotels", "Mateo Bianchi", Role.ANALYST, 4),
    ("northgate-rail", "Tamsin Farrow", Role.VIEWER, -11),
    ("pendle-textiles", "Samir Kaur", Role.ANALYST, 1),
)
"""Organisation, name and role of who was invited, and in how many days the invitation ends."""
