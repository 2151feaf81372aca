"""The programs of `test_types.py` for langchain-core: checked by `make lint`, never run."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser, StrOutputParser
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import (
    Runnable,
    RunnableBranch,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
    chain,
)
from langchain_core.runnables.base import RunnableSerializable
from langchain_core.tools import BaseTool, tool
from pydantic import BaseModel
from typing_extensions import assert_type

from .test_types import Bird, Fish, alength, alengths, length, lengths, untyped

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.prompts import ChatPromptTemplate


def configured(text: str, config: RunnableConfig) -> int:
    return len(text) + len(config["tags"])


def one(model: BaseChatModel) -> None:
    assert_type(model.invoke("x"), AIMessage)
    total = assert_type(next(model.stream("x")), AIMessageChunk)
    assert_type(total + total, AIMessageChunk)
    assert_type(model.batch(["x"]), list[AIMessage])


def two(prompt: ChatPromptTemplate) -> None:
    assert_type(prompt.invoke({"x": 1}), PromptValue)
    assert_type(prompt.partial(x="1").invoke({}), PromptValue)
    assert_type(PromptTemplate.from_template("{x}").invoke({"x": 1}), PromptValue)


def three(prompt: ChatPromptTemplate, model: BaseChatModel) -> None:
    steps = prompt | model | StrOutputParser()
    assert_type(steps, RunnableSerializable[dict[str, Any], str])
    assert_type(steps.invoke({"x": 1}), str)
    assert_type(next(steps.stream({"x": 1})), str)
    assert_type((prompt | model).invoke({"x": 1}), AIMessage)
    assert_type(next((prompt | model).stream({"x": 1})), AIMessage)
    assert_type(prompt.pipe(model, StrOutputParser()).invoke({"x": 1}), object)
    row = RunnableSequence(prompt, model, StrOutputParser())  # type: ignore[var-annotated]
    assert_type(row, RunnableSequence[Any, Any])


def four(model: BaseChatModel) -> None:
    text = model | StrOutputParser()
    assert_type((text | length).invoke("x"), int)
    assert_type((text | alength).invoke("x"), Coroutine[Any, Any, int])  # type: ignore[unused-coroutine]
    text | configured  # type: ignore[operator]
    assert_type((text | untyped).invoke("x"), Any)
    assert_type((text | (lambda said: said.split())).invoke("x"), Any)
    assert_type((model | (lambda message: message.text)).invoke("x"), Any)
    assert_type((length | RunnableLambda(str)).invoke("x"), str)


def five(prompt: ChatPromptTemplate, model: BaseChatModel) -> None:
    assert_type(({"x": RunnablePassthrough()} | prompt | model).invoke("x"), AIMessage)
    both = model | StrOutputParser() | {"long": length, "same": RunnablePassthrough()}
    assert_type(both.invoke("x"), dict[str, Any])
    assert_type(both.assign(a=untyped).invoke("x"), Any)
    assert_type(both.pick("long").invoke("x"), Any)
    assert_type(RunnableParallel(a=length).invoke("x"), dict[str, Any])


def six(model: BaseChatModel) -> None:
    text = model | StrOutputParser()
    assert_type(next((text | lengths).stream("x")), int)
    assert_type((text | alengths).invoke("x"), int)
    assert_type(RunnableGenerator(lengths), RunnableGenerator[str, int])
    assert_type(RunnableGenerator(alengths), RunnableGenerator[str, int])


def seven(model: BaseChatModel) -> None:
    assert_type(model.bind(stop=["x"]).invoke("x"), AIMessage)
    assert_type(model.bind_tools([]).invoke("x"), AIMessage)
    assert_type(model.with_config(tags=["x"]).invoke("x"), AIMessage)
    assert_type(model.with_retry().invoke("x"), AIMessage)
    assert_type(model.with_fallbacks([model]).invoke("x"), AIMessage)
    text = (model | StrOutputParser()).with_retry().with_config(run_name="x")
    assert_type(next(text.stream("x")), str)
    assert_type(model.map().invoke(["x"]), list[AIMessage])


def eight(model: BaseChatModel) -> None:
    assert_type(model.with_structured_output(Fish).invoke("x"), dict[str, Any] | BaseModel)
    assert_type(model.with_structured_output(Bird).invoke("x"), dict[str, Any] | BaseModel)
    raw = model.with_structured_output(Fish, include_raw=True)
    assert_type(raw.invoke("x"), dict[str, Any] | BaseModel)


def nine(model: BaseChatModel) -> None:
    parser = PydanticOutputParser(pydantic_object=Fish)
    assert_type(parser.parse('{"name": "Goldie"}'), Fish)
    assert_type((model | parser).invoke("x"), Any)
    assert_type((model | JsonOutputParser()).invoke("x"), Any)


def ten() -> None:
    @chain
    def route(text: str) -> Runnable[str, int]:
        return RunnableLambda(length) if text else RunnableLambda(alength)

    @tool
    def double(n: int) -> int:
        """Double it."""
        return 2 * n

    assert_type(route, Runnable[str, Runnable[str, int]])
    assert_type(RunnableLambda(alength), RunnableLambda[str, int])
    assert_type(RunnableBranch((str.isupper, length), length).invoke("x"), int)
    assert_type(double, BaseTool)
    assert_type(double.invoke({"n": 2}), Any)
