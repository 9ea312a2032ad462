"""The project's own packages: where they are, and which of their modules can define mapped classes.

Runs in the child process when env.py has run, for that has put on the path of modules what it needs there.
"""

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from sysconfig import get_path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Table

from interlock.chain.outline import Source, defining_modules, migrated_by, origin_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_FRAMEWORKS = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_sqlalchemy_lite", "alembic"})
# Tests define classes for themselves, and a module of these names is run, not imported.
_NEVER = frozenset({"__main__", "conftest", "setup", "noxfile", "tests", "test", "node_modules"})


@dataclass(frozen=True, slots=True)
class OwnPackages:
    """Each module of the project with its file, and the folders that they are in. None of them need be imported.

    `other_targets` is what the other chains among them migrate, each by the place that it is defined in.
    """

    files: Mapping[str, Path]
    folders: tuple[Path, ...]
    other_targets: tuple[str, ...]

    def holds(self, module: str) -> bool:
        """Whether a module that was imported is the project's, under whatever name."""
        file = getattr(sys.modules.get(module), "__file__", None)
        return file is not None and Path(file).resolve() in self.files.values()

    def defining_modules(self) -> list[str]:
        """Name the modules that can define a mapped class and were not imported yet."""
        imported = {Path(file).resolve() for file in map(_file_of, list(sys.modules)) if file}
        tops = {name.partition(".")[0] for name in self.files}
        names = defining_modules((_source(*each) for each in self.files.items()), tops)
        return [name for name in names if self.files[name] not in imported]

    def is_of_another_chain(self, module: str) -> bool:
        """Whether another chain migrates what a module defines."""
        return any(target.startswith(f"{module}.") for target in self.other_targets)

    def migrated_by_others(self) -> list[Any]:
        """Give the metadata of the other chains, as far as it was imported."""
        return [found for target in self.other_targets if (found := _imported_object(target)) is not None]


def find_packages(modules: Iterable[str], folders: Sequence[Path], scripts: Iterable[Path]) -> OwnPackages:
    """Find the packages that these modules are in, and whatever lies beside them in the folders; not the scripts."""
    walk = _Walk({*folders, *(folder.resolve() for folder in scripts)})
    roots = {root for module in modules if (root := _root(module)) and root.partition(".")[0] not in _FRAMEWORKS}
    for root in sorted(roots):
        for folder in map(Path, sys.modules[root].__path__):
            walk.enter_package(root, folder)
    for folder in folders:
        walk.enter_folder(folder)

    def read(module: str) -> Source | None:
        return _source(module, walk.files[module]) if module in walk.files else None

    # A module that only passes another chain's metadata on may well define classes of ours.
    targets = (origin_of(target, read) for target in walk.targets)
    return OwnPackages(walk.files, (*folders, *walk.entered), tuple(targets))


def own_folders(project: Path, path_before: Collection[str]) -> list[Path]:
    """List the folders of the path of modules that are the project's: in its own folder, or put there since."""
    folders = ((entry, Path(entry).resolve()) for entry in sys.path)
    standard = {Path(get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    return [
        folder
        for entry, folder in dict(folders).items()
        if (entry not in path_before or folder.is_relative_to(project.resolve()))
        and _INSTALLED.isdisjoint(folder.parts)
        and folder not in standard
        and folder.is_dir()
    ]


def modules_of(metadata: Sequence[MetaData], mappers: "Iterable[Mapper[Any]]") -> set[str]:
    """Name the imported modules that define a class or table of some metadata, or hold the metadata itself."""
    mapped = {
        mapper.class_.__module__
        for mapper in mappers
        if any(getattr(table, "metadata", None) in metadata for table in mapper.tables)
    }
    return {name for name in list(sys.modules) if name in mapped or _holds(name, metadata)}


def _holds(module: str, metadata: Sequence[MetaData]) -> bool:
    # By the type alone: a module may hold objects that do something when they are asked for an attribute.
    for value in list(getattr(sys.modules[module], "__dict__", {}).values()):
        if type(value) is MetaData and value in metadata:
            return True
        if type(value) is Table and value.metadata in metadata:
            return True
        if issubclass(type(value), type) and any(vars(value).get("metadata") is each for each in metadata):
            return True
    return False


def _root(module: str) -> str | None:
    """Name the outermost package of a module that is no namespace: that may span several distributions."""
    parts = module.split(".")
    packages = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    packages = [name for name in packages if hasattr(sys.modules.get(name), "__path__")]
    return next((name for name in packages if _file_of(name)), packages[0] if packages else None)


def _file_of(module: str) -> str | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    return file if isinstance(file, str) else None


def _imported_object(path: str) -> Any:
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:length]))
        if module is not None:
            try:
                return attrgetter(".".join(parts[length:]))(module)
            except AttributeError:
                return None
    return None


def _source(module: str, file: Path) -> Source:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    return Source(module, package, file.read_text(encoding="utf-8", errors="replace"))


class _Walk:
    """A walk through folders of Python files, that goes into no folder twice."""

    def __init__(self, never: set[Path]) -> None:
        self.files: dict[str, Path] = {}
        self.entered: list[Path] = []
        self.targets: list[str] = []
        self._seen = never

    def enter_package(self, name: str, folder: Path) -> None:
        """Take note of every module below a package. A folder without __init__.py is a package too."""
        resolved = folder.resolve()
        if resolved in self._seen or not _may_enter(folder) or (folder / "pyvenv.cfg").exists():
            return
        self._seen.add(resolved)
        if _is_of_another_chain(folder):
            self.targets += filter(None, [migrated_by(_source(f"{name}.env", folder / "env.py"))])
            return
        self.entered.append(resolved)
        for entry, module in _entries(folder, f"{name}."):
            if entry.is_dir():
                self.enter_package(module, entry)
            else:
                self._note(name if entry.name == "__init__.py" else module, entry)

    def enter_folder(self, folder: Path) -> None:
        """Take note of the packages and modules right in a folder of the path of modules."""
        for entry, module in _entries(folder, ""):
            if entry.is_dir() and _may_enter(entry) and (entry / "__init__.py").exists():
                self.enter_package(module, entry)
            elif not entry.is_dir() and entry.name != "__init__.py" and _is_found_at(module, entry):
                self._note(module, entry)

    def _note(self, module: str, file: Path) -> None:
        resolved = file.resolve()
        if resolved not in self._seen:
            self._seen.add(resolved)
            self.files.setdefault(module, resolved)


def _entries(folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    for entry in sorted(folder.iterdir()):
        name = entry.name.removesuffix(".py")
        is_source = entry.is_dir() or entry.suffix == ".py"
        if is_source and name.isidentifier() and name not in _NEVER and not _is_test(name):
            yield entry, prefix + name


def _may_enter(folder: Path) -> bool:
    # From a folder that we may not read, nothing can be imported either.
    return os.access(folder, os.R_OK | os.X_OK)


def _is_test(name: str) -> bool:
    return name.startswith(("test_", "__pycache__")) or name.endswith(("_test", "_tests"))


def _is_of_another_chain(folder: Path) -> bool:
    return (folder / "env.py").exists() and ((folder / "script.py.mako").exists() or (folder / "versions").is_dir())


def _is_found_at(module: str, file: Path) -> bool:
    """Whether importing a module of this name takes this file, and none that comes before it on the path."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == file.resolve()


def is_left_out(module: str, patterns: Iterable[str]) -> bool:
    """Whether the settings say that a module is not to be imported."""
    return any(fnmatchcase(module, pattern) for pattern in patterns)
