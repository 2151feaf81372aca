"""What cannot be used raises an `InputError`, whatever it is: no TypeError, none of pydantic's."""

import asyncio
import warnings

import pytest

import nbstream
from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatAnthropic,
    ChatOpenAI,
    ChatPromptTemplate,
    HumanMessage,
    InputError,
    JsonOutputParser,
    MessagesPlaceholder,
    NbstreamError,
    PromptTemplate,
    PydanticOutputParser,
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
    ScriptedChat,
    StrOutputParser,
    Tool,
    ToolMessage,
    Trace,
)
from nbstream.tools import convert_to_tool

THINGS = [
    None,
    5,
    -1,
    1.5,
    "x",
    b"x",
    [],
    {},
    {1, 2},
    object(),
    int,
    [None],
    [5],
    {"a": None},
    [["a", "b", "c"]],
    [("nope", "x")],
    [{"role": 5, "content": 1}],
    {"role": "user"},
    {"type": "tool_call", "args": 5},
]


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


tool = Tool(add)
step = RunnableLambda(lambda x: x)
chat = ScriptedChat(["Hi"])
prompt = ChatPromptTemplate([("human", "{x}{y}")])


def traced(config):
    with Trace():
        return step.invoke(1, config)


async def drained(stream):
    return [item async for item in stream]


def made(kind, **settings):
    usual = {"api_key": "k", "base_url": "http://127.0.0.1:9", "max_retries": 0}
    return kind("m", **{**usual, **settings})


def asked(kind, **settings):
    # Nobody listens at this port: a setting that passes ends in a ProviderError.
    return made(kind, **settings).invoke("x")


DOORS = {
    "AIMessage": AIMessage,
    "ToolMessage": lambda x: ToolMessage(x, "1"),
    "tool_calls": lambda x: AIMessage("x", tool_calls=x),
    "invalid_tool_calls": lambda x: AIMessage("x", invalid_tool_calls=x),
    "a chunk's tool_calls": lambda x: AIMessageChunk("x", tool_calls=x),
    "tool_call_chunks": lambda x: AIMessageChunk("x", tool_call_chunks=x),
    "a model's input": chat.invoke,
    "bind_tools": chat.bind_tools,
    "with_structured_output": chat.with_structured_output,
    "ScriptedChat": ScriptedChat,
    "ChatPromptTemplate": ChatPromptTemplate,
    "from_template": ChatPromptTemplate.from_template,
    "partial_variables": lambda x: ChatPromptTemplate([("human", "{x}")], partial_variables=x),
    "prompt +": lambda x: prompt + x,
    "a prompt's input": prompt.invoke,
    "a placeholder's messages": ChatPromptTemplate([("placeholder", "{x}")]).invoke,
    "a role": lambda x: ChatPromptTemplate([(x, "x")]),
    "a template": lambda x: ChatPromptTemplate([("human", x)]),
    "a class's template": lambda x: ChatPromptTemplate([(HumanMessage, x)]).invoke({}),
    "MessagesPlaceholder": MessagesPlaceholder,
    "n_messages": lambda x: MessagesPlaceholder("x", n_messages=x),
    "PromptTemplate": PromptTemplate,
    "its partial_variables": lambda x: PromptTemplate("{x}", x),
    "its input": PromptTemplate("{x}{y}").invoke,
    "StrOutputParser": StrOutputParser().invoke,
    "JsonOutputParser": JsonOutputParser().invoke,
    "a parser's model": lambda x: JsonOutputParser(x).get_format_instructions(),
    "the other parser's model": lambda x: PydanticOutputParser(x).get_format_instructions(),
    "@tool": nbstream.tool,
    "args_schema": lambda x: Tool(add, args_schema=x).invoke({"a": 1}),
    "a tool's input": tool.invoke,
    "a call's arguments": lambda x: tool.invoke({"type": "tool_call", "id": "1", "args": x}),
    "convert_to_tool": convert_to_tool,
    "RunnableSequence": lambda x: RunnableSequence(step, x),
    "|": lambda x: step | x,
    "RunnableParallel": RunnableParallel,
    "RunnableBranch": lambda x: RunnableBranch(x, step),
    "RunnablePassthrough": RunnablePassthrough,
    "assign": lambda x: RunnablePassthrough.assign(a=x),
    "assign's input": RunnablePassthrough.assign(a=step).invoke,
    "pick": lambda x: RunnablePassthrough().pick(x).invoke({"a": 1}),
    "pick's input": RunnablePassthrough().pick("a").invoke,
    "map's input": step.map().invoke,
    "with_config": lambda x: step.with_config(x).invoke(1),
    "with_retry": lambda x: step.with_retry(stop_after_attempt=x),
    "with_fallbacks": lambda x: step.with_fallbacks(x),
    "a config": lambda x: step.invoke(1, x),
    "a config of ainvoke": lambda x: asyncio.run(step.ainvoke(1, x)),
    "a config of stream": lambda x: list(step.stream(1, x)),
    "a config in a batch": lambda x: step.batch([1], x),
    "a config that is traced": traced,
    "a version": lambda x: list(step.stream_events(1, version=x)),
    "a config of events": lambda x: list(step.stream_events(1, x)),
    "include_names": lambda x: list(step.stream_events(1, include_names=x)),
    "exclude_tags": lambda x: asyncio.run(drained(step.astream_events(1, exclude_tags=x))),
    **{
        f"a config's {key}": lambda x, key=key: (step.batch([1], {key: x}), traced({key: x}))
        for key in ("tags", "metadata", "configurable", "max_concurrency", "executor")
    },
    **{
        f"{kind.__name__} {key}": lambda x, kind=kind, key=key: made(kind, **{key: x})
        for kind in (ChatAnthropic, ChatOpenAI)
        for key in ("max_tokens", "timeout", "max_retries", "base_url", "api_key")
    },
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_whatever_it_is(door):
    escaped = []
    for thing in THINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                door(thing)
        except NbstreamError:
            pass
        except Exception as error:
            escaped.append(f"{thing!r:.40}: {type(error).__name__}: {error!s:.100}")
    assert escaped == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: AIMessage("x", tool_calls=[{"name": "add"}]), "with name, args and id"),
        (lambda: step.invoke(1, {"tags": "draft"}), "a list of texts, not str 'draft'"),
        (lambda: tool.invoke({"type": "tool_call", "args": {"a": 1}}), "has no id"),
        (lambda: PromptTemplate(5), "not of int 5"),
        (lambda: JsonOutputParser({}), "needs a pydantic model, not"),
        (lambda: asked(ChatAnthropic, temperature=object()), "not JSON serializable"),
        (lambda: asked(ChatOpenAI, temperature=b"x"), "not JSON serializable"),
        (lambda: made(ChatOpenAI, max_retries=1.5), "a whole number of tries from 0, not"),
        (lambda: made(ChatOpenAI, api_key=5), "api_key must be a text, not a int"),
        (lambda: made(ChatAnthropic, timeout="x"), "a number of seconds from 0, not"),
    ],
)
def test_it_says_what_and_what_to_do(wrong, said):
    with pytest.raises(InputError) as caught:
        wrong()
    assert said in str(caught.value)


def test_a_function_that_cannot_be_described():
    def ask(x: "Nowhere"):  # noqa: F821
        """Ask."""

    def take(x: object()):
        """Take."""

    for function in (ask, take):
        with pytest.raises(InputError, match=f"The tool '{function.__name__}' cannot be described"):
            convert_to_tool(function)
        with pytest.raises(InputError, match="cannot be described"):
            Tool(function).invoke({"x": 1})
