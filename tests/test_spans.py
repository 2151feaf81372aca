"""The log as OpenTelemetry's spans: read off it, in the SDK, and as a collector has them."""

import gzip
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from nbstream import (
    AIMessage,
    ChatLocal,
    InputError,
    RunnableLambda,
    ScriptedChat,
    Trace,
    tool,
)
from nbstream._secrets import Secret
from nbstream.messages import AIMessageChunk

KEY = "a-key-that-nobody-may-see-77"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def ask(text):
    """Call a model, then a tool, as an agent does."""
    ScriptedChat(["Let me", " see."]).invoke(text)
    return add.invoke(
        {"name": "add", "args": {"a": 1, "b": 2}, "id": "call_1", "type": "tool_call"}
    ).content


def agent():
    return RunnableLambda(ask, name="weather_agent")


def recorded():
    with Trace() as trace:
        agent().invoke("What is 1 + 2?")
    return trace


def only(trace, **options):
    (span,) = trace.spans(**options)
    return span


def test_spans_have_the_names_kinds_and_parents_of_the_conventions():
    outer, chat, call = recorded().spans()
    assert [span.name for span in (outer, chat, call)] == [
        "invoke_agent weather_agent",
        "chat ScriptedChat",
        "execute_tool add",
    ]
    assert [span.kind for span in (outer, chat, call)] == ["internal", "client", "internal"]
    assert outer.parent_id is None
    assert chat.parent_id == call.parent_id == outer.span_id
    assert len({span.trace_id for span in (outer, chat, call)}) == 1
    assert outer.attributes["gen_ai.agent.name"] == "weather_agent"
    assert call.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
    }


def test_a_models_span_has_what_it_used_and_why_it_ended():
    with Trace() as trace:
        ChatLocal(max_tokens=3).invoke("Hi")
    known = only(trace).attributes
    assert known["gen_ai.operation.name"] == "chat"
    assert known["gen_ai.provider.name"] == "local"
    assert known["gen_ai.response.model"] in known["gen_ai.request.model"]
    assert known["gen_ai.response.finish_reasons"] == ["max_tokens"]
    metrics = trace.metrics()
    assert known["gen_ai.usage.input_tokens"] == metrics.input_tokens > 0
    assert known["gen_ai.usage.output_tokens"] == metrics.output_tokens == 3
    assert known["gen_ai.request.stream"] is True
    assert known["gen_ai.response.time_to_first_chunk"] == metrics.first_token


def test_cached_and_reasoning_tokens_are_told_apart():
    trace = Trace()
    run = trace.start("ChatOpenAI", "chat_model", "Hi", model="gpt-5.5")
    usage = {
        "input_tokens": 9,
        "output_tokens": 5,
        "total_tokens": 14,
        "input_token_details": {"cache_read": 4, "cache_creation": 2},
        "output_token_details": {"reasoning": 3},
    }
    trace.log("end", run, AIMessage("Yes", usage_metadata=usage))
    known = only(trace).attributes
    assert known["gen_ai.provider.name"] == "openai"
    assert {name: known[name] for name in known if "usage" in name} == {
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_write.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 3,
    }
    assert "gen_ai.request.stream" not in known  # nothing streamed


def test_what_was_said_goes_along_only_where_it_is_asked_for():
    trace = recorded()
    bare = repr([span.attributes for span in trace.spans()])
    assert "What is" not in bare
    assert "see." not in bare
    outer, chat, call = trace.spans(content=True)
    assert json.loads(chat.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "What is 1 + 2?"}]}
    ]
    assert json.loads(chat.attributes["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Let me see."}],
            "finish_reason": "stop",
        }
    ]
    assert json.loads(call.attributes["gen_ai.tool.call.arguments"]) == {"a": 1, "b": 2}
    assert call.attributes["gen_ai.tool.call.result"] == "3"
    assert outer.attributes["input.value"] == "What is 1 + 2?"


