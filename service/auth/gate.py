"""The gate: around the whole service, every request gets a caller or a refusal."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth.caller import Caller
from service.auth.guard import Guard
from service.auth.limiter import Admission
from service.auth.policy import is_open, scope_of
from service.auth.refusals import ScopeMissing, TooManyRequests
from service.errors import problem_reply
from service.problems import Problem


class Gate:
    """Middleware. It finds the guard in the lifespan's state, and leaves the caller there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http" or is_open(scope["path"]):
            await self.app(scope, receive, send)
            return
        guard: Guard = scope["state"]["guard"]
        try:
            caller = await guard.caller(scope["method"], Headers(scope=scope))
            scope["state"]["caller"] = caller
            _check_scope(caller, scope["path"])
            async with guard.limiter.counted(caller) as admission:
                fields = admission.fields(caller.limits)
                if admission.word != "ok":
                    fields["Retry-After"] = str(_wait_s(admission))
                    await _refuse(scope, receive, send, _too_many(admission, caller), fields)
                    return
                await self.app(scope, receive, _marking(send, fields))
        except Problem as problem:
            await _refuse(scope, receive, send, problem, {})


def _check_scope(caller: Caller, path: str) -> None:
    needed = scope_of(path)
    if not caller.may(needed):
        raise ScopeMissing(f"It needs the scope {needed}. Ask the operator for such a key.")


def _too_many(admission: Admission, caller: Caller) -> TooManyRequests:
    limits = caller.limits
    if admission.word == "rate":
        problem = TooManyRequests(
            f"The limit is {limits.requests} requests in {limits.seconds} seconds."
            f" Try again in {_wait_s(admission)} seconds."
        )
    else:
        problem = TooManyRequests(
            f"The limit is {limits.in_flight} at a time. Let some of them end."
        )
    problem.members["violated-policies"] = [admission.violated]  # the draft's own word
    return problem


def _wait_s(admission: Admission) -> int:
    return max(admission.wait_s, 1) if admission.word == "rate" else 1


async def _refuse(
    scope: Scope, receive: Receive, send: Send, problem: Problem, fields: dict[str, str]
) -> None:
    reply = problem_reply(Request(scope), problem)
    reply.headers.update(fields)
    if isinstance(problem, ScopeMissing):
        needed = scope_of(scope["path"])
        reply.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed}"'
    await reply(scope, receive, send)


def _marking(send: Send, fields: dict[str, str]) -> Send:
    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            # Of a window that may end later than Retry-After, nothing is told (draft, section 6).
            left_out = {"RateLimit"} if "retry-after" in headers else set[str]()
            headers.update({name: fields[name] for name in fields.keys() - left_out})
        await send(message)

    return send_marked
