"""What a type checker knows of ten programs: `make lint` checks it, and here they run.

`theirs.py` has them for langchain-core 1.8. Where the two differ in what they say:

| program                            | nbstream                         | langchain-core           |
|------------------------------------|----------------------------------|--------------------------|
| 1 ``model.invoke``, ``stream``     | AIMessage, AIMessageChunk        | the same                 |
| 2 ``prompt.invoke``                | ChatPromptValue                  | PromptValue              |
| 3 ``prompt | model``, streamed     | AIMessage (each is a chunk)      | the same                 |
|   ``a.pipe(b, parser)``            | str                              | object                   |
|   ``RunnableSequence(a, b, parser)`` | str                            | wants an annotation      |
|   what a prompt or a model takes   | Any                              | dict; text or messages   |
| 4 ``| coroutine_function``         | what it returns                  | the coroutine            |
|   ``| function_with_config``       | what it returns                  | an error                 |
|   ``| (lambda text: text.split())`` | list[str]                       | Any                      |
|   ``| untyped_function``           | Any                              | Any                      |
|   ``model | function_of_a_text``   | an error                         | an error                 |
| 5 ``| {"a": step}``, ``.assign``   | dict[str, Any]                   | dict[str, Any], Any      |
|   ``.pick``                        | Any                              | Any                      |
| 6 ``| generator_function``         | what it yields                   | the same                 |
| 7 ``bind``, ``with_…``, ``map``    | kept                             | the same                 |
| 8 ``with_structured_output(Fish)`` | Fish; a TypedDict; dict[str, Any] | dict or BaseModel       |
| 9 ``| PydanticOutputParser(Fish)`` | Fish                             | Any                      |
|   ``| JsonOutputParser()``         | Any                              | Any                      |
| 10 ``@chain``, returns a step      | what that gives                  | the step                 |
|   ``RunnableBranch`` of functions  | Any                              | what they return         |
|   a tool's value                   | Any                              | Any                      |
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict, assert_type

from nbstream import (
    AIMessage,
    AIMessageChunk,
    BaseChatModel,
    ChatPromptTemplate,
    ChatPromptValue,
    JsonOutputParser,
    PromptTemplate,
    PydanticOutputParser,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
    ScriptedChat,
    StringPromptValue,
    StrOutputParser,
    Tool,
    ToolMessage,
    chain,
    tool,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROMPT = ChatPromptTemplate.from_template("{x}")
MODEL = ScriptedChat(["Here", " is"])


class Fish(BaseModel):
    name: str


class Bird(TypedDict):
    name: str


def length(text: str) -> int:
    return len(text)


async def alength(text: str) -> int:
    return len(text)


def lengths(texts: Iterator[str]) -> Iterator[int]:
    for text in texts:
        yield len(text)


async def alengths(texts: AsyncIterator[str]) -> AsyncIterator[int]:
    async for text in texts:
        yield len(text)


def untyped(text):  # type: ignore[no-untyped-def]
    return len(text)


def configured(text: str, config: dict[str, Any]) -> int:
    return len(text) + len(config["tags"])


def test_1_a_model() -> None:
    model: BaseChatModel = MODEL
    answer = assert_type(model.invoke("x"), AIMessage)
    assert type(answer) is AIMessage
    total = assert_type(next(model.stream("x")), AIMessageChunk)
    assert_type(total + total, AIMessageChunk)
    assert_type(model.batch(["x"]), list[AIMessage])
    for _, found in model.batch_as_completed(["x"]):
        assert_type(found, AIMessage | Exception)

    async def main() -> None:
        assert_type(await model.ainvoke("x"), AIMessage)
        assert_type(await model.abatch(["x"]), list[AIMessage])
        async for chunk in model.astream("x"):
            assert_type(chunk, AIMessageChunk)
            assert type(chunk) is AIMessageChunk

    asyncio.run(main())


def test_2_a_prompt() -> None:
    assert_type(PROMPT.invoke({"x": 1}), ChatPromptValue)
    assert_type(PROMPT.partial(x="1").invoke({}), ChatPromptValue)
    assert_type(PromptTemplate.from_template("{x}").invoke({"x": 1}), StringPromptValue)


def test_3_a_chain() -> None:
    steps = PROMPT | MODEL | StrOutputParser()
    assert_type(steps, RunnableSequence[Any, str])
    assert_type(steps.invoke({"x": 1}), str)
    assert_type(next(steps.stream({"x": 1})), str)
    assert_type((PROMPT | MODEL).invoke({"x": 1}), AIMessage)
    assert_type(next((PROMPT | MODEL).stream({"x": 1})), AIMessage)  # it is a chunk
    assert_type(PROMPT.pipe(MODEL, StrOutputParser()).invoke({"x": 1}), str)
    assert_type(RunnableSequence(PROMPT, MODEL, StrOutputParser()).invoke({"x": 1}), str)


def test_4_functions() -> None:
    text = MODEL | StrOutputParser()
    assert_type((text | length).invoke("x"), int)
    assert_type((text | alength).invoke("x"), int)
    assert_type((text | configured).invoke("x"), int)
    assert_type((text | untyped).invoke("x"), Any)
    assert_type((text | (lambda said: said.split())).invoke("x"), list[str])
    assert_type((MODEL | (lambda message: message.text)).invoke("x"), str)
    assert_type((length | RunnableLambda(str)).invoke("x"), str)
    assert_type(length | RunnableLambda(str), RunnableSequence[str, str])
    assert (text | alength | str).invoke("x") == "7"


def test_5_dicts() -> None:
    steps = {"x": RunnablePassthrough()} | PROMPT | MODEL
    assert_type(steps.invoke("x"), AIMessage)
    both = MODEL | StrOutputParser() | {"long": length, "same": RunnablePassthrough()}
    assert_type(both.invoke("x"), dict[str, Any])
    assert_type(both.assign(a=untyped).invoke("x"), dict[str, Any]) if TYPE_CHECKING else None
    assert_type(both.pick("long").invoke("x"), Any)
    assert_type(RunnableParallel(a=length).invoke("x"), dict[str, Any])


def test_6_generators() -> None:
    text = MODEL | StrOutputParser()
    assert_type(next((text | lengths).stream("x")), int)
    assert_type((text | alengths).invoke("x"), int)
    assert_type(RunnableGenerator(lengths), RunnableGenerator[str, int])
    assert_type(RunnableGenerator(alengths), RunnableGenerator[str, int])
    assert_type(lengths | RunnableLambda(str), RunnableSequence[str, str])
    assert [*(text | lengths).stream("x")] == [4, 3]


def test_7_what_keeps_the_type() -> None:
    assert_type(MODEL.bind(stop=["x"]).invoke("x"), AIMessage)
    assert_type(MODEL.bind_tools([]).invoke("x"), AIMessage)
    assert_type(MODEL.with_config(tags=["x"]).invoke("x"), AIMessage)
    assert_type(MODEL.with_retry().invoke("x"), AIMessage)
    assert_type(MODEL.with_fallbacks([MODEL]).invoke("x"), AIMessage)
    text = (MODEL | StrOutputParser()).with_retry().with_config(run_name="x")
    assert_type(next(text.stream("x")), str)
    assert_type(text.batch(["x"]), list[str])
    assert_type(MODEL.map().invoke(["x"]), list[AIMessage])


def test_8_structured_output() -> None:
    if TYPE_CHECKING:
        assert_type(MODEL.with_structured_output(Fish).invoke("x"), Fish)
        assert_type(MODEL.with_structured_output(Bird).invoke("x"), Bird)
        assert_type(MODEL.with_structured_output({"title": "x"}).invoke("x"), dict[str, Any])
        raw = MODEL.with_structured_output(Fish, include_raw=True)
        assert_type(raw.invoke("x"), dict[str, Any])
    call = {"name": "Fish", "args": '{"name": "Goldie"}', "id": "1", "index": 0}
    model = ScriptedChat([AIMessageChunk(tool_call_chunks=[call])])
    assert model.with_structured_output(Fish).invoke("x").name == "Goldie"


def test_9_parsers() -> None:
    model = ScriptedChat(['{"name": "Goldie"}'])
    parser = PydanticOutputParser(pydantic_object=Fish)
    assert_type(parser.parse('{"name": "Goldie"}'), Fish)
    assert_type((model | parser).invoke("x"), Fish)
    assert_type((model | JsonOutputParser()).invoke("x"), Any)
    assert_type(JsonOutputParser(), JsonOutputParser[Any])
    assert (model | parser).invoke("x").name == "Goldie"


def test_10_steps_made_of_functions() -> None:
    @chain
    def route(text: str) -> Runnable[str, int]:
        return RunnableLambda(length) if text else RunnableLambda(alength)

    @tool
    def double(n: int) -> int:
        """Double it."""
        return 2 * n

    assert_type(route, RunnableLambda[str, int])
    assert_type(RunnableLambda(alength), RunnableLambda[str, int])
    assert_type(RunnableLambda(configured), RunnableLambda[Any, Any])
    assert_type(RunnableBranch((length, route), route).invoke("x"), int)
    assert_type(RunnableBranch((length, length), length).invoke("x"), Any)
    assert route.invoke("four") == 4
    call: Any = {"name": "double", "args": {"n": 2}, "id": "1", "type": "tool_call"}
    assert_type(double, Tool)
    assert_type(tool("twice", description="Double it.")(length), Tool)
    assert_type(double.invoke({"n": 2}), Any)
    assert isinstance(double.invoke(call), ToolMessage)


@pytest.mark.promise(
    "docs/langchain.md", "What a type checker knows of ten programs on either side"
)
def test_0_a_wrong_claim_is_an_error() -> None:
    # mypy reports an `ignore` that it does not need: these say that it does.
    assert_type(MODEL.invoke("x"), AIMessageChunk)  # type: ignore[assert-type]
    assert_type((MODEL | StrOutputParser()).invoke("x"), Any)  # type: ignore[assert-type]
    if TYPE_CHECKING:
        print(MODEL.invoke("x").nothing)  # type: ignore[attr-defined]
        MODEL | 42  # type: ignore[operator]
        MODEL | length  # type: ignore[operator]  # it takes a text, not a message
