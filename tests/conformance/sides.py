"""The two sides that each program runs on, and what makes their results comparable."""

import asyncio
import difflib
import functools
import importlib
import uuid
import warnings
from types import SimpleNamespace

import nbstream

LANGCHAIN_HOMES = {
    "langchain_core.runnables": [
        "RunnableBranch",
        "RunnableGenerator",
        "RunnableLambda",
        "RunnableParallel",
        "RunnablePassthrough",
        "RunnableSequence",
        "chain",
    ],
    "langchain_core.prompts": [
        "AIMessagePromptTemplate",
        "ChatPromptTemplate",
        "HumanMessagePromptTemplate",
        "MessagesPlaceholder",
        "PromptTemplate",
        "SystemMessagePromptTemplate",
    ],
    "langchain_core.output_parsers": [
        "BaseOutputParser",
        "JsonOutputParser",
        "PydanticOutputParser",
        "StrOutputParser",
    ],
    "langchain_core.messages": [
        "AIMessage",
        "AIMessageChunk",
        "HumanMessage",
        "SystemMessage",
        "ToolMessage",
    ],
    "langchain_core.tools": ["StructuredTool", "ToolException", "tool"],
    "langchain_core.runnables.config": ["RunnableConfig"],
    "langchain_core.callbacks": ["adispatch_custom_event", "dispatch_custom_event"],
}


def langchain():
    names = {}
    for home, members in LANGCHAIN_HOMES.items():
        module = importlib.import_module(home)
        names |= {name: getattr(module, name) for name in members}
    return SimpleNamespace(**names, chat=_langchain_chat(), is_ours=False)


def ours():
    names = [name for members in LANGCHAIN_HOMES.values() for name in members]
    return SimpleNamespace(
        **{name: getattr(nbstream, name) for name in names},
        chat=lambda *chunks: nbstream.ScriptedChat(list(chunks)),
        is_ours=True,
    )


@functools.cache
def _langchain_chat():
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from langchain_core.runnables import Runnable

    class ScriptedChat(BaseChatModel):
        chunks: list

        @property
        def _llm_type(self):
            return "scripted"

        # With a type, by which LangChain knows that it makes a step.
        def bind_tools(self, tools, **kwargs) -> Runnable:
            return self.bind(tools=list(tools), **kwargs)

        def _stream(self, messages, stop=None, run_manager=None, **kwargs):
            for chunk in self.chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                message = AIMessageChunk(chunk) if isinstance(chunk, str) else chunk
                generation = ChatGenerationChunk(message=message.model_copy())
                if run_manager:
                    run_manager.on_llm_new_token(generation.text, chunk=generation)
                yield generation

        async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
            # As integrations do. The default would step through `_stream` in a thread.
            for chunk in self._stream(messages):
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            from langchain_core.messages import message_chunk_to_message

            total = functools.reduce(lambda a, b: a + b, [c.message for c in self._stream([])])
            return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(total))])

    return lambda *chunks: ScriptedChat(chunks=list(chunks))


def same(program):
    """Make a test of a program: it must give the same on both sides."""

    @functools.wraps(program)
    def test():
        theirs, mine = run(program, langchain()), run(program, ours())
        assert mine == theirs

    del test.__wrapped__  # else pytest takes the program's parameter for a fixture
    return test


def differs(reason, *difference):
    """Make a test of a program that differs on purpose, and in nothing but these lines.

    Lines with ``-`` are what LangChain gives, lines with ``+`` what is right here;
    ``docs/langchain.md`` has the reasons.
    """

    def decorate(program):
        @functools.wraps(program)
        def test():
            theirs, mine = lines(run(program, langchain())), lines(run(program, ours()))
            compared = difflib.ndiff(theirs, mine)
            assert [line for line in compared if line[0] in "+-"] == [*difference], reason

        del test.__wrapped__
        return test

    return decorate


def lines(value):
    """Return a value as lines, one for each event and each item of a list."""
    if isinstance(value, list):
        return [line for item in value for line in lines(item)]
    if not (isinstance(value, dict) and "event" in value):
        return [brief(value)]
    version = "v2" if "parents" in value else "v1"
    extras = [brief(value[key]) for key in ("tags", "metadata") if value[key]]
    line = [version, value["event"], f"{value['name']}#{value['run']}", *extras]
    return [" ".join([*line, brief(value["data"])])]


