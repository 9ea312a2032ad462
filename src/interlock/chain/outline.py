"""Which modules define mapped classes, told from their source: nothing is imported to find out."""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise

# Whoever maps a class or makes a table writes one of these. What has none of them is not even parsed.
_WORDS = ("sqlalchemy", "sqlmodel", "advanced_alchemy", "__tablename__", "__table__", "__mapper_args__", "Mapped[",
          "table=True", ".Model", ".mapped", ".map_imperatively", ".Column(", ".Table(", ".relationship(")  # fmt: skip
_FRAMEWORKS = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_sqlalchemy_lite", "advanced_alchemy"})
_ATTRIBUTES = frozenset({"__tablename__", "__table__", "__abstract__", "__mapper_args__"})
_BASE_MAKERS = frozenset({"declarative_base", "automap_base"})
_MAKERS = frozenset({"Column", "Table", "mapped_column", "relationship", "registry"}) | _BASE_MAKERS
_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass"})
_DECORATORS = frozenset({"mapped", "mapped_as_dataclass"})
PASSES_ON_AT_MOST = 10
"""Through how many modules a name is followed to where it is defined."""

_ANNOTATIONS = frozenset({"Mapped", "WriteOnlyMapped", "DynamicMapped"})


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a module. `package` is what its relative imports start from."""

    module: str
    package: str
    text: str


@dataclass(frozen=True, slots=True)
class _Imports:
    """Where the names of a module come from. `own` are the packages of the project."""

    origins: Mapping[str, str]
    own: frozenset[str]

    def is_of_framework(self, name: str) -> bool:
        return self._package(name) in _FRAMEWORKS

    def is_own(self, name: str) -> bool:
        return self._package(name) in self.own

    def is_foreign(self, name: str) -> bool:
        return _first(name) in self.origins and not self.is_own(name)

    def _package(self, name: str) -> str:
        return _first(self.origins.get(_first(name), ""))


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    bases: tuple[str, ...]
    is_mapping: bool


@dataclass(frozen=True, slots=True)
class _Outline:
    """What a module imports and defines at its top. `bases` are the names of what declarative_base() gave."""

    imports: _Imports
    classes: tuple[_Class, ...] = ()
    bases: frozenset[str] = frozenset()
    is_mapping: bool = True


def defining_modules(sources: Iterable[Source], packages: Iterable[str]) -> list[str]:
    """Name the modules that can define a mapped class or a table, of those in the packages of a project.

    These are the modules that say so themselves, and those with a class that derives from a class of such a module.
    """
    return sorted(_Search({source.module: source for source in sources}, frozenset(packages)).find())


class _Search:
    """A search for mapped classes through the source of a project."""

    def __init__(self, sources: Mapping[str, Source], own: frozenset[str]) -> None:
        self._sources, self._own = sources, own
        self._outlines: dict[str, _Outline] = {}
        self._mapped: set[str] = set()
        self._renamed = set(chain.from_iterable(_renamed(source.text) for source in sources.values()))

    def find(self) -> set[str]:
        hinted = [name for name, source in self._sources.items() if any(word in source.text for word in _WORDS)]
        found = {name for name in hinted if self._outline(name).is_mapping}
        for module in found:
            outline = self._outline(module)
            self._mapped |= {f"{module}.{each.name}" for each in outline.classes if each.is_mapping}
            self._mapped |= {f"{module}.{name}" for name in outline.bases}
        while self._mapped and (more := set(self._deriving()) - self._mapped):
            self._mapped |= more
            found |= {name.rpartition(".")[0] for name in more}
        return found

    def _deriving(self) -> Iterator[str]:
        """Name the classes that derive from a mapped one."""
        names = {_last(name) for name in self._mapped}
        names |= {alias for name, alias in self._renamed if name in names}
        said = re.compile(rf"class \w+\s*\([^)]*\b(?:{'|'.join(map(re.escape, names))})\b")
        for module, source in self._sources.items():
            if said.search(source.text):
                for each in self._outline(module).classes:
                    if any(self._is_mapped(module, base, names) for base in each.bases):
                        yield f"{module}.{each.name}"

    def _is_mapped(self, module: str, name: str, names: Collection[str]) -> bool:
        defined = self._definition(module, name)
        # Nobody can tell where it comes from (import *, say): then the name counts.
        return _last(name) in names if defined is None else defined in self._mapped

    def _definition(self, module: str, name: str, *, depth: int = 0) -> str | None:
        """Say which class a name means, through the modules that pass it on; None where that cannot be told."""
        outline = self._outline(module)
        if any(each.name == name for each in outline.classes) or name in outline.bases:
            return f"{module}.{name}"
        root, dot, rest = name.partition(".")
        if root not in outline.imports.origins or depth > PASSES_ON_AT_MOST:
            return None
        origin = outline.imports.origins[root] + dot + rest
        parts = origin.split(".")
        for length in range(len(parts) - 1, 0, -1):
            if (source := ".".join(parts[:length])) in self._sources:
                return self._definition(source, ".".join(parts[length:]), depth=depth + 1)
        return None if _first(origin) in self._own else origin

    def _outline(self, module: str) -> _Outline:
        if module not in self._outlines:
            self._outlines[module] = _outline(self._sources[module], self._own)
        return self._outlines[module]


def migrated_by(source: Source) -> str | None:
    """Say where the target_metadata of an env.py comes from, as `package.module.Base.metadata`; None if it cannot."""
    try:
        statements = list(_statements(ast.parse(source.text).body))
    except (SyntaxError, ValueError, RecursionError):
        return None
    origins = dict(chain.from_iterable(_imported(each, source.package) for each in statements))
    targets = [
        _dotted(each.value)
        for each in statements
        if isinstance(each, ast.Assign) and "target_metadata" in _assigned(each)
    ]
    known = [name for name in targets if _first(name) in origins]
    if not known:
        return None
    root, dot, rest = known[-1].partition(".")
    return origins[root] + dot + rest


def origin_of(path: str, read: Callable[[str], Source | None]) -> str:
    """Follow a place such as `package.models.Base.metadata` through the imports of modules to where it is made."""
    for _ in range(PASSES_ON_AT_MOST):
        parts = path.split(".")
        modules = (".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
        source = next((found for module in modules if (found := read(module))), None)
        if source is None:
            return path
        root, dot, rest = path.removeprefix(f"{source.module}.").partition(".")
        origins = _origins(source)
        if root not in origins:
            return path
        path = origins[root] + dot + rest
    return path


def _origins(source: Source) -> Mapping[str, str]:
    try:
        statements = _statements(ast.parse(source.text).body)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return dict(chain.from_iterable(_imported(each, source.package) for each in statements))


def _renamed(text: str) -> Iterator[tuple[str, str]]:
    """Give what is imported under another name. Looking for it by an expression takes longer than all else."""
    for before, after in pairwise(text.split(" as ")):
        name, alias = re.search(r"\w+\Z", before[-80:]), re.match(r"\w+", after)
        if name and alias:
            yield name[0], alias[0]


def _outline(source: Source, own: frozenset[str]) -> _Outline:
    try:
        body = ast.parse(source.text).body
    except (SyntaxError, ValueError, RecursionError):
        return _Outline(_Imports({}, own))  # importing it will say what is wrong with it
    top = list(_statements(body))
    imports = _Imports(dict(chain.from_iterable(_imported(each, source.package) for each in top)), own)
    classes = tuple(_class(each, imports) for each in top if isinstance(each, ast.ClassDef))
    others = [each for each in top if not isinstance(each, ast.ClassDef)]
    return _Outline(
        imports,
        classes,
        frozenset(chain.from_iterable(_assigned(each) for each in others if _calls(each, _BASE_MAKERS, imports))),
        any(each.is_mapping for each in classes) or any(_calls(each, _MAKERS, imports) for each in others),
    )


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements that run when the body does, through conditions and the like."""
    for each in body:
        yield each
        match each:
            case ast.If() | ast.For() | ast.While():
                yield from _statements([*each.body, *each.orelse])
            case ast.With():
                yield from _statements(each.body)
            case ast.Try():
                handled = chain.from_iterable(handler.body for handler in each.handlers)
                yield from _statements([*each.body, *handled, *each.orelse, *each.finalbody])


