"""`watch` over DSPy: its modules, models and tools as they nest, and each call once."""

import asyncio
import subprocess
import sys

import dspy
import openai
import pytest

from nbstream import show, watch
from nbstream.watching import _dspy

from ..endpoint import Endpoint
from .openai_endpoint import agent, answers_message, refuses_chat

# Some leave their connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
KEY = "sk-a-key-that-nobody-may-see-1234"
FIELDS = "[[ ## answer ## ]]\n{}\n\n[[ ## completed ## ]]"
THOUGHT = "[[ ## next_thought ## ]]\nHm.\n\n[[ ## next_tool_name ## ]]\n{}\n\n"
THOUGHT += "[[ ## next_tool_args ## ]]\n{}\n\n[[ ## completed ## ]]"


def says_fields(handler, body):
    """Answer as DSPy asks for it: with one call of the tool, where there is one."""
    asked = body["messages"][-1]["content"]
    if "next_tool_name" not in asked:
        said = "[[ ## reasoning ## ]]\nIt swims.\n\n" + FIELDS.format("A goldfish.")
    elif "observation_0" in asked:
        said = THOUGHT.format("finish", "{}")
    else:
        said = THOUGHT.format("look", '{"at": "fish"}')
    answers_message(handler, {"role": "assistant", "content": said})


@pytest.fixture
def server():
    with Endpoint(says_fields) as one:
        yield one


def lm_at(server):
    at = f"{server.url}/v1"
    return dspy.LM("openai/fish", api_base=at, api_key=KEY, cache=False, num_retries=0)


def look(at: str) -> str:
    """Look at something."""
    return f"a {at}"


def asked(server):
    return lm_at(server)("What is it?")


def predicted(server):
    with dspy.context(lm=lm_at(server)):
        return dspy.Predict("question -> answer")(question="What is it?").answer


def predicted_async(server):
    async def main():
        with dspy.context(lm=lm_at(server)):
            return (await dspy.Predict("question -> answer").acall(question="What is it?")).answer

    return asyncio.run(main())


def thought(server):
    with dspy.context(lm=lm_at(server)):
        return dspy.ChainOfThought("question -> answer")(question="What is it?").toDict()


def acted(server):
    with dspy.context(lm=lm_at(server)):
        return dspy.ReAct("question -> answer", tools=[look])(question="What is it?").answer


def in_threads(server):
    with dspy.context(lm=lm_at(server)):
        predict = dspy.Predict("question -> answer")
        pairs = [(predict, dspy.Example(question=str(n)).with_inputs("question")) for n in range(3)]
        found = dspy.Parallel(num_threads=3, disable_progress_bar=True)(pairs)
        return [one.answer for one in found]


WAYS = [asked, predicted, predicted_async, thought, acted, in_threads]


def runs(trace, *kinds):
    return [run for run in trace.runs if run.run_type in kinds]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_program_is_seen_and_gives_what_it_gives_unseen(server, way):
    unseen = way(server)
    requests = len(server.requests)
    with watch() as view:
        seen = way(server)
    assert seen == unseen
    assert len(server.requests) == 2 * requests
    models = runs(view.trace, "chat_model")
    assert [run.model for run in models] == ["openai/fish"] * requests
    for run in models:
        output = view.trace.output(run)
        assert "completed" in output.text
        assert output.usage_metadata["total_tokens"] == 7
    ends = [event.run for event in view.trace.events if event.kind == "end"]
    assert len(ends) == len(view.trace.runs)
    assert KEY not in view.trace.to_jsonl()


def test_steps_lie_in_each_other_as_the_program_calls_them(server):
    with watch() as view:
        acted(server)
    trace = view.trace
    (act,) = [run for run in trace.runs if run.parent is None]
    (tool,) = runs(trace, "tool")[:1]
    assert (act.name, act.run_type) == ("ReAct", "chain")
    assert (tool.name, tool.parent, trace.output(tool)) == ("look", act, "a fish")
    assert trace.input(tool) == {"at": "fish"}
    assert trace.input(act) == {"question": "What is it?"}
    assert trace.output(act)["answer"] == "A goldfish."
    for run in runs(trace, "chat_model"):
        assert (run.parent.name, run.parent.run_type) == ("Predict", "chain")
    assert trace.input(runs(trace, "chat_model")[0])[0][0] == "system"


def test_a_tool_that_asks_another_model(server):
    def look(at: str) -> str:
        """Look at something."""
        return dspy.LM("openai/raw", api_base=f"{server.url}/v1", api_key=KEY, cache=False)(at)[0]

    with watch() as view, dspy.context(lm=lm_at(server)):
        dspy.ReAct("question -> answer", tools=[look])(question="What is it?")
    (raw,) = [run for run in view.trace.runs if run.model == "openai/raw"]
    assert (raw.parent.run_type, raw.parent.name) == ("tool", "look")


