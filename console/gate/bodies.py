"""What the HTTP triggers take and answer: models, strict reading, and their OpenAPI description."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.json_schema import models_json_schema

from allocator.errors import AllocatorError, UsageError
from allocator.jobs import JobSnapshot
from allocator.models import Settings
from allocator.solved import Solved

LARGEST_BODY = 16_384  # bytes
_LARGEST_SEED = 2**63 - 1  # what the database's columns hold


_RunId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Identity = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Request(BaseModel):
    """Every field has the JSON type that it says; there are no others."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    @model_validator(mode="after")
    def _has_possible_settings(self) -> _Request:
        self.settings()
        return self

    def settings(self) -> Settings:
        """The settings among the fields. Raises ValueError, which names the one out of range."""
        return Settings(**{f.name: getattr(self, f.name) for f in fields(Settings)})


def _of_settings() -> dict[str, Any]:
    """Each setting as a field, with its type and default from the one place that has them."""
    kinds = get_type_hints(Settings)
    bounded = {"seed": Field(Settings().seed, le=_LARGEST_SEED)}
    return {
        f.name: (kinds[f.name], bounded.get(f.name, getattr(Settings(), f.name)))
        for f in fields(Settings)
    }


_WithSettings = create_model("_WithSettings", __base__=_Request, **_of_settings())


class SolveRequest(_WithSettings):  # type: ignore[misc, valid-type]
    """Settings of a solve; `acknowledged` accepts the data errors that may be accepted."""

    acknowledged: bool = False


class PendingRequest(SolveRequest):
    """Settings of every solve; `accept_unproven` also commits what is not proven optimal.

    With `expect` only the runs that it names are solved, and each is committed only when the
    result is the one with this identity; another one is refused, and the run stays pending.
    """

    accept_unproven: bool = False
    expect: dict[_RunId, _Identity] | None = Field(
        None, description="run id → identity of the solve, as the run's job tells it"
    )


class JobAnswer(BaseModel):
    """A background job: its state, progress and outcome; no names of people."""

    state: str
    started_at: str
    elapsed_seconds: float
    phase: str | None
    status: str | None
    objective: float | None
    bound: float | None
    identity: str | None = Field(
        description="of an allocation that may be committed: what `expect` takes"
    )
    runs: dict[str, str] | None = Field(description="run id → what happened to it")
    error: str | None

    @classmethod
    def of(cls, job: JobSnapshot) -> JobAnswer:
        """A job for a program to read."""
        result, progress = job.result, job.progress
        identity = None
        if isinstance(result, Solved):
            identity = result.identity if result.result.is_checked else None
            result = result.result
        return cls(
            state=job.state.value,
            started_at=job.started_at.isoformat(),
            elapsed_seconds=round(job.elapsed, 3),
            phase=progress.phase.value if progress else None,
            status=getattr(result, "status", None),
            objective=getattr(result, "objective", None),
            bound=getattr(result, "bound", None),
            identity=identity,
            runs=result if isinstance(result, dict) else None,
            error=in_short(job.error) if job.error else None,
        )


class Accepted(BaseModel):
    """The work goes on in the background; ask for the run to see how far it is."""

    message: str
    run_id: str | None
    status: Literal["accepted"] = "accepted"
    job: JobAnswer


class RunAnswer(BaseModel):
    """Where a run stands, and the last job on it since the console started."""

    run_id: str
    state: Literal["pending", "completed"]
    completed_at: str | None
    job: JobAnswer | None


class PendingAnswer(BaseModel):
    """The last work on every pending run since the console started."""

    job: JobAnswer | None


class Problem(BaseModel):
    """Why it was not done, and what to do."""

    error: str
    remedy: str = ""


def in_short(error: AllocatorError) -> str:
    """What went wrong and what to do, without the facts of the case: they may name people."""
    return f"{(type(error).__doc__ or '').splitlines()[0]} {error.how}".strip()


R = TypeVar("R", bound=_Request)


def read_request(model: type[R], content: bytes) -> R:
    """The body as a model; an empty one is all defaults.

    Raises UsageError that names the first field that is wrong, never its value.
    """
    try:
        return model.model_validate_json(content if content.strip() else b"{}")
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
    known = ", ".join(model.model_fields)
    raise UsageError(_in_words(first), remedy=f"Fields are: {known}.")


def _in_words(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "json_invalid":
        return "The body is not JSON, or is nested too deeply."
    if not error["loc"]:
        reason = context.get("error")
        return f"The settings are not right: {reason}." if reason else "The body must be an object."
    name = str(error["loc"][0])[:40]
    if kind == "extra_forbidden":
        return f"The field {name!r} is unknown."
    if kind == "enum":
        return f"The field {name} must be one of {context['expected']}."
    return f"The field {name} {_KINDS.get(kind, 'is not right')}."


_KINDS = {
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "finite_number": "must be a number that is not endless",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large",
    "less_than_equal": "is too large",
    "string_type": "must be a text",
    "dict_type": "must be an object",
    "string_pattern_mismatch": "must name runs' ids and identities of solves, in small letters",
}


def openapi(version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 description of every address that takes the key."""
    models = (SolveRequest, PendingRequest, Accepted, RunAnswer, PendingAnswer, Problem)
    _, schema = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Any] = {}
    for base in ("/api/runs", "/runs"):
        paths[f"{base}/{{run_id}}/solve"] = {
            "post": _operation("Solve a pending run in the background", SolveRequest, _RUN_ID)
        }
        paths[f"{base}/process-pending"] = {
            "post": _operation("Solve and commit every pending run", PendingRequest)
        }
    paths["/api/runs/{run_id}"] = {
        "get": {
            "summary": "Where a run stands",
            "parameters": [_RUN_ID],
            "responses": {"200": _answer("The run", RunAnswer), **_problems("401", "404", "429")},
        }
    }
    paths["/api/runs/process-pending"]["get"] = {
        "summary": "How far the work on every pending run is, and what came of it",
        "responses": {"200": _answer("The work", PendingAnswer), **_problems("401", "429")},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Allocator Console", "version": version},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schema["$defs"],
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"}},
        },
    }


_RUN_ID = {
    "name": "run_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}


def _operation(summary: str, body: type[BaseModel], *parameters: Any) -> dict[str, Any]:
    problems = ("400", "401", "404", "409", "429", "503")
    return {
        "summary": summary,
        "parameters": list(parameters),
        "requestBody": {"required": False, "content": _content(body)},
        "responses": {
            "202": _answer("It goes on in the background", Accepted),
            **_problems(*problems),
        },
    }


def _problems(*statuses: str) -> dict[str, Any]:
    return {status: _answer("It was not done", Problem) for status in statuses}


def _answer(description: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": _content(model)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
