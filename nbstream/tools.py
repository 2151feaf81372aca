"""Tools: functions a model may ask for, and how they are described to it."""

from __future__ import annotations

import inspect
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from ._exceptions import InputError
from ._loops import run_in_thread, run_sync
from .messages import ToolMessage
from .runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from .events import RunType

__all__ = ["Tool", "convert_to_tool", "tool"]


class Tool(Runnable[Any, Any]):
    """A function with typed arguments that a model may ask for; the `tool` decorator makes one.

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

    Raises
    ------
    InputError
        If it has no description; on a call, if the arguments do not fit.
    """

    run_type: ClassVar[RunType] = "tool"

    def __init__(
        self,
        func: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        args_schema: type[BaseModel] | None = None,
    ) -> None:
        self.func = func
        self.name: str = name or func.__name__
        self.description = description or inspect.getdoc(func) or ""
        if not self.description:
            raise InputError(f"The tool {self.name!r} needs a docstring: the model reads it.")
        self._given_schema = args_schema

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    @cached_property
    def args_schema(self) -> type[BaseModel]:
        """The arguments as a pydantic model."""
        return self._given_schema or _schema_of(self.func, self.name)

    @property
    def args(self) -> dict[str, Any]:
        """The arguments as JSON schemas, by name."""
        properties: dict[str, Any] = self.args_schema.model_json_schema().get("properties", {})
        return properties

    def _arguments(self, input: Any) -> dict[str, Any]:
        from pydantic import ValidationError

        given = input["args"] if _is_call(input) else input
        if not isinstance(given, dict):
            given = {next(iter(self.args_schema.model_fields), "input"): given}
        try:
            valid = self.args_schema.model_validate(given)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InputError(
                f"The tool {self.name!r} cannot be called with {given!r:.120}: {wrong}."
            ) from None
        return {name: getattr(valid, name) for name in type(valid).model_fields}

    def _answer(self, input: Any, value: Any) -> Any:
        if not _is_call(input) or isinstance(value, ToolMessage):
            return value
        content = value if isinstance(value, str) else _as_json(value)
        return ToolMessage(content, input["id"], name=self.name)

    def _invoke(self, input: Any, **_: Any) -> Any:
        value = self.func(**self._arguments(input))
        return self._answer(input, run_sync(value) if inspect.iscoroutine(value) else value)

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        arguments = self._arguments(input)
        if inspect.iscoroutinefunction(self.func):
            return self._answer(input, await self.func(**arguments))
        return self._answer(input, await run_in_thread(self.func, **arguments))


def tool(*args: Any, **kwargs: Any) -> Any:
    """Make a `Tool` of a function; may be given its name and description.

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
    return lambda func: Tool(func, name=name, **kwargs)


def _is_call(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "tool_call" and "args" in value


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def _schema_of(func: Callable[..., Any], name: str) -> type[BaseModel]:
    from pydantic import create_model

    hints = get_type_hints(func, include_extras=True)
    fields: dict[str, Any] = {
        p.name: (hints.get(p.name, Any), ... if p.default is p.empty else p.default)
        for p in inspect.signature(func).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }
    return create_model(name, **fields)


def convert_to_tool(thing: Any) -> dict[str, Any]:
    """Describe a tool in the form of Anthropic's API: name, description, input schema.

    Parameters
    ----------
    thing
        A `Tool`, a function with a docstring, a pydantic model or ``TypedDict`` class, a JSON
        schema with a title, or a description in Anthropic's or OpenAI's form.

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
        return _described(thing.name, thing.description, thing.args_schema.model_json_schema())
    if isinstance(thing, type):
        from pydantic import TypeAdapter

        schema = TypeAdapter(thing).json_schema()
        return _described(thing.__name__, schema.get("description", ""), schema)
    if callable(thing):
        return convert_to_tool(Tool(thing))
    raise InputError(f"A tool is a function, a pydantic model or a JSON schema, not {thing!r:.80}.")


def _from_dict(thing: dict[str, Any]) -> dict[str, Any]:
    if "input_schema" in thing or str(thing.get("type", "")).rpartition("_")[2].isdigit():
        return thing  # Anthropic's form already, or a tool that runs at their end
    thing = thing.get("function", thing)
    name = thing.get("name") or thing.get("title")
    schema = thing.get("parameters") or thing
    if not name or "properties" not in schema:
        raise InputError(
            f"A tool as a dict needs a name (or title) and properties, not {thing!r:.80}."
        )
    return _described(name, thing.get("description", ""), schema)


def _described(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in schema.items() if k not in ("title", "description", "name")}
    for field in kept.get("properties", {}).values():
        if isinstance(field, dict):
            field.pop("title", None)
    return {"name": name, "description": description, "input_schema": {"type": "object", **kept}}