def _imported(statement: ast.stmt, package: str) -> Iterator[tuple[str, str]]:
    match statement:
        case ast.Import(names=names):
            yield from ((name.asname, name.name) if name.asname else (_first(name.name),) * 2 for name in names)
        case ast.ImportFrom(module=module, level=level, names=names):
            above = package.split(".")[: -(level - 1) or None] if level else []
            start = ".".join([*above, *filter(None, [module])])
            yield from ((name.asname or name.name, f"{start}.{name.name}") for name in names)


def _class(statement: ast.ClassDef, imports: _Imports) -> _Class:
    bases = tuple(filter(None, map(_dotted, statement.bases)))
    decorators = (_dotted(each.func if isinstance(each, ast.Call) else each) for each in statement.decorator_list)
    is_mapping = (
        any(_is_base(base, imports) for base in bases)
        or any(_last(name) in _DECORATORS for name in decorators)
        or any(each.arg == "table" for each in statement.keywords)
        or any(_maps(each, imports) for each in _statements(statement.body))
    )
    return _Class(statement.name, bases, is_mapping)


def _is_base(name: str, imports: _Imports) -> bool:
    if _last(name) in _BASES:
        return imports.is_of_framework(name)
    # db.Model, where db is the SQLAlchemy() of Flask-SQLAlchemy.
    return name.endswith(".Model") and not imports.is_foreign(name)


