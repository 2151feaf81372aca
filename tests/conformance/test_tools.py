"""Tools and schemas: what a model is told of their arguments, and what it is not."""

from typing import Annotated

import typing_extensions
from pydantic import BaseModel, Field

import nbstream.tools

from .sides import same


def schema(lc, thing):
    """Return what the model is told, without the titles that only say a name again."""
    if lc.is_ours:
        told = nbstream.tools.convert_to_tool(thing)
        return [told["name"], told["description"], plain(told["input_schema"])]
    from langchain_core.utils.function_calling import convert_to_openai_tool

    told = convert_to_openai_tool(thing)["function"]
    return [told["name"], told["description"], plain(told["parameters"])]


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
    return [plain(item) for item in value] if isinstance(value, list) else value


@same
async def test_arguments_described_in_their_types(lc):
    @lc.tool
    def add(
        a: Annotated[int, "first number"],
        b: Annotated[int, Field(ge=1), "second number"],
        c: Annotated[int, Field(description="third number"), "never read"] = 3,
        d: Annotated[str, 5] = "x",
    ) -> int:
        """Add numbers."""
        return a + b + c

    return [schema(lc, add), add.invoke({"a": 1, "b": 2})]


class Joke(typing_extensions.TypedDict):
    """A joke."""

    setup: Annotated[str, ..., "how it begins"]
    punchline: Annotated[str, ...]
    lines: Annotated[list[str], ..., "each line"]
    kind: Annotated[str, "pun", "what kind"]
    tone: Annotated[str, "dry"]
    score: int


@same
async def test_fields_described_in_a_typed_dict(lc):
    return schema(lc, Joke)


@same
async def test_a_description_that_is_no_text(lc):
    class Wrong(typing_extensions.TypedDict):
        """Wrong."""

        a: Annotated[str, ..., 5]

    return schema(lc, Wrong)


@same
async def test_a_tool_gets_the_config_and_hides_it(lc):
    @lc.tool
    def ask(x: int, config: lc.RunnableConfig, y: int = 2) -> list:
        """Ask."""
        return [x, y, config["tags"], config["metadata"], config["configurable"]]

    @lc.tool
    async def aask(x: int, settings: lc.RunnableConfig) -> list:
        """Ask."""
        return [x, settings["tags"]]

    config = {"tags": ["t"], "metadata": {"m": 1}, "configurable": {"user": "me"}}
    call = {"name": "ask", "args": {"x": 1}, "id": "1", "type": "tool_call"}
    return [
        schema(lc, ask),
        schema(lc, aask),
        sorted(ask.args),
        ask.invoke({"x": 1}, config),
        await ask.ainvoke({"x": 1, "y": 3}, config),
        await aask.ainvoke({"x": 1}, config),
        ask.invoke(call, {"tags": ["t"]}).content,
        [tool.invoke({"x": 1})[-1] for tool in (ask,)],
    ]


@same
async def test_a_model_cannot_fake_the_config(lc):
    @lc.tool
    def ask(x: int, config: lc.RunnableConfig) -> list:
        """Ask."""
        return config["tags"]

    return ask.invoke({"x": 1, "config": {"tags": ["fake"]}}, {"tags": ["true"]})


@same
async def test_a_tool_with_a_schema_of_its_own_gets_the_config(lc):
    class Args(BaseModel):
        x: int

    @lc.tool(args_schema=Args)
    def ask(x: int, config: lc.RunnableConfig) -> list:
        """Ask."""
        return [x, config["tags"]]

    return [ask.invoke({"x": 1}, {"tags": ["t"]}), schema(lc, ask)]
