"""What the project's code reads while it runs in the child: by that it is known later whether it would do the same."""

import hashlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What code is read from, or tells it what to do. Other files come and go in a folder.
_TELLING = (
    ".py",
    ".pyc",
    ".pyi",
    ".so",
    ".sql",
    ".ini",
    ".cfg",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".env",
    ".flaskenv",
    ".mako",
    ".txt",
)
_NOT_FILES = ("/proc/", "/dev/", "/sys/")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files that were opened, and folders that were listed, each with a digest of what was in it."""

    files: Mapping[str, str]
    folders: Mapping[str, str]

    def are_unchanged(self) -> bool:
        """Whether every file and folder still has the same in it."""
        return all(_digest_of_file(path) == digest for path, digest in self.files.items()) and all(
            _digest_of_folder(path) == digest for path, digest in self.folders.items()
        )


class Recorder:
    """Takes note of every file that this process opens and every folder that it lists, from now on."""

    def __init__(self) -> None:
        self._began = time.time()
        self._files: set[str] = set()
        self._folders: set[str] = set()
        # It cannot be taken away again, so it is for a process that is there for nothing else.
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        match event, arguments:
            case "open", (str() as path, mode, _) if not (isinstance(mode, str) and set(mode) & set("wax+")):
                self._files.add(_absolute(path))
            case "os.listdir" | "os.scandir", (str() as path, *_):
                self._folders.add(_absolute(path))

    def inputs(self) -> Inputs | None:
        """What was read up to now; None where some of it was written meanwhile, so that nobody knows what was read."""
        files = {_source_of(path) for path in tuple(self._files) if not path.startswith(_NOT_FILES)}
        if any(_written(path) >= self._began for path in files):
            return None
        return inputs_of(files, tuple(self._folders))


def inputs_of(files: Iterable[str], folders: Iterable[str]) -> Inputs:
    """Digest files and folders; what is no regular file, or not there, is left out."""
    regular = sorted(path for path in files if not path.startswith(_NOT_FILES) and Path(path).is_file())
    there = sorted(path for path in folders if not path.startswith(_NOT_FILES) and Path(path).is_dir())
    return Inputs({path: _digest_of_file(path) for path in regular}, {path: _digest_of_folder(path) for path in there})


def _absolute(path: str) -> str:
    # Now: the project's code may change the current folder. Path would be too slow for each import.
    return os.path.abspath(path)  # noqa: PTH100


def _source_of(path: str) -> str:
    """The file that compiled code was made of."""
    if not path.endswith(".pyc"):
        return path
    try:
        source = importlib.util.source_from_cache(path)
    except (NotImplementedError, ValueError):
        return path
    return source if Path(source).is_file() else path


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116 - thousands of them
    except OSError:
        return 0.0


def _digest_of_file(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - thousands of them
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError:
        return ""


def _digest_of_folder(path: str) -> str:
    try:
        names = sorted(name for name in os.listdir(path) if name.endswith(_TELLING) or name == ".env")  # noqa: PTH208
    except OSError:
        return ""
    return hashlib.blake2b("\0".join(names).encode(errors="surrogateescape")).hexdigest()[:32]
