"""The JSON form of scenarios: versioned, and checked place by place when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from allocator.errors import UsageError
from allocator.models import Policy, Settings, SolverName
from allocator.scenario.changes import KINDS, Change

FORMAT = "allocator-console-scenario"
VERSION = 1
TEXTS = ("name", "author", "run", "fingerprint")


def change_as_dict(change: Change) -> dict[str, Any]:
    """A change as JSON-ready values, sets as sorted lists."""
    row: dict[str, Any] = {"kind": change.kind}
    for item in fields(change):
        value = getattr(change, item.name)
        row[item.name] = sorted(value) if isinstance(value, frozenset) else value
    return row


def whole_file(content: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario's content under its format and version."""
    return {"format": FORMAT, "version": VERSION, **content}


def write_scenario(whole: Mapping[str, Any]) -> str:
    """The text of a scenario file."""
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def parse_scenario(source: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a scenario from a file's text or its content; UsageError lists every place."""
    reader = _Reader()
    content = reader.top(source)
    result: dict[str, Any] = {key: reader.value(content, key, "str", key, "") for key in TEXTS}
    result["settings"] = reader.settings(content.get("settings", {}))
    changes = content.get("changes", [])
    if not isinstance(changes, list):
        reader.note("changes", "must be a list")
        changes = []
    read = [reader.change(row, f"changes[{i}]") for i, row in enumerate(changes)]
    if not result["name"]:
        reader.note("name", "is missing")
    known = {"format", "version", "settings", "changes", *TEXTS}
    reader.unknown(content, known, "")
    reader.finish()
    return {**result, "changes": tuple(change for change in read if change is not None)}


def changes_from(rows: list[dict[str, Any]]) -> tuple[Change, ...]:
    """Changes from the dicts of an audit or scenario row; UsageError lists every wrong place."""
    reader = _Reader()
    read = [reader.change(row, f"changes[{i}]") for i, row in enumerate(rows)]
    reader.finish()
    return tuple(change for change in read if change is not None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    """Text that PostgreSQL can keep: no NUL, no lone surrogates."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "str": (_is_text, "must be text"),
    "str | None": (lambda v: v is None or _is_text(v), "must be text or null"),
    "int": (lambda v: isinstance(v, int) and not isinstance(v, bool), "must be a whole number"),
    "bool": (lambda v: isinstance(v, bool), "must be true or false"),
    "float": (_is_number, "must be a number"),
    "float | None": (lambda v: v is None or _is_number(v), "must be a number or null"),
    "frozenset[str]": (_is_texts, "must be a list of ids"),
    "SolverName": (
        lambda v: v in list(SolverName),
        f"must be one of {', '.join(SolverName)}",
    ),
    "Policy": (lambda v: v in list(Policy), f"must be one of {', '.join(Policy)}"),
}
"""Field type → test and what to say when it fails."""


class _Reader:
    """Reads one file, collecting what is wrong and where."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def note(self, place: str, what: str) -> None:
        self.problems.append(f"{place}: {what}.")

    def finish(self) -> None:
        if self.problems:
            raise UsageError(
                " ".join(["The scenario file cannot be read.", *self.problems]),
                remedy="Mend the file, or export the scenario again.",
                problems=tuple(self.problems),
            )

    def top(self, source: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        content = self.decoded(source) if isinstance(source, str | bytes) else dict(source)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            self.note("format", f"must be “{FORMAT}”; this is not a scenario file")
        elif content.get("version") != VERSION:
            self.note("version", f"must be {VERSION}; a newer console wrote this file")
        self.finish()
        return dict(content)

    def decoded(self, text: str | bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "file"
            self.note(where, "is not JSON")
            self.finish()

    def value(
        self, row: Mapping[str, Any], key: str, kind: str, place: str, default: object
    ) -> object:
        if key not in row:
            return default
        passes, complaint = CHECKS[kind]
        if not passes(row[key]):
            self.note(place, complaint)
            return default
        return frozenset(row[key]) if kind == "frozenset[str]" else row[key]

    def unknown(self, row: Mapping[str, Any], known: set[str], place: str) -> None:
        for key in sorted(set(row) - known):
            self.note(f"{place}.{key}" if place else key, "is not known")

    def settings(self, row: object) -> Settings:
        if not isinstance(row, dict):
            self.note("settings", "must be an object")
            return Settings()
        built = self.build(row, Settings, "settings", set())
        return built if isinstance(built, Settings) else Settings()

    def change(self, row: object, place: str) -> Change | None:
        if not isinstance(row, dict):
            self.note(place, "must be an object")
            return None
        cls = KINDS.get(row.get("kind", "")) if isinstance(row.get("kind"), str) else None
        if cls is None:
            self.note(f"{place}.kind", f"must be one of {', '.join(KINDS)}")
            return None
        built = self.build(row, cls, place, {"kind"})
        return built if isinstance(built, Change) else None

    def build(self, row: Mapping[str, Any], cls: type[Any], place: str, extra: set[str]) -> object:
        """An instance of the dataclass from the values in `row`; None when one is wrong."""
        before = len(self.problems)
        self.unknown(row, extra | {item.name for item in fields(cls)}, place)
        given = {}
        for item in fields(cls):
            where = f"{place}.{item.name}"
            if item.name in row:
                given[item.name] = self.value(row, item.name, str(item.type), where, None)
            elif item.default is item.default_factory is MISSING:
                self.note(where, "is missing")
        if len(self.problems) > before:
            return None
        try:
            return cls(**given)
        except (ValueError, OverflowError) as error:
            self.note(place, str(error))
            return None
