"""What another tool remarks about a statement."""

from dataclasses import dataclass

from interlock.hazards.statement import Statement


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark, in the words of the tool; it counts for no verdict."""

    tool: str
    rule: str
    statement: Statement
    message: str
