import asyncio
import json
import typing
from typing import Annotated, Optional

import pydantic
import pytest
import typing_extensions
from typing_extensions import TypedDict

from nbstream import InputError, RunnableConfig, Tool, ToolMessage, Trace, tool
from nbstream.tools import convert_to_tool


@tool
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@tool
async def wait(seconds: float) -> str:
    """Wait a while."""
    await asyncio.sleep(0)
    return f"{seconds} s"


def call(name="add", id="1", **args):
    return {"name": name, "args": args, "id": id, "type": "tool_call"}


def test_a_function_becomes_a_tool():
    assert isinstance(add, Tool)
    assert (add.name, add.description) == ("add", "Add two numbers.")
    assert {name: field["type"] for name, field in add.args.items()} == {
        "a": "integer",
        "b": "integer",
    }
    assert repr(add) == "Tool('add')"


def test_a_dict_gives_the_value():
    assert add.invoke({"a": 1}) == 3
    assert add.invoke({"a": "1", "b": 5}) == 6
    assert asyncio.run(add.ainvoke({"a": 1})) == 3


def test_a_call_gives_a_message():
    assert add.invoke(call(a=1)) == ToolMessage("3", "1", name="add")
    assert asyncio.run(add.ainvoke(call(a=1))) == ToolMessage("3", "1", name="add")


def test_an_async_function_works_from_both_sides():
    assert wait.invoke({"seconds": 1}) == "1.0 s"
    assert asyncio.run(wait.ainvoke({"seconds": 1})) == "1.0 s"
    assert wait.invoke(call("wait", seconds=1)).content == "1.0 s"


def test_one_argument_needs_no_dict():
    assert wait.invoke(2) == "2.0 s"


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("text", "text"),
        ({"a": "\u00e9"}, '{"a": "\u00e9"}'),
        ([1, None], "[1, null]"),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_values_become_texts_for_the_model(value, content):
    echo = Tool(lambda: value, name="echo", description="Echo.")
    assert echo.invoke(call("echo")).content == content


def test_a_message_of_the_tools_own_is_passed_on():
    own = ToolMessage("x", "1", artifact=[1])
    assert Tool(lambda: own, name="own", description="Own.").invoke(call("own")) is own


def test_names_and_descriptions_can_be_given():
    class Args(pydantic.BaseModel):
        a: int = pydantic.Field(description="The number.")

    @tool("twice", description="Double.", args_schema=Args)
    def double(a):
        return 2 * a

    assert (double.name, double.description) == ("twice", "Double.")
    assert double.args["a"]["description"] == "The number."
    assert double.invoke({"a": 2}) == 4


def test_arguments_can_be_models():
    class Fish(pydantic.BaseModel):
        name: str

    @tool
    def feed(fish: Fish, food: Annotated[str, pydantic.Field(description="What.")]) -> str:
        """Feed a fish."""
        return f"{fish.name} ate {food}"

    feed_it = {"fish": {"name": "Goldie"}, "food": "flakes"}
    assert feed.invoke(feed_it) == "Goldie ate flakes"
    assert feed.args["food"]["description"] == "What."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"b": 1}, "'add' cannot be called with {'b': 1}: a: Field required. It takes a, b."),
        ({"a": "x"}, "a: Input should be a valid integer"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments, said):
    with pytest.raises(InputError) as caught:
        add.invoke(arguments)
    assert said in str(caught.value)


def test_a_tool_without_a_description_is_refused():
    with pytest.raises(InputError, match=r"'f' has no description.*docstring"):

        @tool
        def f(a):
            return a


def test_a_call_is_a_run_of_its_own():
    with Trace() as trace:
        add.invoke({"a": 1})
    assert (trace.runs[0].run_type, trace.runs[0].name) == ("tool", "add")
    assert trace.output(trace.runs[0]) == 3


@pytest.mark.promise("docs/errors.md", "come through as they are")
def test_an_error_in_a_tool_comes_through():
    def fail():
        """Fail."""
        raise LookupError("boom")

    with pytest.raises(LookupError, match="boom"):
        tool(fail).invoke({})


# Descriptions


def described(**properties):
    return {
        "name": "Move",
        "description": "Move it.",
        "input_schema": {"type": "object", "properties": properties, "required": ["x"]},
    }


def move(x: int):
    """Move it."""


class MoveModel(pydantic.BaseModel):
    """Move it."""

    x: int


class MoveDict(TypedDict):
    """Move it."""

    x: int


SCHEMA = {
    "title": "Move",
    "description": "Move it.",
    "type": "object",
    "properties": {"x": {"type": "integer", "title": "X"}},
    "required": ["x"],
}
PARAMETERS = {key: SCHEMA[key] for key in ("type", "properties", "required")}
NAMED = {"name": "Move", "description": "Move it."}


