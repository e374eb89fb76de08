"""The JSON form of scenarios: versioned, and checked place by place when it is read.

Types are strict: `"2"` is no number and `true` no whole number. A file is at most `MOST_BYTES`
large and holds at most `MOST_READ` changes; each change checks its own range.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from dataclasses import Field as DataclassField
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails

from allocator.errors import UsageError
from allocator.models import Policy, Settings, SolverName
from allocator.scenario.change import Change
from allocator.scenario.changes import KINDS

FORMAT = "allocator-console-scenario"
FILE_VERSION = 1
MOST_BYTES = 8 * 2**20
MOST_READ = 10_000
MOST_IDS = 100_000
LONGEST_TEXT = 10_000
MOST_TOLD = 20
"""More problems than this are counted instead of told."""


def change_as_dict(change: Change) -> dict[str, Any]:
    """A change as JSON-ready values, sets as sorted lists."""
    row: dict[str, Any] = {"kind": change.kind}
    for item in fields(change):
        value = getattr(change, item.name)
        row[item.name] = sorted(value) if isinstance(value, frozenset) else value
    return row


def whole_file(content: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario's content under its format and version."""
    return {"format": FORMAT, "version": FILE_VERSION, **content}


def write_scenario(whole: Mapping[str, Any]) -> str:
    """The text of a scenario file."""
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def parse_scenario(source: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a scenario from a file's text or its content; UsageError lists every place."""
    read: _File = _validated(_FILE, source)
    return {
        "name": read.name,
        "author": read.author,
        "run": read.run,
        "fingerprint": read.fingerprint,
        "settings": read.settings,
        "changes": tuple(read.changes),
    }


def changes_from(rows: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Changes from the dicts of an audit or scenario row; UsageError lists every wrong place."""
    return tuple(_validated(_CHANGES, {"changes": list(rows)}).changes)


def some_of(problems: Sequence[str]) -> str:
    """The first problems as one text, and how many more there are."""
    more = len(problems) - MOST_TOLD
    words = [*problems[:MOST_TOLD], *([f"And {more:,} more."] if more > 0 else [])]
    return " ".join(words)


# -- what a file may hold -------------------------------------------------------------------


class _Row(BaseModel):
    """Strict types, nothing unknown, no infinities."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def _storable(text: str) -> str:
    """Text that PostgreSQL can keep."""
    if "\0" in text:
        raise ValueError("must be text without a NUL character")
    return text


_Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_storable)]
_Ids = Annotated[frozenset[_Text], Field(max_length=MOST_IDS)]
_Pairs = Annotated[tuple[tuple[_Text, _Text], ...], Field(max_length=MOST_IDS)]
_READ_AS: dict[object, object] = {
    str: _Text,
    str | None: _Text | None,
    frozenset[str]: _Ids,
    tuple[tuple[str, str], ...]: _Pairs,
}
"""Type of a dataclass's field → what is read for it, where it differs."""


def _read_as(cls: type[Any], **more: Any) -> Any:
    """A type that reads an object's values strictly and makes the dataclass of them."""
    hints = get_type_hints(cls)
    own = [item for item in fields(cls) if item.name in hints]
    for item in own:
        more[item.name] = (_READ_AS.get(hints[item.name], hints[item.name]), _default(item))
    model = create_model(cls.__name__, __base__=_Row, **more)

    def made(row: Any) -> Any:
        given = {item.name for item in own} & row.model_fields_set
        return cls(**{name: getattr(row, name) for name in given})

    return Annotated[model, AfterValidator(made)]


def _default(item: DataclassField[Any]) -> Any:
    if item.default_factory is not MISSING:
        return Field(default_factory=item.default_factory)
    return ... if item.default is MISSING else item.default


def _kind(row: object) -> str | None:
    kind = row.get("kind") if isinstance(row, Mapping) else None
    return kind if isinstance(kind, str) else None


if TYPE_CHECKING:
    _ReadChange: TypeAlias = Change
    _ReadSettings: TypeAlias = Settings