def _maps(statement: ast.stmt, imports: _Imports) -> bool:
    """Whether a statement in the body of a class is one that only a mapped class, or a mixin for one, has."""
    match statement:
        case ast.FunctionDef(name=name):
            return name in _ATTRIBUTES
        case ast.AnnAssign(annotation=annotation) if _is_mapped(annotation):
            return True
        case _:
            return not _ATTRIBUTES.isdisjoint(_assigned(statement)) or _calls(statement, _MAKERS, imports)


def _assigned(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def _is_mapped(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Subscript(value=value):
            return _last(_dotted(value)) in _ANNOTATIONS
        case ast.Constant(value=str(text)):
            return _last(text.partition("[")[0]) in _ANNOTATIONS
        case _:
            return False


def _calls(statement: ast.stmt, makers: frozenset[str], imports: _Imports) -> bool:
    """Whether a statement calls one of the makers of SQLAlchemy, or of an object of the project, as db.Column."""
    value = getattr(statement, "value", None)
    calls = [each for each in ast.walk(value) if isinstance(each, ast.Call)] if isinstance(value, ast.expr) else []
    return any(_is_maker(_dotted(call.func), makers, imports) for call in calls)


def _is_maker(name: str, makers: frozenset[str], imports: _Imports) -> bool:
    if _last(name) == "map_imperatively":
        return True
    is_own = "." in name and imports.is_own(name)
    return _last(name) in makers and (imports.is_of_framework(name) or is_own)


def _dotted(node: ast.expr) -> str:
    """Give a name with its dots as text; empty for any other expression."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            root = _dotted(value)
            return f"{root}.{attribute}" if root else ""
        case ast.Subscript(value=value):  # a generic base: Base[int]
            return _dotted(value)
        case _:
            return ""


def _first(name: str) -> str:
    return name.partition(".")[0]


def _last(name: str) -> str:
    return name.rpartition(".")[2]
