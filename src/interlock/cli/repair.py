"""interlock repair"""

from typing import TYPE_CHECKING, Annotated

import typer

from interlock.cli.options import HERE, Folder, XArguments
from interlock.errors import ExitCode

if TYPE_CHECKING:
    from interlock.postgres.effects import Effect
    from interlock.release.repair import Repair


def repair(
    apply: Annotated[bool, typer.Option("--apply", help="Carry it out. Without it nothing is touched.")] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", help="A difference, by its name, that may be taken away although rows can be lost."),
    ] = None,
    folder: Folder = HERE,
    x: XArguments = None,
) -> None:
    """Bring the live schema to what the chain declares at the revision that the database claims."""
    from interlock.cli.request import read_request
    from interlock.release.repair import repair as bring_back

    _, request = read_request(folder.absolute(), is_schema_only=True, x_arguments=x)
    done = bring_back(
        request,
        allow or (),
        is_applied=apply,
        on_wait=lambda holder: typer.echo(f"waiting for {holder}", err=True),
        on_statement=lambda statement: typer.echo(f"running: {statement.partition(chr(10))[0]}", err=True),
        on_plan=_show_plan,
    )
    _show_end(done, is_applied=apply)
    raise typer.Exit(done.exit_code)


def _show_plan(planned: "Repair") -> None:
    from interlock.release.logbook import counted

    claimed = ", ".join(planned.claimed) or "no revision"
    if not planned.drift and not planned.adopted:
        typer.echo(f"The database claims {claimed}, and its schema is that: nothing to repair.")
        return
    told = counted(len(planned.drift), "difference")
    typer.echo(f"The database claims {claimed}: {told} from {planned.target}.")
    for each in planned.adopted:
        typer.echo(f"adopted: {each}")
    for step in planned.steps:
        typer.echo(f"\n-- {step.change}")
        for statement in step.statements:
            typer.echo(f"{statement};")
            effect = next((each for each in planned.effects if each.statement == statement), None)
            for line in _worded(effect):
                typer.echo(f"--   {line}")
    if planned.left:
        typer.echo("\nLeft for a person:")
        for left in planned.left:
            typer.echo(f"  {left}")
    for note in planned.notes:
        typer.echo(f"note: {note}")


def _worded(effect: "Effect | None") -> tuple[str, ...]:
    if effect is None:
        return ()
    rewritten = (f"writes {table} anew" for table in effect.rewritten)
    return (*(f"takes {lock}" for lock in effect.locks), *rewritten)


def _show_end(done: "Repair", *, is_applied: bool) -> None:
    if done.steps and not is_applied:
        after = "nothing but what is left for a person" if done.left else "nothing"
        typer.echo(f"\nRehearsed on a copy of the live schema: {after} differs then. Carry it out with --apply.")
    if done.remaining is not None:
        for change in done.remaining:
            typer.echo(f"still there: {change}")
        typer.echo(f"\n{_ENDINGS[done.exit_code]}" if done.remaining else "\nRepaired: nothing differs any more.")
    if done.adopted and not (done.drift if done.remaining is None else done.remaining):
        typer.echo(
            f"The schema is that of {done.target} now. What its revisions do to rows was not done: look into them, do "
            f"that, and then: interlock restamp {done.target}"
        )


_ENDINGS = {
    ExitCode.STOP: "STOP: not all of it is repaired.",
    ExitCode.CAUTION: "Repaired, but for what no code notices.",
}