else:
    _ROWS = [Annotated[_read_as(c, kind=(Literal[k], ...)), Tag(k)] for k, c in KINDS.items()]
    _ReadChange = Annotated[reduce(or_, _ROWS), Discriminator(_kind)]
    _ReadSettings = _read_as(Settings)


class _Changes(_Row):
    changes: Annotated[list[_ReadChange], Field(max_length=MOST_READ)] = []


class _File(_Changes):
    format: Literal["allocator-console-scenario"]
    version: Literal[1]
    name: Annotated[_Text, Field(min_length=1)]
    author: _Text = ""
    run: _Text = ""
    fingerprint: _Text = ""
    settings: _ReadSettings = Settings()


_FILE, _CHANGES = TypeAdapter(_File), TypeAdapter(_Changes)


# -- reading, and saying what is wrong -------------------------------------------------------


def _validated(adapter: TypeAdapter[Any], source: str | bytes | Mapping[str, Any]) -> Any:
    try:
        text = json.dumps(source) if isinstance(source, Mapping) else source
        if len(text) > MOST_BYTES:
            raise _unreadable([f"The file is larger than {MOST_BYTES // 2**20} MB."])
        return adapter.validate_json(text)
    except RecursionError as error:
        raise _unreadable(["The file is nested too deep."]) from error
    except ValidationError as error:
        details = error.errors(include_url=False)
        # A file of another format or version is wrong as a whole.
        other = [e for e in details if e["loc"] in ((), ("format",))] or [
            e for e in details if e["loc"] == ("version",)
        ]
        raise _unreadable([_problem(detail) for detail in other or details]) from None


def _unreadable(problems: list[str]) -> UsageError:
    return UsageError(
        f"The scenario file cannot be read. {some_of(problems)}",
        remedy="Mend the file, or export the scenario again.",
        problems=tuple(problems),
    )


def _problem(detail: ErrorDetails) -> str:
    """One problem as a sentence that begins with its place, e.g. `Change 2 (pin), job line`."""
    if detail["type"] == "json_invalid":
        if "recursion" in detail["ctx"]["error"]:
            return "The file is nested too deep."
        return f"The file is not JSON: {detail['ctx']['error']}."
    loc = detail["loc"]
    if loc in ((), ("format",)):
        return f"Format: must be “{FORMAT}”; this is not a scenario file."
    if loc == ("version",):
        return f"Version: must be {FILE_VERSION}; a newer console wrote this file."
    place = [str(part).replace("_", " ") for part in loc if isinstance(part, str)]
    in_list = isinstance(loc[-1], int) and len(loc) > 2
    if loc[0] == "changes" and len(loc) > 1:
        kind = f" ({loc[2]})" if len(loc) > 2 else ""
        place = [f"Change {int(loc[1]) + 1}{kind}", *place[2:]]
    else:
        place[0] = place[0].capitalize()
    complaint = "must be a list of ids" if in_list else _COMPLAINTS.get(detail["type"], _said)
    return f"{', '.join(place)}: {complaint if isinstance(complaint, str) else complaint(detail)}."


def _said(detail: ErrorDetails) -> str:
    """What our own check said, or pydantic's words where there are none of ours."""
    words = detail["msg"].removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def _choices(detail: ErrorDetails) -> str:
    of = {"policy": Policy, "solver": SolverName}[str(detail["loc"][-1])]
    return f"must be one of {', '.join(of)}"


def _kinds(detail: ErrorDetails) -> str:
    if not isinstance(detail["input"], Mapping):
        return "must be an object"
    return f"its kind must be one of {', '.join(KINDS)}"


_COMPLAINTS: dict[str, str | Callable[[ErrorDetails], str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "string_type": "must be text",
    "too_short": "is missing",
    "string_too_long": f"must be at most {LONGEST_TEXT:,} characters long",
    "int_type": "must be a whole number",
    "int_parsing_size": "is too large",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "enum": _choices,
    "union_tag_invalid": _kinds,
    "union_tag_not_found": _kinds,
    "list_type": "must be a list",
    "frozen_set_type": "must be a list of ids",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "too_long": lambda detail: f"holds more than {detail['ctx']['max_length']:,} entries",
}
"""Kind of pydantic's error → what a coordinator reads."""