def brief(value):
    """Return a value as a text, without what is empty in it, and the same in any order of keys."""
    if isinstance(value, dict):
        value = value.get("generations", value)
    if isinstance(value, dict) and {"type", "content"} <= set(value):
        rest = {k: v for k, v in value.items() if k not in ("type", "content") and v}
        said = [repr(value["content"]), *([brief(rest)] if rest else [])]
        return f"{value['type']}({', '.join(said)})"
    if isinstance(value, dict):
        items = [f"{k}: {brief(v)}" for k, v in sorted(value.items()) if v not in (None, [], {})]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(brief, value)) + "]"
    return repr(value)


def run(program, side):
    with warnings.catch_warnings():
        if not side.is_ours:
            warnings.simplefilter("ignore")
        try:
            return normal(asyncio.run(program(side)))
        except Exception as error:
            return ("raised", failure(error, is_ours=side.is_ours))


# What the programs' own functions raise, and scripts.
THROWN = {"no", "two", "other", "boom", ""}


def failure(error, *, is_ours=False):
    """Name an error of the program's by its type; two libraries' own count as the same.

    Of ours these are the ones raised on purpose. A program with a fault in itself fails on both
    sides alike: that is shown for what it is, and is not the same.
    """
    thrown = str(error).strip("'") in THROWN
    if thrown or (is_ours and not isinstance(error, nbstream.NbstreamError)):
        return type(error).__name__
    return "bad input"


def normal(value):
    """Return the value in plain form, without ids and what only one side has a place for."""
    kind = type(value)
    if hasattr(value, "content") and hasattr(value, "type"):
        return message(value)
    if hasattr(value, "to_messages"):
        return [normal(m) for m in value.to_messages()]
    if isinstance(value, BaseException):
        return ("error", failure(value))
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and kind in (list, tuple):
        return [normal(item) for item in value]
    if hasattr(value, "model_dump"):
        return (kind.__name__, value.model_dump())
    return value


def message(m):
    calls = [(c["name"], c["args"]) for c in getattr(m, "tool_calls", ())]
    usage = getattr(m, "usage_metadata", None)
    content = m.content
    return {
        "type": m.type,
        "content": content,
        "tool_calls": calls,
        "invalid": [(c["name"], c["args"]) for c in getattr(m, "invalid_tool_calls", ())],
        "usage": usage and {k: v for k, v in usage.items() if v},
        "tool_call_id": getattr(m, "tool_call_id", None),
        "name": m.name,
    }


def is_last(chunk):
    """LangChain ends a model's stream with one more chunk, which is empty."""
    return getattr(chunk, "chunk_position", None) == "last" and not chunk.content


def is_empty(chunk):
    """Tell whether it is that chunk, or what a parser makes of it."""
    return is_last(chunk) or (isinstance(chunk, str) and chunk == "")


async def collect(stream):
    return [chunk async for chunk in stream if not is_empty(chunk)]


def listed(stream):
    return [chunk for chunk in stream if not is_empty(chunk)]


async def events(runnable, input, version="v2", config=None, **options):
    """Return what `astream_events` gives, an error at the end in its place."""
    seen, shown = {}, []
    try:
        async for event in runnable.astream_events(input, config, version=version, **options):
            chunk = event["data"].get("chunk") if isinstance(event["data"], dict) else None
            if is_empty(chunk):
                continue
            shown.append(_event(event, seen, version))
    except Exception as error:
        shown.append(("raised", failure(error, is_ours=isinstance(runnable, nbstream.Runnable))))
    return [e for e in shown if not (isinstance(e, dict) and e["event"].endswith("_error"))]


def _event(event, seen, version):
    number = functools.partial(_number, seen)
    shown = {
        "event": event["event"],
        "name": event["name"],
        "run": number(event["run_id"]),
        "tags": event["tags"],
        "metadata": {
            k: v for k, v in event["metadata"].items() if not k.startswith(("ls_", "lc_"))
        },
        "data": normal(event["data"]),
    }
    if version == "v2":
        shown["parents"] = [number(parent) for parent in event["parent_ids"]]
    return shown


def _number(seen, run_id):
    uuid.UUID(str(run_id))
    return seen.setdefault(str(run_id), len(seen))


async def agather(*chunks):
    for chunk in chunks:
        yield chunk


async def ways(runnable, input):
    """Call a step in each way there is."""
    return {
        "invoke": runnable.invoke(input),
        "ainvoke": await runnable.ainvoke(input),
        "stream": listed(runnable.stream(input)),
        "astream": await collect(runnable.astream(input)),
        "batch": runnable.batch([input, input]),
        "abatch": await runnable.abatch([input, input]),
    }
