"""Tools: functions a model may ask for, and how they are described to it."""

from __future__ import annotations

import inspect
import json
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    overload,
)

from ._docstrings import described
from ._exceptions import InputError, validation_said
from ._loops import run_in_thread, run_sync
from ._shown import brief, listed
from ._signatures import config_names, readable, schema_of
from .messages import ToolMessage
from .runnables._fluent import is_langchains
from .runnables._functions import name_of
from .runnables.base import Runnable
from .runnables.config import current_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel
    from typing_extensions import Self

    from .events import RunType

__all__ = ["StructuredTool", "Tool", "ToolException", "convert_to_tool", "convert_to_tools", "tool"]


class Tool(Runnable[Any, Any]):
    """A function with typed arguments that a model may ask for; the `tool` decorator makes one.

    A parameter of type `RunnableConfig` gets the config of the call, and is hidden from the model.
    Called with a dict of arguments, it gives the function's value; with a tool call of a model's
    message, a `ToolMessage` for the conversation.

    Parameters
    ----------
    func
        The function, plain or async.
    name
        What the model calls it; by default the function's name.
    description
        What the model reads about it; by default the function's docstring.
    args_schema
        A pydantic model or a JSON schema of the arguments; by default made of the function's
        signature.
    coroutine
        What to await instead in `ainvoke`.
    parse_docstring
        Whether the docstring is in Google's style: what its ``Args:`` say goes to the arguments.
    return_direct
        Whether an agent ends with what the tool gives.
    response_format
        ``"content_and_artifact"`` where the function returns both: the first is for the model, the
        second for the program, as the `ToolMessage`'s ``artifact``.
    handle_tool_error
        What becomes of a `ToolException`: it is raised (False), its words are the answer (True), or
        this text is, or what this function makes of it.

    Raises
    ------
    InputError
        If it has no description, or its docstring describes other arguments; on a call, if the
        arguments do not fit, or there are no two values where there should be.

    Examples
    --------
    >>> from nbstream import Tool
    >>> double = Tool(lambda x: 2 * x, name="double", description="Double it.")
    >>> double.invoke({"x": 2})
    4
    """

    run_type: ClassVar[RunType] = "tool"

    def __init__(
        self,
        func: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        args_schema: type[BaseModel] | dict[str, Any] | None = None,
        coroutine: Callable[..., Any] | None = None,
        parse_docstring: bool = False,
        return_direct: bool = False,
        response_format: Literal["content", "content_and_artifact"] = "content",
        handle_tool_error: bool | str | Callable[[Any], Any] = False,
    ) -> None:
        if not callable(func):
            raise InputError(
                f"A tool is made of a function, not {brief(func)}. Put @tool above one with a "
                "docstring and typed arguments."
            )
        is_schema = isinstance(args_schema, dict) or hasattr(args_schema, "model_json_schema")
        if args_schema is not None and not is_schema:
            raise InputError(
                f"args_schema is a pydantic model of the arguments, not {brief(args_schema)}. "
                "Leave it out to take them from the function."
            )
        self.func = func
        self.coroutine = coroutine
        self.return_direct = return_direct
        self.response_format = response_format
        self.handle_tool_error = handle_tool_error
        self.name: str = name or name_of(func)
        self._said: dict[str, str] = {}
        said = inspect.getdoc(func) or ""
        if parse_docstring:
            said = self._parsed(said)
        self.description = description or said
        if not self.description:
            raise InputError(
                f"The tool {self.name!r} has no description, which the model reads. "
                "Give the function a docstring."
            )
        self._given_schema = args_schema

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    @classmethod
    def from_function(
        cls,
        func: Callable[..., Any] | None = None,
        coroutine: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a tool of a function, of a coroutine function, or of one of each.

        Parameters
        ----------
        func, coroutine
            At least one of them.
        **kwargs
            As for `Tool`.
        """
        kwargs.pop("infer_schema", None)
        return cls(func or coroutine, coroutine=coroutine, **kwargs)  # type: ignore[arg-type]

    def _parsed(self, docstring: str) -> str:
        words, self._said = described(docstring)
        names = inspect.signature(self.func).parameters
        wrong = next((name for name in self._said if name not in names), None)
        if not self._said or wrong is not None:
            what = "no arguments" if wrong is None else f"{wrong!r}, which is no argument"
            raise InputError(
                f"The docstring of the tool {self.name!r} describes {what}. Write them below "
                "'Args:', as in '    a: The first number.', or leave parse_docstring out."
            )
        return words

    @cached_property
    def args_schema(self) -> type[BaseModel] | dict[str, Any]:
        """The arguments as a pydantic model, or the JSON schema that was given."""
        if self._given_schema:
            return self._given_schema
        from pydantic.errors import PydanticUserError

        try:
            return schema_of(self.func, self.name, self._said)
        except (NameError, TypeError, PydanticUserError) as error:
            said = str(error).partition("\n")[0]
            raise InputError(
                f"The tool {self.name!r} cannot be described by its signature: {said.rstrip('.')}. "
                "Give its arguments types that pydantic knows, or pass args_schema."
            ) from None

    @cached_property
    def _config_names(self) -> list[str]:
        return config_names(self.func)

    @property
    def args(self) -> dict[str, Any]:
        """The arguments as JSON schemas, by name."""
        properties: dict[str, Any] = self.json_schema().get("properties", {})
        return properties

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments."""
        schema = self.args_schema
        return schema if isinstance(schema, dict) else schema.model_json_schema()

    def _arguments(self, input: Any) -> dict[str, Any]:
        from pydantic import ValidationError

        given = input["args"] if _is_call(input) else input
        if not isinstance(given, dict):
            given = {next(iter(self.args), "input"): given}
        if _is_call(input) and "id" not in input:
            raise InputError(
                f"The call {input!r:.120} has no id, which the answer names. "
                "Give it one, or call the tool with its arguments alone."
            )
        configs = {name: current_config() for name in self._config_names}
        if isinstance(self.args_schema, dict):
            return {**given, **configs}
        try:
            valid = self.args_schema.model_validate(given)
        except ValidationError as error:
            raise InputError(
                f"The tool {self.name!r} cannot be called with {given!r:.120}: "
                f"{validation_said(error)}. It takes {', '.join(self.args) or 'nothing'}."
            ) from None
        arguments = {name: getattr(valid, name) for name in type(valid).model_fields}
        return {**arguments, **configs}

    def _answer(self, input: Any, value: Any) -> Any:
        artifact = None
        if self.response_format == "content_and_artifact":
            if not (isinstance(value, tuple) and len(value) == 2):
                raise InputError(
                    f"The tool {self.name!r} is to return its content and its artifact, and gave "
                    f"{brief(value)}. Return both, or leave response_format out."
                )
            value, artifact = value
        return self._message(input, value, artifact=artifact)

    def _message(self, input: Any, value: Any, **fields: Any) -> Any:
        if not _is_call(input) or isinstance(value, ToolMessage):
            return value
        content = value if isinstance(value, str) else _as_json(value)
        return ToolMessage(content, input["id"], name=self.name, **fields)

    def _handled(self, input: Any, error: Exception) -> Any:
        """Return what is said in place of a `ToolException`; any other error is raised."""
        is_meant = any(kind.__name__ == "ToolException" for kind in type(error).__mro__)
        handle = self.handle_tool_error
        if not (is_meant and handle):
            raise error
        if callable(handle):
            said = handle(error)
        elif isinstance(handle, str):
            said = handle
        else:
            said = error.args[0] if error.args else "Tool execution error"
        return self._message(input, said, status="error")

    def _invoke(self, input: Any, **_: Any) -> Any:
        arguments = self._arguments(input)
        try:
            value = self.func(**arguments)
            value = run_sync(value) if inspect.iscoroutine(value) else value
        except Exception as error:
            return self._handled(input, error)
        return self._answer(input, value)

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        arguments = self._arguments(input)
        func = self.coroutine or self.func
        try:
            if inspect.iscoroutinefunction(func):
                value = await func(**arguments)
            else:
                value = await run_in_thread(func, **arguments)
                value = await value if inspect.isawaitable(value) else value
        except Exception as error:
            return self._handled(input, error)
        return self._answer(input, value)


StructuredTool = Tool
"""LangChain's other name for it."""


class ToolException(Exception):  # noqa: N818  # LangChain's name
    """What a tool raises to say that it cannot do it; see `Tool`'s ``handle_tool_error``.

    Examples
    --------
    >>> from nbstream import Tool, ToolException
    >>> def find(what: str) -> str:
    ...     "Find a thing."
    ...     raise ToolException(f"There is no {what}.")
    >>> Tool(find, handle_tool_error=True).invoke({"what": "fish"})
    'There is no fish.'
    """


@overload
def tool(func: Callable[..., Any], /, **kwargs: Any) -> Tool: ...
@overload
def tool(name: str | None = None, /, **kwargs: Any) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(*args: Any, **kwargs: Any) -> Any:
    """Make a `Tool` of a function.

    Parameters
    ----------
    *args
        The function, or the tool's name where the decorator is called: ``@tool("search")``.
    **kwargs
        As for `Tool`.

    Raises
    ------
    InputError
        If the function has no docstring and there is no ``description``.

    Examples
    --------
    >>> from nbstream import tool
    >>> @tool
    ... def add(a: int, b: int) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> add.invoke({"a": 1, "b": 2})
    3
    >>> add.invoke({"name": "add", "args": {"a": 1, "b": 2}, "id": "t1", "type": "tool_call"})
    ToolMessage(content='3', name='add', tool_call_id='t1')
    """
    if args and callable(args[0]):
        return Tool(args[0], **kwargs)
    name = args[0] if args else kwargs.pop("name", None)
    kwargs.pop("infer_schema", None)  # it is, where there is no args_schema
    return lambda func: Tool(func, name=name, **kwargs)


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "tool_call" and "args" in value


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def convert_to_tool(thing: Any) -> dict[str, Any]:
    """Describe a tool in the form of Anthropic's API: name, description, input schema.

    Parameters
    ----------
    thing
        A `Tool` or one of LangChain's, a function with a docstring, a pydantic model or
        ``TypedDict`` class, a JSON schema with a title, or a description in Anthropic's or OpenAI's
        form.

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> from nbstream.tools import convert_to_tool
    >>> def add(a: int, b: int) -> int:
    ...     "Add two numbers."
    >>> convert_to_tool(add)["input_schema"]["required"]
    ['a', 'b']
    """
    if isinstance(thing, dict):
        return _from_dict(thing)
    if isinstance(thing, Tool):
        return _described(thing.name, thing.description, thing.json_schema())
    if is_langchains(thing) and hasattr(thing, "tool_call_schema"):
        schema = thing.tool_call_schema
        schema = schema if isinstance(schema, dict) else schema.model_json_schema()
        return _described(thing.name, thing.description, schema)
    if isinstance(thing, type):
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUserError

        try:
            schema = TypeAdapter(readable(thing)).json_schema()
        except PydanticUserError:
            schema = {}
        if "properties" not in schema and "$defs" not in schema:
            raise InputError(
                f"The class {thing.__name__} describes no tool or schema. "
                "Use a pydantic model or a TypedDict."
            )
        return _described(thing.__name__, schema.get("description", ""), schema)
    if callable(thing):
        return convert_to_tool(Tool(thing))
    raise InputError(
        f"{brief(thing)} is no tool. "
        "Pass a function with a docstring, a pydantic model or a JSON schema."
    )


def convert_to_tools(things: Sequence[Any]) -> list[dict[str, Any]]:
    """Describe several tools; see `convert_to_tool`."""
    return [convert_to_tool(thing) for thing in listed(things, "bind_tools", "tools")]


def _from_dict(thing: dict[str, Any]) -> dict[str, Any]:
    if "input_schema" in thing or str(thing.get("type", "")).rpartition("_")[2].isdigit():
        return thing  # Anthropic's form already, or a tool that runs at their end
    thing = thing.get("function", thing)
    name = thing.get("name") or thing.get("title")
    schema = thing.get("parameters") or thing
    if not name or "properties" not in schema:
        raise InputError(
            f"The dict {thing!r:.80} describes no tool or schema. Give it a title (or name) and "
            "properties."
        )
    return _described(name, thing.get("description", ""), schema)


def _described(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in schema.items() if k not in ("title", "description", "name")}
    # pydantic titles each field with its own name: tokens that say nothing.
    kept["properties"] = {
        key: {k: v for k, v in field.items() if k != "title"} if isinstance(field, dict) else field
        for key, field in schema.get("properties", {}).items()
    }
    return {"name": name, "description": description, "input_schema": {"type": "object", **kept}}