def test_calls_and_their_answers_are_parts_of_the_messages():
    call = {"name": "add", "args": {"a": 1}, "id": "call_1"}
    history = [("system", "Be brief."), AIMessage("", tool_calls=[call])]
    trace = Trace()
    run = trace.start("ChatAnthropic", "chat_model", history, model="claude-opus-5-5")
    said = AIMessage("", tool_calls=[call], response_metadata={"stop_reason": "tool_use"})
    trace.log("end", run, said)
    known = only(trace, content=True).attributes
    part = {"type": "tool_call", "id": "call_1", "name": "add", "arguments": {"a": 1}}
    assert json.loads(known["gen_ai.input.messages"])[1] == {"role": "assistant", "parts": [part]}
    assert json.loads(known["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [part], "finish_reason": "tool_call"}
    ]


def test_a_failure_is_an_error_and_what_was_stopped_is_not():
    trace = Trace()
    failed = trace.start("ChatLocal", "chat_model", "Hi")
    trace.fail(failed, ValueError("The server is away."))
    stopped = trace.start("ChatLocal", "chat_model", "Hi")
    trace.fail(stopped, KeyboardInterrupt())
    going_on = trace.start("ChatLocal", "chat_model", "Hi")
    first, second = trace.spans()
    assert (first.status, first.description) == ("error", "The server is away.")
    assert first.attributes["error.type"] == "ValueError"
    assert (second.status, second.attributes["nbstream.stopped"]) == ("unset", True)
    assert going_on not in [span.run for span in trace.spans()]


def test_no_key_is_in_a_span():
    Secret(KEY)
    trace = Trace()
    run = trace.start(f"tool {KEY}", "tool", {"key": KEY})
    trace.log("error", run, ValueError(f"Refused: {KEY}"))
    meta = {"ls_provider": KEY, "thread_id": KEY, "ls_stop": [KEY]}
    run = trace.start(f"Chat{KEY}", "chat_model", KEY, metadata=meta, model=KEY)
    trace.log("end", run, AIMessage(KEY, id=KEY, response_metadata={"stop_reason": KEY}))
    exporter = InMemorySpanExporter()
    trace.to_otel(exporter, content=True)
    assert len(exporter.get_finished_spans()) == 2
    for span in exporter.get_finished_spans():
        assert "…" in span.name
        assert KEY not in span.to_json(), span.name
    assert KEY not in repr([(s.name, s.description, s.attributes) for s in trace.spans()])


def test_a_loaded_log_gives_the_same_spans():
    trace = recorded()
    again = Trace.from_jsonl(trace.to_jsonl())
    bare = [
        [(s.name, s.trace_id, s.span_id, s.parent_id) for s in t.spans()] for t in (trace, again)
    ]
    assert bare[0] == bare[1]
    for one, other in zip(trace.spans(content=True), again.spans(content=True), strict=True):
        assert one.attributes == other.attributes
        assert one.end - one.start == pytest.approx(other.end - other.start, abs=1e-5)


@pytest.mark.promise("README.md", "as OpenTelemetry spans")
def test_spans_that_come_live_are_those_that_come_afterwards():
    live, after = InMemorySpanExporter(), InMemorySpanExporter()
    with Trace() as trace, trace.to_otel(live, live=True) as export:
        agent().invoke("What is 1 + 2?")
        # Each as it ends, the inner ones first.
        assert [span.name for span in live.get_finished_spans()] == [
            "chat ScriptedChat",
            "execute_tool add",
            "invoke_agent weather_agent",
        ]
        agent().invoke("And 2 + 3?")
    assert export.count == 6
    ScriptedChat(["Not heard"]).invoke("Hi")
    trace.to_otel(after)
    assert shape(live) == shape(after)
    assert len(shape(live)) == 6


def shape(exporter):
    by_id = {span.context.span_id: span for span in exporter.get_finished_spans()}
    return [
        (
            span.name,
            span.kind,
            span.start_time,
            span.end_time,
            span.status.status_code,
            dict(span.attributes),
            by_id[span.parent.span_id].name if span.parent else None,
        )
        for span in by_id.values()
    ]


def test_the_sdk_has_the_logs_times_kinds_and_errors():
    exporter = InMemorySpanExporter()
    trace = Trace()
    run = trace.start("ChatLocal", "chat_model", "Hi")
    trace.log("chunk", run, AIMessageChunk("So"), time=1.5)
    trace.log("error", run, ValueError("The server is away."), time=2.5)
    trace.to_otel(exporter)
    (span,) = exporter.get_finished_spans()
    assert span.kind is SpanKind.CLIENT
    assert span.end_time == int((trace.started_at + 2.5) * 1e9)
    assert (span.status.status_code, span.status.description) == (
        StatusCode.ERROR,
        "The server is away.",
    )
    (event,) = span.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "ValueError"
    assert event.attributes["exception.message"] == "The server is away."


def test_a_provider_puts_them_into_the_span_that_is_current():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("theirs")
    with tracer.start_as_current_span("request") as request, Trace() as trace:
        export = trace.to_otel(provider, live=True)
        # A thread knows nothing of the span around it.
        other = threading.Thread(target=lambda: trace.log("end", trace.start("here")))
        other.start()
        other.join()
        export.close()
    here = next(span for span in exporter.get_finished_spans() if span.name == "here")
    assert here.parent.span_id == request.get_span_context().span_id
    provider.force_flush()  # it is theirs, and goes on
    with tracer.start_as_current_span("next"):
        pass
    assert exporter.get_finished_spans()[-1].name == "next"


class Odd:
    """Its fields are traps."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("no repr")


class OddDict(dict):
    """So do its values."""

    def get(self, name, default=None):
        raise RuntimeError(name)


def test_odd_values_harm_no_span():
    exporter = InMemorySpanExporter()
    with Trace() as trace, trace.to_otel(exporter, live=True, content=True):
        for kind in ("chat_model", "tool", "chain", "retriever"):
            trace.log("end", trace.start("odd", kind, Odd()), Odd())
            trace.log("end", trace.start("odd \ud800", kind, "\ud800"), {"a": "\ud800"})
        trace.log("end", trace.start("odd", "tool", OddDict(a=1)), OddDict(a=1))
        meta = OddDict(stop_reason="end_turn")
        trace.log("end", trace.start("odd", "chat_model"), AIMessage("", response_metadata=meta))
        usage = {"input_tokens": 2**70, "output_tokens": 1, "total_tokens": 1}
        trace.log("end", trace.start("big", "chat_model"), AIMessage("", usage_metadata=usage))
    assert len(exporter.get_finished_spans()) == 11
    known = exporter.get_finished_spans()[-1].attributes
    assert "gen_ai.usage.input_tokens" not in known
    assert known["gen_ai.usage.output_tokens"] == 1
    for span in exporter.get_finished_spans():
        span.name.encode()
        json.dumps(dict(span.attributes), ensure_ascii=False).encode()


class Collector(ThreadingHTTPServer):
    """Takes what the protocol's own exporter sends, and reads it by the protocol's own types."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taken)
        self.paths = []
        self.spans = []
        self.resources = []


class Taken(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        self.server.paths.append(self.path)
        for group in request.resource_spans:
            self.server.resources += group.resource.attributes
            self.server.spans += [span for scope in group.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_collector_is_sent_them_by_its_url():
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        recorded().to_otel(f"http://127.0.0.1:{collector.server_port}", content=True)
        collector.shutdown()
    assert set(collector.paths) == {"/v1/traces"}
    outer, chat, call = sorted(collector.spans, key=lambda span: span.start_time_unix_nano)
    assert outer.name == "invoke_agent weather_agent"
    assert chat.parent_span_id == call.parent_span_id == outer.span_id
    assert chat.trace_id == outer.trace_id
    known = {one.key: one.value for one in chat.attributes}
    assert known["gen_ai.operation.name"].string_value == "chat"
    assert known["gen_ai.response.time_to_first_chunk"].double_value > 0
    assert "Let me see." in known["gen_ai.output.messages"].string_value
    service = {one.key: one.value.string_value for one in collector.resources}
    assert service["service.name"] == "nbstream"


def test_a_target_that_is_none_is_refused():
    with pytest.raises(InputError, match="not to int 7"):
        Trace().to_otel(7)


MISSING = """
import sys
sys.modules["opentelemetry.context"] = None
import nbstream
with nbstream.Trace() as trace:
    nbstream.ScriptedChat(["Hello"]).invoke("Hi")
assert len(trace.spans()) == 1
try:
    trace.to_otel("http://127.0.0.1:1")
except nbstream.SetupError as error:
    print(error)
"""


def test_spans_need_no_opentelemetry_and_sending_them_says_so():
    done = subprocess.run(
        [sys.executable, "-c", MISSING], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == (
        'OpenTelemetry is not installed. Run `pip install "nbstream[otel]"` and restart '
        "the kernel.\n"
    )