@pytest.mark.parametrize(
    "thing",
    [
        Tool(move, name="Move"),
        type("Move", (MoveModel,), {"__doc__": "Move it."}),
        SCHEMA,
        {**NAMED, "parameters": PARAMETERS},
        {"type": "function", "function": {**NAMED, "parameters": PARAMETERS}},
        {**NAMED, "input_schema": described(x={"type": "integer"})["input_schema"]},
    ],
)
def test_a_tool_can_be_described_in_many_ways(thing):
    assert convert_to_tool(thing) == described(x={"type": "integer"})


def test_a_description_leaves_the_given_dict_alone():
    before = json.dumps(SCHEMA)
    convert_to_tool(SCHEMA)
    assert json.dumps(SCHEMA) == before


def test_functions_and_typed_dicts_are_described():
    for thing in (move, MoveDict):
        assert convert_to_tool(thing) == {
            **described(x={"type": "integer"}),
            "name": thing.__name__,
        }


def test_typed_dicts_of_the_standard_library_are_described():
    import typing

    class Inner(typing.TypedDict):
        n: int

    class Outer(typing.TypedDict, total=False):
        """Outer."""

        inner: list[Inner]
        maybe: Optional[Inner]  # noqa: UP045
        text: Annotated[str, pydantic.Field(description="Some.")]

    # The hints are read as texts here, so their names must be known in the module.
    Outer.__annotations__.update(
        inner=list[Inner],
        maybe=Optional[Inner],  # noqa: UP045
        text=Annotated[str, pydantic.Field(description="Some.")],
    )
    schema = convert_to_tool(Outer)["input_schema"]
    assert schema["properties"]["text"] == {"type": "string", "description": "Some."}
    assert schema["properties"]["inner"]["items"] == {"$ref": "#/$defs/Inner"}
    assert "required" not in schema


def test_a_tool_at_the_providers_end_is_passed_on():
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert convert_to_tool(search) is search


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (42, "int 42 is no tool"),
        ({"a": 1}, r"\{'a': 1\} describes no tool"),
        (lambda x: x, "has no description"),
        (Trace, "class Trace describes no tool"),
    ],
)
def test_what_is_no_tool_is_named(thing, said):
    with pytest.raises(InputError, match=said):
        convert_to_tool(thing)


def test_descriptions_in_a_typed_dict_of_pythons_own():
    class Fish(typing.TypedDict):
        """A fish."""

        name: Annotated[str, ..., "what it is called"]
        size: typing_extensions.NotRequired[Annotated[int, ..., "how long"]]
        age: Annotated[int | None, None, "in years"]

    described = {"name": "what it is called", "size": "how long", "age": "in years"}
    told = convert_to_tool(Fish)["input_schema"]
    assert {name: field["description"] for name, field in told["properties"].items()} == described
    assert told["required"] == ["name"]

    @tool
    def feed(fish: Fish) -> str:
        """Feed a fish."""
        return fish["name"]

    assert feed.invoke({"fish": {"name": "Goldie"}}) == "Goldie"
    inner = convert_to_tool(feed)["input_schema"]["$defs"]["Fish"]["properties"]
    assert inner["name"]["description"] == "what it is called"


def test_a_config_of_either_librarys_may_be_left_out():
    from langchain_core.runnables import RunnableConfig as Theirs

    def ask(x: int, ours: RunnableConfig | None = None, theirs: Theirs | None = None) -> list:
        """Ask."""
        return [x, ours["tags"], theirs["tags"]]

    assert list(tool(ask).args) == ["x"]
    assert tool(ask).invoke({"x": 1}, {"tags": ["t"]}) == [1, ["t"], ["t"]]
    assert asyncio.run(tool(ask).ainvoke({"x": 1}, {"tags": ["t"]})) == [1, ["t"], ["t"]]
    assert tool(ask).invoke({"x": 1}) == [1, [], []]


def test_a_config_whose_name_is_for_type_checkers_only():
    def ask(x: int, config: "RunnableConfigs.RunnableConfig") -> list:  # noqa: F821
        """Ask."""
        return [x, config["tags"]]

    class Args(pydantic.BaseModel):
        x: int

    assert tool(ask, args_schema=Args).invoke({"x": 1}, {"tags": ["t"]}) == [1, ["t"]]


def test_an_object_that_is_called_like_a_function():
    class Ask:
        """Ask."""

        def __call__(self, x: int, config: RunnableConfig) -> list:
            return [x, config["tags"]]

    assert tool(Ask()).name == "Ask"
    assert convert_to_tool(tool(Ask()))["input_schema"]["properties"] == {"x": {"type": "integer"}}
    assert tool(Ask()).invoke({"x": 1}, {"tags": ["t"]}) == [1, ["t"]]
