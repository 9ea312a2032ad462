"""What the live database sends on by logical replication: rows, and never a change of the schema."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication, and which tables it sends.

    `tables` are those that are there already, `of_some_columns` those of them whose columns it lists. `schemas` are
    those whose new tables it sends too; None stands for every schema.
    """

    name: str
    tables: frozenset[str] = frozenset()
    of_some_columns: frozenset[str] = frozenset()
    schemas: frozenset[str] | None = frozenset()

    def sends_new(self, table: str) -> bool:
        """Whether it sends a table as soon as that is made."""
        return self.schemas is None or table.partition(".")[0] in self.schemas
