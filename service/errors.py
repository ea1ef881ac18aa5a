"""Everything that goes wrong, as one shape: RFC 9457 problem+json, for every route.

What nobody expected is answered in `requests`, around everything, as an InternalError.
"""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Match

from service.problems import Problem, ProblemBody

MEDIA_TYPE = "application/problem+json"


class BadParameter(Problem):
    """A parameter that is missing, of the wrong type, or out of range."""

    status = 422
    slug = "bad-parameter"
    title = "A parameter is not as it should be"


class NotFound(Problem):
    """No such address."""

    status = 404
    slug = "not-found"
    title = "There is nothing at this address"


class MethodNotAllowed(Problem):
    """The address exists, the method does not."""

    status = 405
    slug = "method-not-allowed"
    title = "This address does not take that method"


class BadRequest(Problem):
    """HTTP that cannot be understood, or a body that ended early."""

    status = 400
    slug = "bad-request"
    title = "The request cannot be understood"


class InternalError(Problem):
    """A mistake of ours; the log knows more under the request id."""

    status = 500
    slug = "internal-error"
    title = "Something went wrong inside"


_BY_STATUS: dict[int, type[Problem]] = {404: NotFound, 405: MethodNotAllowed}


def problem_body(problem: Problem, path: str, request_id: str) -> ProblemBody:
    """The body that tells of `problem`."""
    return ProblemBody(
        type=f"/problems/{problem.slug}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        instance=path,
        request_id=request_id,
    )


def problem_reply(request: Request, problem: Problem) -> JSONResponse:
    """`problem` as an answer."""
    body = problem_body(problem, request.url.path, request.state.request_id)
    document = {**body.model_dump(), **problem.members}
    return JSONResponse(document, problem.status, problem.headers, MEDIA_TYPE)


def every_problem(family: type[Problem] = Problem) -> dict[str, type[Problem]]:
    """All problems that this process can answer with, by slug."""
    found: dict[str, type[Problem]] = {}
    for kind in family.__subclasses__():
        if isinstance(getattr(kind, "slug", None), str):
            found[kind.slug] = kind
        found.update(every_problem(kind))
    return found


def _methods(request: Request) -> set[str]:
    """Of an address: each is a route of its own, and the framework names the first one's alone."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return found


def install(app: FastAPI) -> None:
    """Answer every failure of `app` in the one shape."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        return problem_reply(request, problem)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()]
        return problem_reply(request, BadParameter("; ".join(faults) + "."))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        kind = _BY_STATUS.get(error.status_code, BadRequest)
        reply = problem_reply(
            request, kind(f"{request.method} {request.url.path}: {error.detail}.")
        )
        if error.status_code == MethodNotAllowed.status:
            reply.headers["Allow"] = ", ".join(sorted(_methods(request)))
        return reply

    @app.exception_handler(ClientDisconnect)
    async def _gone(request: Request, _: ClientDisconnect) -> JSONResponse:
        return problem_reply(request, BadRequest("The body ended before it was complete."))
