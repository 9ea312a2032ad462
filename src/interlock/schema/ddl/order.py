"""In which order objects of different kinds are made."""

from interlock.schema.name import Kind

# A first guess at what needs what, so that little fails. What is first in it needs nothing of what follows, mostly.
_ORDER = (
    *(Kind.SCHEMA, Kind.EXTENSION, Kind.COLLATION, Kind.ENUM, Kind.DOMAIN, Kind.DOMAIN_CONSTRAINT, Kind.COMPOSITE),
    *(Kind.FUNCTION, Kind.BASE_TYPE, Kind.RANGE, Kind.LANGUAGE, Kind.ACCESS_METHOD, Kind.SEQUENCE, Kind.PROCEDURE),
    *(Kind.AGGREGATE, Kind.OPERATOR_FAMILY, Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.CAST, Kind.CONVERSION),
    *(Kind.TRANSFORM, Kind.SEARCH_PARSER, Kind.SEARCH_TEMPLATE, Kind.SEARCH_DICTIONARY, Kind.SEARCH_CONFIGURATION),
    *(Kind.WRAPPER, Kind.SERVER, Kind.TABLE, Kind.FOREIGN_TABLE, Kind.COLUMN, Kind.VIEW, Kind.MATERIALIZED_VIEW),
    *(Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.INDEX, Kind.CHECK, Kind.EXCLUSION, Kind.FOREIGN_KEY, Kind.STATISTICS),
    *(Kind.TRIGGER, Kind.RULE, Kind.POLICY),
)


def place_of(kind: Kind) -> int:
    """Where the objects of a kind stand when all are made; they are dropped the other way round."""
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
