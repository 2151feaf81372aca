"""`watch` over what makes OpenTelemetry spans: they are runs, and each call is there once."""

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nbstream import watch

from .endpoint import says, says_for_ever
from .watched import KEY, client_of, stop_at_first_token, text_of, texts

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "fishnet",
    "gen_ai.request.model": "fish",
}
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "looker"}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}
SEEN = ("Anthropic-compatible", "Blub.")


@pytest.fixture(params=[False, True], ids=["not set up", "set up"])
def traced(request, monkeypatch):
    """Return what makes a tracer, in a program that has set up OpenTelemetry or has not."""
    provider = TracerProvider() if request.param else None
    monkeypatch.setattr(api, "_TRACER_PROVIDER", provider)
    return api.ProxyTracer


def tree(trace, run=None):
    """Return the runs, those of models with their texts, each with those inside it."""
    found = []
    for one in trace.runs:
        if one.parent is run:
            said = [text_of(trace.output(one))] if one.run_type == "chat_model" else []
            found.append((one.name, *said, *tree(trace, one)))
    return found


def ask(server, tracer):
    """Ask a model, in a span of its own."""
    with tracer.start_as_current_span("chat fish", attributes=CHAT):
        return texts(client_of(server))


def agent(server, tracer):
    with tracer.start_as_current_span("agent", attributes=AGENT):
        ask(server, tracer)
        with tracer.start_as_current_span("tool", attributes=TOOL) as span:
            span.set_attribute("gen_ai.tool.call.result", "a fish")
        with tracer.start_as_current_span("GET /fish", attributes={"http.route": KEY}):
            return texts(client_of(server))


def test_spans_are_runs_and_their_tokens_come_by_http(endpoint, traced):
    server = endpoint(says("Blub", "."))
    with watch() as view:
        assert agent(server, traced("fishnet")) == ["Blub", "."]
    trace = view.trace
    assert tree(trace) == [("looker", ("fishnet", "Blub."), ("look",), SEEN)]
    assert [trace.output(run) for run in trace.runs if run.run_type == "tool"] == ["a fish"]
    assert {run.model for run in trace.runs if run.run_type == "chat_model"} == {"fish"}
    assert {event.kind for event in trace.events} == {"start", "chunk", "end"}
    assert KEY not in trace.to_jsonl()


def test_a_span_that_is_current_for_nobody_has_its_request(endpoint, traced):
    server = endpoint(says("Blub", "."))
    with watch() as view:
        span = traced("fishnet").start_span("chat fish", attributes=CHAT)
        texts(client_of(server))
        span.end()
        texts(client_of(server))
    assert tree(view.trace) == [("fishnet", "Blub."), SEEN]


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ({**CHAT, "gen_ai.output.messages": '[{"parts": [{"content": "Blub."}]}]'}, "chat_model"),
        ({"openinference.span.kind": "LLM", "output.value": "Blub."}, "chat_model"),
        ({"llm.request.type": "chat", "gen_ai.completion.0.content": "Blub."}, "chat_model"),
        ({"openinference.span.kind": "RETRIEVER", "output.value": "Blub."}, "retriever"),
        ({"traceloop.span.kind": "tool", "traceloop.entity.output": "Blub."}, "tool"),
    ],
)
def test_what_does_not_come_by_http_is_what_the_span_says(traced, known, kind):
    tracer = traced("fishnet")
    with watch() as view, tracer.start_as_current_span("fish", attributes=known) as span:
        span.set_attribute("gen_ai.usage.input_tokens", 5)
        span.set_attribute("gen_ai.usage.output_tokens", 2)
    (run,) = view.trace.runs
    output = view.trace.output(run)
    assert run.run_type == kind
    assert (output if isinstance(output, str) else output.text) == "Blub."
    if kind == "chat_model":
        assert output.usage_metadata["total_tokens"] == 7


@pytest.mark.parametrize(
    "scope", ["com.anthropic.sdk.python", "opentelemetry.instrumentation.openai_v2"]
)
def test_what_the_tap_sees_is_left_to_it(endpoint, traced, scope):
    server = endpoint(says("Blub", "."))
    with watch() as view:
        ask(server, traced(scope))
    assert tree(view.trace) == [SEEN]


class Traced(GenericFakeChatModel):
    """A model of LangChain's that makes a span for each call."""

    tracer: object

    def _generate(self, *args, **kwargs):
        with self.tracer.start_as_current_span("chat fish", attributes=CHAT):
            return super()._generate(*args, **kwargs)


def test_a_call_that_two_tell_of_is_there_once(traced):
    def step(_):
        with traced("openinference.instrumentation.langchain").start_as_current_span(
            "chain", attributes=AGENT
        ):
            return model.invoke("Hi")

    model = Traced(messages=iter([AIMessage("Blub.")]), tracer=traced("fishnet"))
    with watch() as view:
        RunnableLambda(step, name="step").invoke("Hi")
    assert tree(view.trace) == [("step", ("Traced", "Blub."))]


def test_an_error_is_the_runs(traced):
    tracer = traced("fishnet")
    with watch() as view, pytest.raises(ValueError, match="No fish"):  # noqa: SIM117
        with tracer.start_as_current_span("agent", attributes=AGENT):
            raise ValueError("No fish.")
    (error,) = [event.data for event in view.trace.events if event.kind == "error"]
    assert "No fish." in str(error)


def test_stop_ends_the_span_and_the_request(endpoint, traced):
    server = endpoint(says_for_ever)
    with watch() as view:
        stop_at_first_token(view)
        agent(server, traced("fishnet"))
    assert server.broken_off.wait(20)
    assert [event.kind for event in view.trace.events][-2:] == ["cancelled", "cancelled"]


def test_nothing_is_heard_after_the_block(endpoint, traced):
    server = endpoint(says("Blub", "."))
    before = api.ProxyTracer._tracer
    tracer = traced("fishnet")
    with watch() as view:
        span = tracer.start_span("agent", attributes=AGENT)
        assert api.ProxyTracer._tracer is not before
    assert api.ProxyTracer._tracer is before
    agent(server, tracer)
    span.end()  # one that has begun ends
    assert tree(view.trace) == [("looker",)]
    assert [event.kind for event in view.trace.events] == ["start", "end"]


def test_what_the_program_exports_is_the_same(endpoint, monkeypatch):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(api, "_TRACER_PROVIDER", provider)

    def exported():
        agent(server, api.ProxyTracer("fishnet"))
        spans = exporter.get_finished_spans()
        exporter.clear()
        names = {span.context.span_id: span.name for span in spans}
        return [(one.name, names.get(getattr(one.parent, "span_id", 0))) for one in spans]

    server = endpoint(says("Blub", "."))
    unseen = exported()
    with watch():
        assert exported() == unseen
