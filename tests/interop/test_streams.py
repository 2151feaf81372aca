"""`show` of what each library hands out as a stream: one row of the table for each way to stream.

Each row is shown, and the same is asked of all: the text, the thought, the calls, what the tools
gave, the usage and the stop reason.
"""

import asyncio
import inspect
import json
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from nbstream import StreamView
from nbstream.sources import is_lent
from nbstream.widget._show import launch

from . import made
from . import made_by_others as others
from .endpoint import THOUGHTS, WORDS, Endpoint

TEXT = "".join(WORDS)
THOUGHT = "".join(THOUGHTS)
USAGE = (9, 7)


@dataclass(frozen=True)
class Row:
    """One way to stream, and what is seen of it."""

    library: str
    make: Any
    text: str = TEXT
    thinks: bool = False
    calls: int = 0  # how often a tool is called
    tools: int = 0  # how many of these calls show what came of them
    models: int = 0  # how many models' answers are seen inside
    usage: tuple[int, int] | None = USAGE
    stop: str | None = "end_turn"
    odds: bool = False
    agents: tuple[str, ...] = ()
    output: Any = None
    error: str = field(default="")


def row(library, make, **seen):
    return pytest.param(Row(library, make, **seen), id=f"{library}-{make.__name__}")


IS_311 = sys.version_info >= (3, 11)
AGENT = {"calls": 1, "tools": 1, "models": 2, "usage": (18, 14)}
UNCOUNTED = {**AGENT, "usage": None, "stop": None}
LLAMA = {**AGENT, "usage": None}
JSON = '{"answer": "It is sunny"}'
CHAIN = ("RunnableSequence",)
ROWS = [
    row("openai", made.openai_chat, odds=True),
    row("openai", made.openai_chat_thinks, thinks=True),
    row("openai", made.openai_chat_calls, text="", calls=1, stop="tool_use"),
    row("openai", made.openai_chat_async),
    row("openai", made.openai_chat_coroutine),
    row("openai", made.openai_chat_manager),
    row("openai", made.openai_chat_manager_async),
    row("openai", made.openai_raw),
    row("openai", made.openai_streaming_response),
    row("openai", made.openai_completions, usage=None),
    row("openai", made.openai_responses, thinks=True),
    row("openai", made.openai_responses_calls, text="", calls=1, stop="tool_use"),
    row("openai", made.openai_responses_manager),
    row("anthropic", made.anthropic_create),
    row("anthropic", made.anthropic_create_async),
    row("anthropic", made.anthropic_thinks, thinks=True),
    row("anthropic", made.anthropic_calls, text="", calls=1, stop="tool_use"),
    row("anthropic", made.anthropic_manager),
    row("anthropic", made.anthropic_manager_async),
    row("anthropic", made.anthropic_text_stream, usage=None, stop=None),
    row("anthropic", made.anthropic_tool_runner, calls=1, models=2, usage=(18, 14)),
    row("langchain", made.langchain_model),
    row("langchain", made.langchain_model_async, models=0),
    row("langchain", made.langchain_model_calls, text="", calls=1, stop="tool_use"),
    row("langchain", made.langchain_anthropic, thinks=True),
    row("langchain", made.langchain_anthropic_calls, text="", calls=1, stop="tool_use"),
    row("langchain", made.langchain_chain, usage=None, stop=None),
    row("langchain", made.langchain_events_v2, models=1, agents=CHAIN),
    row("langchain", made.langchain_events_v1, models=1, agents=CHAIN),
    row("langchain", made.langchain_model_v3),
    row("langgraph", made.langgraph_messages, **AGENT),
    row("langgraph", made.langgraph_updates, **AGENT),
    row("langgraph", made.langgraph_values, **AGENT),
    row("langgraph", made.langgraph_debug, **AGENT),
    row("langgraph", made.langgraph_tasks, **AGENT),
    row("langgraph", made.langgraph_several, **AGENT),
    row("langgraph", made.langgraph_all, **AGENT),
    row("langgraph", made.langgraph_version_2, **AGENT),
    row("langgraph", made.langgraph_async, **AGENT),
    row("langgraph", made.langgraph_v3, **AGENT),
    row("langgraph", made.langgraph_subgraphs, agents=("inner",), **AGENT),
    row("langgraph", made.langgraph_custom, text="halfway", usage=None, stop=None),
    # Without the events of its models on Python 3.10; see LOST in test_watch_frameworks.py.
    *([row("langgraph", made.langgraph_events, agents=None, **AGENT)] if IS_311 else []),
    row("google-genai", others.google_stream, thinks=True),
    row("google-genai", others.google_stream_async, thinks=True),
    row("google-genai", others.google_chat, thinks=True),
    row("google-genai", others.google_calls, text="", calls=1, stop="tool_use"),
    row("pydantic-ai", others.pydantic_ai_events, **UNCOUNTED),
    row("pydantic-ai", others.pydantic_ai_thinks, thinks=True, **UNCOUNTED),
    row("pydantic-ai", others.pydantic_ai_stream, models=1),
    row("pydantic-ai", others.pydantic_ai_iter, **AGENT),
    row("pydantic-ai", others.pydantic_ai_sync, models=1),
    row("pydantic-ai", others.pydantic_ai_text, usage=None, stop=None),
    row("openai-agents", others.openai_agents_run, agents=("Fish",), **AGENT),
    row("openai-agents", others.openai_agents_events, agents=("Fish",), **AGENT),
    row("ollama", others.ollama_chat, thinks=True),
    row("ollama", others.ollama_chat_async),
    row("ollama", others.ollama_calls, text="", calls=1, stop="tool_use"),
    row("litellm", others.litellm_completion, thinks=True),
    row("litellm", others.litellm_completion_async),
    row("litellm", others.litellm_calls, text="", calls=1, stop="tool_use"),
    row("mistralai", others.mistral_stream, usage=None),
    row("mistralai", others.mistral_stream_async, usage=None),
    row("groq", others.groq_chat, usage=None),
    row("cohere", others.cohere_chat),
    row("cohere", others.cohere_chat_async),
    row("huggingface_hub", others.huggingface_chat, usage=None),
    row("llama-index", others.llama_index_chat, usage=None),
    row("llama-index", others.llama_index_chat_async, usage=None),
    row("llama-index", others.llama_index_complete, usage=None),
    row(
        "llama-index",
        others.llama_index_agent,
        agents=("Fish",),
        **LLAMA,
    ),
    row("instructor", others.instructor_partial, text=JSON, usage=None, stop=None),
    row("dspy", others.dspy_listened, usage=None, stop=None, output={"answer": TEXT}),
    row("dspy", others.dspy_raw, text=None, usage=None, output={"answer": TEXT}),
    row("llm", others.llm_prompt, usage=None, stop=None),
    row("llm", others.llm_prompt_async, usage=None, stop=None),
    row("llm", others.llm_chain, calls=1, usage=None, stop=None),
    row("chatlas", others.chatlas_texts, usage=None, stop=None),
    row("chatlas", others.chatlas_all, tools=1, usage=None, stop=None),
    row("claude-agent-sdk", others.claude_agent_messages, thinks=True, models=1),
    row("claude-agent-sdk", others.claude_agent_events, thinks=True, models=1),
    row("transformers", others.transformers_streamer, usage=None, stop=None),
]


