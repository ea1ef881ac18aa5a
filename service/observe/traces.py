"""Traces: spans of OpenTelemetry from a request through the queue to the engine, or nothing at all.

`Traces` is what a service without a collector has: every call is empty. `open_traces` gives one
whose spans go to an OTLP collector. A span's parent is the innermost span around it, which stands
in a context variable of ours as a W3C `traceparent`; so it crosses Redis and gRPC as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from service.observe.context import traceparent

if TYPE_CHECKING:  # the extra `traces`
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client", "consumer"]


class Span:
    """Work under way. This one tells nobody."""

    def set(self, **attributes: Attribute) -> None:
        """Add attributes; `__` in a name stands for a dot."""

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""

    def event(self, name: str, **attributes: Attribute) -> None:
        """Note a moment in it."""

    def fail(self, kind: str) -> None:
        """Say that it failed, and as what."""


_NOTHING = Span()


class Traces:
    """No traces: nothing is made, nothing is sent."""

    def span(
        self,
        name: str,  # noqa: ARG002
        kind: Kind = "internal",  # noqa: ARG002
        *,
        parent: str | None = None,  # noqa: ARG002
        **given: Attribute,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        """A span as long as the block; `parent` is a traceparent from elsewhere."""
        return nullcontext(_NOTHING)


class _Told(Span):
    """A span of OpenTelemetry."""

    def __init__(self, span: "OtelSpan") -> None:
        self._span = span

    def set(self, **attributes: Attribute) -> None:
        self._span.set_attributes(_dotted(attributes))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def event(self, name: str, **attributes: Attribute) -> None:
        self._span.add_event(name, _dotted(attributes))

    def fail(self, kind: str) -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 -- the extra `traces`

        self._span.set_status(StatusCode.ERROR)
        self._span.set_attribute("error.type", kind)


class OtlpTraces(Traces):
    """Spans to a collector."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer("rialto")

    def span(
        self, name: str, kind: Kind = "internal", *, parent: str | None = None, **given: Attribute
    ) -> AbstractContextManager[Span]:
        """A span as long as the block, failed where the block raises."""
        return self._span(name, kind, parent or traceparent.get(), _dotted(given))

    @contextmanager
    def _span(
        self, name: str, kind: Kind, parent: str, given: Mapping[str, Attribute]
    ) -> Iterator[Span]:
        from opentelemetry.context import Context  # noqa: PLC0415
        from opentelemetry.trace import SpanKind  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        # Explicit contexts: spans live in async generators, which OpenTelemetry's own cannot leave.
        carrier = {"traceparent": parent} if parent else {}
        context = TraceContextTextMapPropagator().extract(carrier, Context())
        span = self._tracer.start_span(name, context, SpanKind[kind.upper()], given)
        of = span.get_span_context()
        before = traceparent.get()
        traceparent.set(f"00-{of.trace_id:032x}-{of.span_id:016x}-{of.trace_flags:02x}")
        told = _Told(span)
        try:
            yield told
        except BaseException as error:
            told.fail(type(error).__name__)
            raise
        finally:
            traceparent.set(before)
            span.end()


@asynccontextmanager
async def open_traces(endpoint: str, ratio: float, service: str) -> AsyncIterator[Traces]:
    """Traces of `service` to an OTLP/HTTP collector at `endpoint`; with none, no traces.

    ratio   of traces that begin here and are kept; a caller's own decision stands before it
    Raises ModuleNotFoundError without the extra `traces`.
    """
    if not endpoint:
        yield Traces()
        return
    provider = _provider(endpoint, ratio, service)
    try:
        yield OtlpTraces(provider)
    finally:
        await asyncio.to_thread(provider.shutdown)  # sends what is left


def _provider(endpoint: str, ratio: float, service: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    resource = Resource.create({"service.name": service})
    provider = TracerProvider(
        resource=resource, sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _dotted(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {name.replace("__", "."): value for name, value in attributes.items()}
