"""Spans on their way to a collector, over OTLP and HTTP."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SpanEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from agentkit.causes import Tracing, step_span, traced
from agentkit.errors import AgentkitError, PeerError
from agentkit.events import Base, Ref, RunEnded, RunStarted, StepEnded, StepStarted
from agentkit.log import LOGGER, Log
from agentkit.protocols.otel.spans import SpanData, Spans

BATCH = 512
"""Spans of one request."""

TIMEOUT_S = 10.0

SCHEMA = "https://opentelemetry.io/schemas/1.44.0"


PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
)
"""Variables by which the SDK takes its session from elsewhere."""


class Staying(requests.Session):
    """Goes to the collector that was named, and nowhere that it sends on to.

    Spans, and headers that may be keys, are for that one alone.
    """

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        answer = super().send(request, **{**more, "allow_redirects": False})
        if 300 <= answer.status_code < 400:  # The SDK would take it for success.
            raise requests.TooManyRedirects("it sends on to another place, which was not followed")
        return answer


class Exported(NamedTuple):
    """What was sent."""

    spans: int
    trace: str
    """Its id, by which a viewer finds it."""
    open: int
    """Spans that have not ended, which are not sent: the run goes on, or was cut off."""


def exporter_for(
    endpoint: str = "", headers: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
) -> OTLPSpanExporter:
    """An exporter; without an endpoint the one that OTEL_EXPORTER_OTLP_ENDPOINT names."""
    path = "/v1/traces"
    url = endpoint.rstrip("/") if endpoint else None
    url = url if url is None or url.endswith(path) else url + path
    session = None if any(os.environ.get(one) for one in PROVIDERS) else Staying()
    sent = dict(headers or {}) or None
    return OTLPSpanExporter(endpoint=url, headers=sent, timeout=timeout_s, session=session)


def readable(data: SpanData, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """A span as the SDK has it, with the ids that it is to have."""
    status = Status(StatusCode.ERROR, data.why or None) if data.failed else Status()
    return ReadableSpan(
        name=data.name,
        context=context(data.trace, data.span),
        parent=context(data.trace, data.parent) if data.parent else None,
        resource=resource,
        attributes=data.attributes,
        events=[SpanEvent(n, attributes=a, timestamp=nanos(at)) for n, at, a in data.events],
        links=[Link(context(t, s), {"agentkit.link": what}) for t, s, what in data.links],
        kind=SpanKind.CLIENT if data.client else SpanKind.INTERNAL,
        status=status,
        start_time=nanos(data.begin),
        end_time=nanos(data.end),
        instrumentation_scope=scope,
    )


def context(trace: str, span: str) -> SpanContext:
    """The ids of a span."""
    return SpanContext(int(trace, 16), int(span, 16), False, TraceFlags(TraceFlags.SAMPLED))


def nanos(at: float) -> int:
    """A time as OpenTelemetry has it."""
    return max(0, round(at * 1e9))


def origin(service: str) -> tuple[Resource, InstrumentationScope]:
    """Who says it."""
    version = str(getattr(sys.modules.get("agentkit"), "__version__", "0"))
    resource = Resource.create({"service.name": service} if service else {})
    return resource, InstrumentationScope("agentkit", version, SCHEMA)


class StepOrigins:
    """Where the steps are that other runs recorded."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._known: dict[str, dict[int, tuple[str, str]]] = {}

    def __call__(self, ref: Ref) -> tuple[str, str] | None:
        """Trace and span of a step; None where its run cannot be read."""
        if ref.run not in self._known:
            self._known[ref.run] = self._read(ref.run)
        return self._known[ref.run].get(ref.seq)

    def _read(self, run: str) -> dict[int, tuple[str, str]]:
        found: dict[int, tuple[str, str]] = {}
        attempts: dict[str, int] = {}
        trace = ""
        try:
            for event in self.log.read(run):
                match event:
                    case RunStarted():
                        trace = trace or traced(event)
                    case StepStarted():
                        attempts[event.key] = event.attempt
                    case StepEnded():
                        span = step_span(run, event.key, attempts.get(event.key, 1))
                        found[event.seq] = trace, span
        except AgentkitError:
            pass
        return found