async def _made_in_a_loop(make, url):
    """Show what needs a loop that runs; in a notebook one always does."""
    view = StreamView()
    source = make(url)
    if inspect.isawaitable(source) and not hasattr(source, "stream_events"):
        source = await source
    launch(view, source, made.NO_INPUT, block=False)
    await view
    return view


def shown(make, url):
    """Show what a row makes; return the view when it is done."""
    if inspect.iscoroutinefunction(make):
        return asyncio.run(_made_in_a_loop(make, url))
    view = StreamView()
    launch(view, make(url), made.NO_INPUT, block=True)
    return view


def asides(view, kind):
    return [
        "".join(one["pieces"]) if kind == "thinking" else one["name"]
        for run in view._job.state["runs"]
        for one in run["asides"]
        if one["kind"] == kind
    ]


@pytest.mark.parametrize("row", ROWS)
def test_what_is_seen(row, url):
    view = shown(row.make, url)
    runs = view._job.state["runs"]
    assert [run["status"] for run in runs] == ["done"] * len(runs)
    if row.text is not None:
        assert view.text == row.text
    assert asides(view, "thinking") == ([THOUGHT] if row.thinks else [])
    tools = [run for run in runs if run["type"] == "tool"]
    assert [run["name"] for run in tools] == ["weather"] * row.tools
    for run in tools:
        assert run["input"] == {"city": "Paris"}
        assert "sunny" in str(run["output"])
    calls = asides(view, "tool_call")
    # One that is only run is seen as its run.
    assert calls == ["weather"] * row.calls
    models = [run for run in runs[1:] if run["type"] == "chat_model"]
    assert len(models) == row.models
    usages = [run["usage"] for run in (models or runs[:1]) if run["usage"]]
    counted = (sum(u["input"] for u in usages), sum(u["output"] for u in usages))
    assert (counted if usages else None) == row.usage
    assert [run["stop"] for run in (models or runs[:1])][-1] == row.stop
    assert bool(runs[0]["logprobs"]) == row.odds
    if row.agents is not None:
        assert tuple(r["name"] for r in runs[1:] if r["type"] == "chain") == row.agents
    if row.output is not None:
        assert view.value == row.output


