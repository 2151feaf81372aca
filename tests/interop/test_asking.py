"""Another library's model, chain, graph or agent where nbstream takes a model of its own."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from langchain_core.runnables import RunnableLambda

from nbstream import ChatView, InputError, StreamView, init_chat_model, show
from nbstream.widget._show import launch

from . import made
from . import made_by_others as others
from .endpoint import WORDS

TEXT = "".join(WORDS)
QUESTION = "How is the weather in Paris?"


def kinds(view):
    runs = view._job.state["runs"]
    assert all(run["status"] == "done" for run in runs)
    return [(run["type"], run["parent"]) for run in runs]


def test_show_of_a_chain_has_its_steps_inside(url):
    view = show(made.langchain_sequence(url), {"question": QUESTION})
    assert view.text == view.value == TEXT
    assert kinds(view) == [("chain", None), ("prompt", 0), ("chat_model", 0), ("parser", 0)]
    assert view.metrics.output_tokens == 7


def test_show_of_a_chain_that_calls_its_model_without_streaming(url):
    model = made.langchain_chat(url)
    view = show(RunnableLambda(lambda text: model.invoke(text).text), QUESTION)
    assert view.text == TEXT
    assert [kind for kind, _ in kinds(view)] == ["chain", "chat_model"]
    assert view._job.state["runs"][1]["texts"] == [TEXT]


def test_show_of_a_chain_that_fails_says_so_at_each_step(url):
    def fail(_):
        raise ValueError("no weather")

    view = StreamView()
    with pytest.raises(ValueError, match="no weather"):
        launch(view, RunnableLambda(fail) | RunnableLambda(str), "x", block=True)
    assert [run["status"] for run in view._job.state["runs"]] == ["failed", "failed"]


def test_show_of_a_model(url):
    view = show(made.langchain_chat(url), QUESTION)
    assert view.value.text == TEXT
    assert kinds(view) == [("chat_model", None)]
    assert view._job.state["runs"][0]["input"] == QUESTION


@pytest.mark.parametrize(
    "make",
    [made.langgraph_agent, others.pydantic_ai_agent, others.openai_agents_agent],
)
def test_show_of_an_agent_has_its_models_and_tools_inside(make, url):
    view = show(make(url), QUESTION)
    assert view.text == TEXT
    assert [kind for kind, _ in kinds(view) if kind != "chain"] == [
        "chat_model",
        "tool",
        "chat_model",
    ]


@pytest.mark.parametrize(
    "make",
    [
        made.langchain_chat,
        made.langgraph_agent,
        others.pydantic_ai_agent,
        others.openai_agents_agent,
    ],
)
def test_a_conversation_remembers_what_was_said(make, endpoint):
    chat = ChatView(make(endpoint.url), system="Be brief.")
    chat.ask("First.").result()
    answer = chat.ask("Second.").result()
    assert answer.text == TEXT
    _, body = endpoint.requests[-1]
    asked = str(body)
    assert asked.index("Be brief.") < asked.index("First.") < asked.index(TEXT)
    assert asked.index(TEXT) < asked.index("Second.")


@pytest.fixture
def shell():
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "nbstream")
    yield shell
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("make", [made.langchain_chat, made.langgraph_agent])
def test_the_magic_takes_one_in_a_variable(make, url, shell, capsys):
    shell.user_ns["mine"] = make(url)
    shell.run_cell_magic("chat", "-m mine", QUESTION)
    assert TEXT in capsys.readouterr().out.replace("|", "")


def test_init_chat_model_makes_a_step_of_a_model(url):
    model = init_chat_model(made.langchain_chat(url))
    assert model.invoke(QUESTION).text == TEXT
    assert (model | (lambda message: message.text.upper())).invoke(QUESTION) == TEXT.upper()


def test_init_chat_model_makes_any_model_that_langchain_can(url):
    model = init_chat_model("langchain:openai:m", base_url=f"{url}/v1", api_key="none")
    message = model.invoke(QUESTION)
    assert message.text == TEXT
    assert message.response_metadata["stop_reason"] == "end_turn"


def test_a_model_without_an_input_is_told_what_it_lacks(url):
    with pytest.raises(InputError, match="needs an input"):
        show(others.pydantic_ai_agent(url))
