"""Runs as spans of OpenTelemetry, after its conventions for generative AI.

    from agentkit.protocols.otel import export, exporting

    export(log, run_id, endpoint="http://127.0.0.1:4318")     # what is recorded
    with exporting(log, endpoint="http://127.0.0.1:4318"):    # what happens from now on
        await team(task)

The ids of spans are made from the run, so that a second export says the same once more. What was
said is left out, unless `content=True`.
"""

from __future__ import annotations

from agentkit.extras import missing_extra

try:
    import opentelemetry.exporter.otlp.proto.http
    import opentelemetry.sdk.trace  # noqa: F401
except ImportError as error:
    raise missing_extra(error) or error from error

from agentkit.protocols.otel.sending import Exported, Exporting, export, exporting
from agentkit.protocols.otel.spans import SpanData, Spans

__all__ = ["Exported", "Exporting", "SpanData", "Spans", "export", "exporting"]
