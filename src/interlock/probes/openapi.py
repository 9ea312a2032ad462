"""The probes that an application's own OpenAPI document asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from interlock.errors import InterlockError
from interlock.probes.detail import Detail
from interlock.probes.expectation import REFUSED, SUCCESS
from interlock.probes.parameters import Lacking, fill_in
from interlock.probes.probe import ANONYMOUS, INVALID, Probe, Unprobed
from interlock.probes.reference import resolved
from interlock.probes.reply import is_json

METHODS = ("get", "head", "options", "trace", "post", "put", "patch", "delete", "query")
SAFE = frozenset({"get", "head", "options", "trace", "query"})


class UnusableDocument(InterlockError):
    """The OpenAPI document cannot be fetched or read."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a document declares: the operations that can be asked, at once or when a list has told what for, and those
    that cannot."""

    probes: tuple[Probe, ...] = ()
    details: tuple[Detail, ...] = ()
    unprobed: tuple[Unprobed, ...] = ()


def probes_of(
    document: Mapping[str, Any],
    named: Iterable[str] = (),
    *,
    exclude: Iterable[str] = (),
    protected: Iterable[str] = (),
) -> Declared:
    """Make a probe of each GET operation that can be asked.

    `named` are the identities that must get in where a login is needed. `exclude` and `protected` are patterns
    of paths as in a shell, where `*` also matches a slash: what not to ask, and what needs a login although the
    document does not say so. Paths are put behind the address that is asked; `servers` is not looked at.
    """
    _check_version(document)
    reader = _Reader(document, tuple(named), tuple(exclude), tuple(protected))
    found = {
        (path, method): reader.read(path, method, item)
        for path, item in _paths(document)
        for method in METHODS
        if isinstance(item.get(method), Mapping)
    }
    read = [_detail(one, found) if isinstance(one, _Open) else one for one in found.values()]
    return Declared(
        tuple(one for one in read if isinstance(one, Probe)),
        tuple(one for one in read if isinstance(one, Detail)),
        tuple(one for one in read if isinstance(one, Unprobed)),
    )


@dataclass(frozen=True, slots=True)
class _Open:
    """A probe whose path has parameters that the document gives no value for."""

    path: str
    probe: Probe
    parameters: tuple[str, ...]


def _detail(one: _Open, found: "Mapping[tuple[str, str], Probe | _Open | Unprobed]") -> Detail | Unprobed:
    """Join an operation on one thing to the lists that tell of such things: /orders to /orders/{order_id}."""
    lists = []
    for parameter in one.parameters:
        above = one.path.partition("/{" + parameter + "}")[0]
        by = found.get((above, "get")) or found.get((f"{above}/", "get"))
        if not isinstance(by, Probe | _Open):
            reason = f"needs the path parameter {parameter}, and the document has no example of it"
            return Unprobed(one.probe.name, reason)
        lists.append((parameter, by.probe.name if isinstance(by, _Open) else by.name))
    return Detail(one.probe, tuple(lists))


def _check_version(document: Mapping[str, Any]) -> None:
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1", "3.2")):
        raise UnusableDocument(
            problem="the document does not say that it is OpenAPI 3.0 or 3.1",
            remedy="name the path of the application's OpenAPI document, /openapi.json in FastAPI",
        )


def _paths(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    paths = document.get("paths") or {}
    if not isinstance(paths, Mapping):
        raise UnusableDocument(
            problem="`paths` in the OpenAPI document is not an object",
            remedy="let the framework write the document again, and check it with an OpenAPI validator",
        )
    return [(path, resolved(item, document)) for path, item in paths.items() if path.startswith("/")]


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Mapping[str, Any]
    named: tuple[str, ...]
    exclude: tuple[str, ...]
    protected: tuple[str, ...]

    def read(self, path: str, method: str, item: Mapping[str, Any]) -> Probe | _Open | Unprobed:
        operation: Mapping[str, Any] = item[method]
        name = f"{method.upper()} {path}"
        if reason := self._reason_against(path, method, operation):
            return Unprobed(name, reason)
        filled = fill_in(path, item, operation, self.document)
        if isinstance(filled, Lacking):
            return Unprobed(name, f"needs {filled.parameter}, and the document has no example of it")
        answers = self._answers(operation)
        if not answers:
            return Unprobed(name, "declares no successful answer")
        schemas = {status: schema for status, schema in answers.items() if schema is not None}
        expect = self._expect(path, operation, frozenset(answers))
        if filled.left:
            return _Open(path, Probe(filled.path, "GET", expect, schemas, template=filled.path), filled.left)
        return Probe(filled.path, "GET", expect, schemas, is_tried=filled.is_tried)

    def _reason_against(self, path: str, method: str, operation: Mapping[str, Any]) -> str | None:
        for pattern in self.exclude:
            if fnmatchcase(path, pattern):
                return f"excluded by the pattern {pattern}"
        if method not in SAFE:
            return "not a safe method: it may change something"
        if method != "get":
            return "only GET is asked"
        if resolved(operation.get("requestBody"), self.document).get("required") is True:
            return "needs a body"
        return None

    def _expect(self, path: str, operation: Mapping[str, Any], success: frozenset[int]) -> dict[str, frozenset[int]]:
        real = dict.fromkeys(self.named, success)
        alternatives = operation.get("security", self.document.get("security")) or []
        # An empty alternative, {}, makes the login optional.
        is_protected = bool(alternatives) and all(alternatives)
        if is_protected or any(fnmatchcase(path, pattern) for pattern in self.protected):
            return {ANONYMOUS: REFUSED, INVALID: REFUSED, **real}
        return {ANONYMOUS: success, **(real if alternatives else {})}

    def _answers(self, operation: Mapping[str, Any]) -> dict[int, Mapping[str, Any] | None]:
        """Map each successful status that is declared to the schema of its JSON, if it has one."""
        declared = {str(key): value for key, value in resolved(operation.get("responses"), self.document).items()}
        answers = {
            int(key): self._schema(value) for key, value in declared.items() if key.isdigit() and int(key) in SUCCESS
        }
        # The particular counts before the range, and the range before what is left over.
        wide = declared.get("2XX", None if answers else declared.get("default"))
        if wide is not None:
            schema = self._schema(wide)
            answers = {status: answers.get(status, schema) for status in sorted(SUCCESS)}
        return answers

    def _schema(self, response: object) -> Mapping[str, Any] | None:
        content = resolved(response, self.document).get("content")
        if not isinstance(content, Mapping):
            return None
        for media_type, described in content.items():
            if is_json(str(media_type).partition(";")[0].strip().lower()):
                schema = described.get("schema", {}) if isinstance(described, Mapping) else {}
                # The document lies around the schema, so that its references lead somewhere, also in circles.
                return {**self.document, **schema} if isinstance(schema, Mapping) else self._boolean(schema)
        return None

    def _boolean(self, schema: object) -> Mapping[str, Any]:
        # OpenAPI 3.1 knows the schemas true and false.
        return {**self.document, "not": {}} if schema is False else self.document
