"""`rialto keys`: API keys made, listed, rotated and revoked, where the service's Redis is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from getpass import getuser
from pathlib import Path
from time import gmtime, strftime, time
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:  # a command loads what it needs when it runs
    from service.auth.key import ApiKey
    from service.auth.store import KeyStore
    from service.settings import Settings

T = TypeVar("T")
keys = typer.Typer(no_args_is_help=True, help="API keys: make, list, rotate, revoke.")

Name = Annotated[str, typer.Argument(help="Whose key: lower case, digits and dashes.")]
Days = Annotated[float | None, typer.Option(min=0, help="Days until it expires; else it stays.")]


@keys.command()
def create(
    name: Name,
    scope: Annotated[
        list[str], typer.Option(help="restore, jobs, metrics or admin; several times.")
    ] = ["restore", "jobs"],  # noqa: B006 -- Typer's way to a list
    requests: Annotated[int, typer.Option(min=0, help="Requests a window; 0: any number.")] = 3000,
    seconds: Annotated[int, typer.Option(min=1, help="The window.")] = 60,
    in_flight: Annotated[int, typer.Option(min=0, help="Requests at a time; 0: any number.")] = 64,
    days: Days = None,
) -> None:
    """Make a key and print it, once: nobody can show it again."""
    from service.auth.caller import Limits  # noqa: PLC0415

    async def work(store: "KeyStore") -> str:
        limits = Limits(requests=requests, seconds=seconds, in_flight=in_flight)
        key, token = await store.create(name, frozenset(scope), limits, days)  # type: ignore[arg-type]
        _say(key)
        return token

    print(_run("create", name, work))


@keys.command("list")
def list_keys() -> None:
    """Every key: id, name, scopes, limits, when it was made and when it ends."""

    async def work(store: "KeyStore") -> list["ApiKey"]:
        return await store.all()

    for key in _run("list", "-", work):
        limits = key.limits
        ends = "stays" if key.expires_at is None else _when(key.expires_at)
        state = "" if key.is_live(time()) else " (expired)"
        bound = f"{limits.requests}/{limits.seconds}s, {limits.in_flight} at a time"
        scopes = ",".join(sorted(key.scopes))
        print(f"{key.id}  {key.name}  {scopes}  {bound}  {_when(key.created_at)}  {ends}{state}")


@keys.command()
def rotate(
    name: Name,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="Hours for which the old key opens too.")
    ] = 24,
    days: Days = None,
) -> None:
    """Make a second key like the first and print it; the first ends after a while."""

    async def work(store: "KeyStore") -> str:
        old, new, token = await store.rotate(name, overlap_hours * 3600, days)
        ends = _when(old.expires_at or 0)
        typer.echo(f"{old.id} ends at {ends}; jobs stay {new.name}'s", err=True)
        _say(new)
        return token

    print(_run("rotate", name, work))


@keys.command()
def revoke(
    name: Annotated[str, typer.Argument(help="A key's id, or a name: all its keys.")],
) -> None:
    """End a key at once."""

    async def work(store: "KeyStore") -> None:
        for key in await store.revoke(name):
            typer.echo(f"{key.id} of {key.name} opens nothing any more", err=True)

    _run("revoke", name, work)


def _run(verb: str, whom: str, work: "Callable[[KeyStore], Awaitable[T]]") -> T:
    """`work` on the service's keys, written down in its audit log. Exit 2 where it is refused."""
    from pydantic import ValidationError  # noqa: PLC0415

    from service.auth.store import KeyRefused  # noqa: PLC0415
    from service.settings import UnknownSetting, read_settings  # noqa: PLC0415
    from service.valkey import ValkeyAway, ValkeyFailed  # noqa: PLC0415

    async def with_store(settings: "Settings") -> T:
        async with _store(settings, settings.data_folder().absolute() / "valkey") as store:
            return await work(store)

    try:
        settings = read_settings()
        done = asyncio.run(with_store(settings))
    except (KeyRefused, UnknownSetting, ValidationError, ValkeyAway, ValkeyFailed) as error:
        typer.echo(f"rialto keys {verb}: {error}", err=True)
        raise typer.Exit(2) from error
    _write_down(settings, verb, whom)
    return done


@asynccontextmanager
async def _store(settings: "Settings", folder: Path) -> AsyncIterator["KeyStore"]:
    """The keys in RIALTO_REDIS_URL, else in the service's own Valkey, running or not."""
    from service.auth.store import KeyStore  # noqa: PLC0415
    from service.valkey import embedded_valkey, open_redis  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        url = settings.redis_url or await _running(folder)
        url = url or await stack.enter_async_context(embedded_valkey(folder))
        yield KeyStore(await stack.enter_async_context(open_redis(url)))


async def _running(folder: Path) -> str:
    """The URL of a service's own Valkey that answers; empty where none does."""
    from redis.exceptions import RedisError  # noqa: PLC0415

    from service.valkey import open_redis  # noqa: PLC0415

    url = f"unix://{folder / 'valkey.sock'}"
    async with open_redis(url) as redis:
        try:
            return url if await redis.ping() else ""
        except RedisError:
            return ""


def _write_down(settings: "Settings", verb: str, whom: str) -> None:
    from service.auth.audit import AuditLog  # noqa: PLC0415

    if settings.audit_log and settings.audit_log != "-":
        log = AuditLog(settings.audit_log)
        log.write(who=f"operator {getuser()}", what=f"keys {verb} {whom}", outcome="done")
        log.close()


def _say(key: "ApiKey") -> None:
    typer.echo(f"{key.id} of {key.name}. Keep what follows; it is not shown again:", err=True)


def _when(seconds: float) -> str:
    return strftime("%Y-%m-%d %H:%M UTC", gmtime(seconds))