def test_a_call_that_the_tap_sees_too_is_there_once(server):
    """A model of one's own, whose requests go through httpx: the tap brings its tokens."""

    class Own(dspy.BaseLM):
        def forward(self, prompt=None, messages=None, **_):
            client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY)
            messages = messages or [{"role": "user", "content": prompt}]
            return client.chat.completions.create(model="fish", messages=messages)

    with watch() as view:
        said = Own("fish")("What is it?")
    (run,) = view.trace.runs
    assert (run.name, view.trace.output(run).text) == ("Own", said[0])
    assert view.trace.output(run).usage_metadata["total_tokens"] == 7


def test_what_a_model_can_be_asked_and_give():
    """A request of DSPy's own, a call of a tool, and a model whose history is off."""
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    request = dspy.lm15.Request(
        model="openai/fish", messages=(dspy.lm15.Message.user("What is it?"),)
    )
    with Endpoint(agent) as server, watch() as view:
        model = lm_at(server)
        said = model(request)
        model("Look.", tools=[tool])
        with dspy.context(disable_history=True):
            model("What is it?")
    typed, called, short = map(view.trace.output, view.trace.runs)
    assert typed.text == said.text == "A goldfish."
    assert typed.usage_metadata["total_tokens"] == called.usage_metadata["total_tokens"] == 7
    assert [call["name"] for call in called.tool_calls] == ["look"]
    assert (short.text, short.usage_metadata) == ("A goldfish.", None)


def test_code_that_asks_a_model_is_the_step_it_lies_in(server):
    def ask(at: str) -> str:
        return lm_at(server)(at)[0]

    interpreter = dspy.LocalInterpreter(tools={"ask": ask})
    with watch() as view, interpreter:
        interpreter.execute("print(ask(at='fish'))")
    code, model = view.trace.runs
    assert (code.run_type, code.name) == ("tool", "LocalInterpreter")
    assert (model.run_type, model.parent) == ("chat_model", code)


def test_an_error_is_the_programs_own_and_is_seen():
    with Endpoint(refuses_chat) as server:
        with pytest.raises(Exception, match="No fish") as unseen:
            predicted(server)
        with watch() as view, pytest.raises(type(unseen.value)) as seen:
            predicted(server)
    assert str(seen.value) == str(unseen.value)
    failed = [event.run.name for event in view.trace.events if event.kind == "error"]
    assert failed == ["LM", "Predict"]


def test_the_programs_own_callbacks_stay(server):
    class Own(dspy.utils.callback.BaseCallback):
        def __init__(self):
            self.heard = []

        def on_lm_start(self, call_id, instance, inputs):
            self.heard.append("start")

        def on_lm_end(self, call_id, outputs, exception=None):
            self.heard.append(outputs)

    own = Own()
    with watch() as view, dspy.context(lm=lm_at(server), callbacks=[own]):
        assert dspy.settings.callbacks == [own]
        said = dspy.settings.lm("Hi")
    assert own.heard == ["start", said]
    assert len(view.trace.runs) == 1


def test_watches_in_each_other_have_each_their_own(server):
    with watch() as outer:
        asked(server)
        with watch() as inner:
            predicted(server)
        asked(server)
    assert len(runs(inner.trace, "chat_model")) == 1
    assert len(runs(outer.trace, "chat_model")) == 3


def test_everything_is_undone(server):
    before = type(dspy.settings).get
    with watch() as view:
        assert type(dspy.settings).get is not before
    assert type(dspy.settings).get is before
    predicted(server)
    assert view.trace.runs == []


def test_what_show_reads_is_there_once(endpoint):
    with watch() as view, dspy.context(lm=lm_at(endpoint)):
        program = dspy.streamify(dspy.Predict("question -> answer"), async_streaming=False)
        shown = show(program(question="What is it?"))
        shown.result()
    assert shown.value == {"answer": "It is sunny in Paris today."}
    assert len(endpoint.requests) == 1
    assert (len(view.trace.runs), len(shown.trace.runs)) == (1, 1)


def test_a_fault_of_ours_is_logged_once_and_harms_nobody(server, monkeypatch, caplog):
    unseen = predicted(server)
    monkeypatch.setattr(_dspy, "unwrapped", lambda _: 1 / 0)
    with watch() as view:
        assert predicted(server) == unseen
        assert predicted(server) == unseen
    ours = [record for record in caplog.records if "DSPy" in record.getMessage()]
    assert len(ours) == 1
    assert view.trace.runs == []


def test_stop_ends_the_program(server):
    with watch() as view:
        view.trace.subscribe(lambda event: event.kind == "chunk" and view.stop())
        acted(server)
    assert len(server.requests) == 1
    assert view.status == "stopped"


def test_a_library_that_is_imported_in_the_block_is_watched(server):
    program = f"""
from nbstream import watch

with watch() as view:
    import dspy

    dspy.LM("openai/fish", api_base="{server.url}/v1", api_key="{KEY}", cache=False)("Hi")
print([run.name for run in view.trace.runs])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "['LM']"