@pytest.mark.parametrize("dialect", ["chat/completions", "responses", "messages"])
def test_plain_dicts_in_a_wire_format_are_read(dialect, url):
    def dicts():
        body = {"model": "m", "messages": made.ASKED, "stream": True, "input": "Hi"}
        with httpx.stream("POST", f"{url}/v1/{dialect}", json=body) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))

    view = StreamView()
    launch(view, dicts(), made.NO_INPUT, block=True)
    assert view.text == TEXT
    assert view._job.state["runs"][0]["stop"] == "end_turn"


STOPPED = [
    made.openai_chat,
    made.openai_chat_async,
    made.anthropic_manager,
    made.langchain_model,
    made.langgraph_messages,
    *([made.langgraph_async, made.langgraph_events] if IS_311 else []),
    made.langgraph_subgraphs,
    others.google_stream,
    others.google_stream_async,
    others.pydantic_ai_events,
    others.pydantic_ai_stream,
    others.openai_agents_run,
    others.ollama_chat,
    others.ollama_chat_async,
    others.litellm_completion,
    others.litellm_completion_async,
    others.mistral_stream,
    others.mistral_stream_async,
    others.groq_chat,
    others.cohere_chat,
    others.cohere_chat_async,
    others.huggingface_chat,
    others.llama_index_chat,
    others.llama_index_chat_async,
    others.llama_index_agent,
    others.llm_prompt,
    others.llm_prompt_async,
    others.llm_chain,
    others.chatlas_texts,
]


@pytest.mark.promise(
    "docs/watch.md",
    "Stop reaches the server with each of them",
)
@pytest.mark.parametrize("make", STOPPED, ids=lambda make: make.__name__)
def test_a_stop_reaches_the_server(make):
    view, has_come = StreamView(), threading.Event()
    # An agent calls its tool first, and that answer ends.
    view.trace.subscribe(lambda event: " again" in str(event.data) and has_come.set())

    async def stop_in_a_loop():
        source = make(endpoint.url)
        if inspect.isawaitable(source) and not hasattr(source, "stream_events"):
            source = await source
        launch(view, source, made.NO_INPUT, block=False)
        assert await asyncio.to_thread(has_come.wait, 60)
        view.stop()
        await view
        return await asyncio.to_thread(endpoint.broken_off.wait, 60)

    with Endpoint(is_endless=True) as endpoint:
        if inspect.iscoroutinefunction(make):
            assert asyncio.run(stop_in_a_loop())
        else:
            launch(view, make(endpoint.url), made.NO_INPUT, block=False)
            assert has_come.wait(60)
            view.stop()
            view.result(60)
            assert endpoint.broken_off.wait(60)
    assert view.status == "stopped"


@pytest.mark.parametrize("name", ["messages", "text_stream"])
def test_what_lives_in_a_block_is_shown_before_that_closes(name, url):
    with made.anthropic_manager(url) as stream:
        source = stream if name == "messages" else stream.text_stream
        assert is_lent(source)
        assert not is_lent(made.openai_chat(url))
