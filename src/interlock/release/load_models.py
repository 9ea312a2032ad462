"""All mapped classes of a project: every module that can define one is imported, and what fails is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from interlock.chain.child import Child
from interlock.chain.failures import ProjectFailed
from interlock.chain.mapped import Models

IMPORTS_WITHIN_SECONDS = 60.0
"""How long one module may take."""

LOSES_AT_MOST = 3
"""How many modules may end the process, or hang, before the rest of them is left alone."""


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """What the mapped classes expect; None where no metadata is known.

    `failures` says of each module that could not be imported what went wrong, and `left_out` of each that was not
    to be imported why.
    """

    models: Models | None
    failures: Mapping[str, str]
    left_out: Mapping[str, str]


def load_models(child: Child, renew: Callable[[], Child], on_module: Callable[[str], None]) -> LoadedModels:
    """Import the modules that can define mapped classes, one by one, and describe all that are mapped then.

    A module can end the process that imports it: `renew` starts another one, and the modules before it are imported
    there again. Raises ProjectFailed where the classes cannot be told at all.
    """
    return _Loading(child, renew, on_module).load()


class _Loading:
    def __init__(self, child: Child, renew: Callable[[], Child], on_module: Callable[[str], None]) -> None:
        self._child, self._renew, self._on_module = child, renew, on_module
        self._imported: list[str] = []
        self._failures: dict[str, str] = {}
        self._losses = 0

    def load(self) -> LoadedModels:
        found = self._child.find_modules()
        for module in found.names:
            self._on_module(module)
            if self._losses < LOSES_AT_MOST:
                self._import(module)
            else:
                self._failures[module] = f"not tried: {LOSES_AT_MOST} modules before it ended the process"
        return LoadedModels(self._describe(), self._failures, found.left_out)

    def _import(self, module: str) -> None:
        try:
            self._child.load(module, IMPORTS_WITHIN_SECONDS)
        except ProjectFailed as failed:
            self._failures[module] = str(failed.failure)
            if not self._child.is_running:
                self._losses += 1
                self._begin_again()
        else:
            self._imported.append(module)

    def _describe(self) -> Models | None:
        try:
            return self._child.describe_models()
        except ProjectFailed:
            if not self._failures:
                raise
        # A module that failed half-way has left half of its classes behind, and they may lack the others.
        self._begin_again()
        return self._child.describe_models()

    def _begin_again(self) -> None:
        self._child = self._renew()
        self._child.find_modules()
        for module in self._imported:
            self._child.load(module, IMPORTS_WITHIN_SECONDS)