def export(
    log: Log,
    run: str,
    *,
    endpoint: str = "",
    headers: Mapping[str, str] | None = None,
    content: bool = False,
    service: str = "",
    timeout_s: float = TIMEOUT_S,
    exporter: SpanExporter | None = None,
) -> Exported:
    """Send the spans of a run that is recorded. A second time the same spans are sent.

    Args:
        log: where it is.
        run: its id.
        endpoint: of a collector, "http://127.0.0.1:4318"; by default as the variables
            OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS say.
        headers: such as {"Authorization": "Bearer …"}.
        content: whether what was said goes along: tasks, answers, arguments, results, errors.
        service: `service.name`; by default as OTEL_SERVICE_NAME says.
        timeout_s: of one request.
        exporter: another one of the SDK's.

    Raises:
        UnknownRun: there is none of that id.
        PeerError: the collector cannot be reached, or refuses.
    """
    spans = Spans(content=content, reused=StepOrigins(log))
    found = [one for event in log.read(run) for one in spans.take(event)]
    sender = exporter or exporter_for(endpoint, headers, timeout_s)
    try:
        sent(sender, found, service)
    finally:
        if exporter is None:
            sender.shutdown()
    return Exported(len(found), spans.trace if spans.start is not None else "", spans.open)


def sent(exporter: SpanExporter, found: list[SpanData], service: str) -> None:
    """Send spans.

    Raises:
        PeerError: they did not arrive, as far as is known.
    """
    resource, scope = origin(service)
    for first in range(0, len(found), BATCH):
        batch = [readable(one, resource, scope) for one in found[first : first + BATCH]]
        if exporter.export(batch) is not SpanExportResult.SUCCESS:
            where = getattr(exporter, "_endpoint", "")
            raise PeerError(
                f"The collector{f' at {where}' if where else ''} took no spans;"
                f" {first} of {len(found)} were sent.",
                expected="an OTLP receiver over HTTP, such as http://127.0.0.1:4318",
                todo="look whether it runs, and at OTEL_EXPORTER_OTLP_ENDPOINT; send again:"
                " no span is doubled",
            )


class Exporting:
    """Sends the spans of runs as they end, from a thread of its own, until it is closed."""

    def __init__(self, log: Log, exporter: SpanExporter, content: bool, service: str) -> None:
        self.log, self.content = log, content
        self._reused = StepOrigins(log)
        self._processor = BatchSpanProcessor(exporter)
        self._resource, self._scope = origin(service)
        self._runs: dict[str, Spans] = {}
        self._lock = threading.Lock()
        self._leave = log.subscribe(self._happened, what="run")
        Tracing.exporters += 1
        self._open = True

    def _happened(self, items: list[Any]) -> None:
        """Take events; nothing that fails here may reach who writes them."""
        with self._lock:
            for item in items:
                if isinstance(item, Base):
                    try:
                        self._take(item)
                    except Exception as error:
                        LOGGER.warning("a span of %s was not told", item.run, exc_info=error)

    def _take(self, event: Any) -> None:
        spans = self._runs.get(event.run)
        if spans is None:
            spans = self._runs[event.run] = Spans(content=self.content, reused=self._reused)
            if event.seq > 1:
                # It goes on, and what was before says what belongs to what.
                for earlier in self.log.read(event.run, upto=event.seq - 1):
                    spans.take(earlier)
        for one in spans.take(event):
            self._processor.on_end(readable(one, self._resource, self._scope))
        if isinstance(event, RunEnded):
            self._runs.pop(event.run, None)

    def flush(self, timeout_s: float = TIMEOUT_S) -> bool:
        """Send what has ended; whether it was sent in time."""
        return bool(self._processor.force_flush(round(timeout_s * 1000)))

    def close(self) -> None:
        """Send the rest, and follow no run any more."""
        if self._open:
            self._open = False
            Tracing.exporters -= 1
        self._leave()
        with self._lock:
            for run, spans in list(self._runs.items()):
                # What was made durable in another thread may not have been told yet.
                for event in self.log.read(run, after=spans.seq):
                    self._take(event)
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Exporting({self.log.url}, {len(self._runs)} runs under way)"


def exporting(
    log: Log,
    *,
    endpoint: str = "",
    headers: Mapping[str, str] | None = None,
    content: bool = False,
    service: str = "",
    timeout_s: float = TIMEOUT_S,
    exporter: SpanExporter | None = None,
) -> Exporting:
    """Send spans of all runs of a log in this process, as they end; see `export`.

    A collector that is slow or gone holds nothing up: spans wait, and the oldest are dropped when
    too many do. Send such a run again with `export`.
    """
    sender = exporter or exporter_for(endpoint, headers, timeout_s)
    return Exporting(log, sender, content, service)
