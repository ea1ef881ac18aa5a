"""The OpenAPI description: what the framework cannot know is added to what it can.

That errors are problems, which media types answers and bodies have, how a key is sent, where a
job's id comes from, and, once the engine is open, which tasks there are.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from service.auth.policy import is_open
from service.errors import MEDIA_TYPE
from service.photo.formats import FORMATS
from service.problems import ProblemBody
from service.tasks import Tasks

PROBLEM = "ProblemBody"
EVENTS = "text/event-stream"
METRICS = ("text/plain", "application/openmetrics-text")
BUNDLES = ("application/zip", "application/x-tar")
BYTES = "application/octet-stream"
IMAGES = tuple(form.content_type for form in FORMATS.values())

# What a success may be, where it is not the JSON that the framework takes it for.
ANSWERS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("post", "/restore"): {"200": (*IMAGES, EVENTS), "202": ("application/json",)},
    ("get", "/restorations/{id}"): {"200": IMAGES, "202": ("application/json",)},
    ("get", "/restorations/{id}/events"): {"200": (EVENTS,)},
    ("get", "/restorations/{id}/consistency"): {
        "200": ("application/json",),
        "202": ("application/json",),
    },
    ("get", "/restorations/{id}/invention"): {
        "200": ("image/webp",),
        "202": ("application/json",),
    },
    ("get", "/metrics"): {"200": METRICS},
    ("get", "/jobs/{id}/events"): {"200": (EVENTS,)},
    ("get", "/jobs/{id}/results"): {"200": BUNDLES},
    ("get", "/jobs/{id}/bag"): {"200": BUNDLES},
    ("get", "/jobs/{id}/results/{name}"): {"200": IMAGES, "206": IMAGES, "303": (), "304": ()},
    ("get", "/jobs/{id}/inputs/{name}"): {"200": (*IMAGES, BYTES)},
    ("put", "/jobs/{id}/photos/{name}"): {
        "200": ("application/json",),
        "201": ("application/json",),
    },
}
BODIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("post", "/restore"): (BYTES,),
    ("put", "/jobs/{id}/photos/{name}"): (BYTES,),
    ("put", "/jobs/{id}/archive"): BUNDLES,
    ("post", "/jobs/{id}/manifest"): ("text/csv", "application/x-ndjson"),
}
FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "binary", "description": "The photo."},
        "mask": {"type": "string", "format": "binary", "description": "White: repair here."},
    },
    "required": ["image"],
}


def describe(app: FastAPI, *, guarded: bool) -> None:
    """Have `app` tell the whole description; `guarded`: that it asks for keys."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, guarded)
        if tasks := getattr(app.state, "tasks", None):
            _name_tasks(app.openapi_schema, tasks)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way


def _described(app: FastAPI, guarded: bool) -> dict[str, Any]:
    told = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    parts = told.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas[PROBLEM] = TypeAdapter(ProblemBody).json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            _complete(operation, (method, path))
            if guarded and not is_open(path):
                operation["security"] = [{"key": []}]
    _link(told["paths"])
    if guarded:
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return told


def _complete(operation: dict[str, Any], address: tuple[str, str]) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    for status, media_types in ANSWERS.get(address, {}).items():
        answers[status] = _answer(answers.get(status, {}), media_types)
    for family, words in (("4XX", "The caller's to mend."), ("5XX", "The service's to mend.")):
        schema = {"$ref": f"#/components/schemas/{PROBLEM}"}
        answers[family] = {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}
    if address in BODIES:
        content: dict[str, Any] = {kind: _bytes() for kind in BODIES[address]}
        if address == ("post", "/restore"):
            content["multipart/form-data"] = {"schema": FORM}
        operation["requestBody"] = {"required": True, "content": content}


def _link(paths: dict[str, Any]) -> None:
    """Say that the id of what is below a job, and a photo's name, are those of earlier answers."""
    job = {"id": "$response.body#/id"}
    photo = {"id": "$request.path.id", "name": "$response.body#/name"}
    of_job = {path: job for path in paths if path.startswith("/jobs/{id}") and "{name}" not in path}
    of_photo = {path: photo for path in paths if path.endswith(("photos/{name}", "inputs/{name}"))}
    for source, targets in (
        (paths["/jobs"]["post"], of_job),
        (paths["/jobs/{id}/photos/{name}"]["put"], of_photo),
    ):
        source["responses"]["201"]["links"] = {
            operation["operationId"]: {
                "operationId": operation["operationId"],
                "parameters": given,
            }
            for path, given in targets.items()
            for operation in paths[path].values()
        }


def _name_tasks(told: dict[str, Any], tasks: Tasks) -> None:
    """Those of now: networks come and go while the service runs."""
    names = [task["task"] for task in tasks.document()["tasks"]]
    for parameter in told["paths"]["/restore"]["post"]["parameters"]:
        if parameter["name"] == "task":
            parameter["schema"]["enum"] = names
    told["components"]["schemas"]["OutputSpec"]["properties"]["task"]["enum"] = names


def _answer(answer: dict[str, Any], media_types: Iterable[str]) -> dict[str, Any]:
    known = answer.get("content", {})
    content = {
        kind: known.get(kind, {}) if kind in ("application/json", EVENTS) else _bytes()
        for kind in media_types
    }
    return {"description": answer.get("description", "Done."), "content": content}


def _bytes() -> dict[str, Any]:
    return {"schema": {"type": "string", "format": "binary"}}
