"""Tools: functions a model may ask for, and how they are described to it."""

from __future__ import annotations

import inspect
import json
from functools import cached_property
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from ._exceptions import InputError, validation_said
from ._loops import run_in_thread, run_sync
from ._shown import brief, listed
from .messages import ToolMessage
from .runnables._fluent import is_langchains
from .runnables._functions import called, name_of
from .runnables.base import Runnable
from .runnables.config import current_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel

    from .events import RunType

__all__ = ["Tool", "convert_to_tool", "convert_to_tools", "tool"]


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
        A pydantic model of the arguments; by default made of the function's signature.

    Raises
    ------
    InputError
        If it has no description; on a call, if the arguments do not fit.

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
        args_schema: type[BaseModel] | None = None,
    ) -> None:
        if not callable(func):
            raise InputError(
                f"A tool is made of a function, not {brief(func)}. Put @tool above one with a "
                "docstring and typed arguments."
            )
        if not (args_schema is None or hasattr(args_schema, "model_json_schema")):
            raise InputError(
                f"args_schema is a pydantic model of the arguments, not {brief(args_schema)}. "
                "Leave it out to take them from the function."
            )
        self.func = func
        self.name: str = name or name_of(func)
        self.description = description or inspect.getdoc(func) or ""
        if not self.description:
            raise InputError(
                f"The tool {self.name!r} has no description, which the model reads. "
                "Give the function a docstring."
            )
        self._given_schema = args_schema

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    @cached_property
    def args_schema(self) -> type[BaseModel]:
        """The arguments as a pydantic model."""
        if self._given_schema:
            return self._given_schema
        from pydantic.errors import PydanticUserError

        try:
            return _schema_of(self.func, self.name)
        except (NameError, TypeError, PydanticUserError) as error:
            said = str(error).partition("\n")[0]
            raise InputError(
                f"The tool {self.name!r} cannot be described by its signature: {said.rstrip('.')}. "
                "Give its arguments types that pydantic knows, or pass args_schema."
            ) from None

    @cached_property
    def _config_names(self) -> list[str]:
        return _config_names(self.func)

    @property
    def args(self) -> dict[str, Any]:
        """The arguments as JSON schemas, by name."""
        properties: dict[str, Any] = self.args_schema.model_json_schema().get("properties", {})
        return properties

    def _json_schema(self) -> dict[str, Any]:
        return self.args_schema.model_json_schema()

    def _arguments(self, input: Any) -> dict[str, Any]:
        from pydantic import ValidationError

        given = input["args"] if _is_call(input) else input
        if not isinstance(given, dict):
            given = {next(iter(self.args_schema.model_fields), "input"): given}
        if _is_call(input) and "id" not in input:
            raise InputError(
                f"The call {input!r:.120} has no id, which the answer names. "
                "Give it one, or call the tool with its arguments alone."
            )
        try:
            valid = self.args_schema.model_validate(given)
        except ValidationError as error:
            raise InputError(
                f"The tool {self.name!r} cannot be called with {given!r:.120}: "
                f"{validation_said(error)}. It takes {', '.join(self.args) or 'nothing'}."
            ) from None
        arguments = {name: getattr(valid, name) for name in type(valid).model_fields}
        return {**arguments, **{name: current_config() for name in self._config_names}}

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
        value = await run_in_thread(self.func, **arguments)
        return self._answer(input, await value if inspect.isawaitable(value) else value)


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
        As for `Tool`: ``description``, ``args_schema``.

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

    hints = get_type_hints(_hinted(func), include_extras=True)
    hidden = _config_names(func)
    fields: dict[str, Any] = {
        p.name: (_argument(hints.get(p.name, Any)), ... if p.default is p.empty else p.default)
        for p in inspect.signature(func).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in hidden
    }
    return create_model(name, **fields)


def _hinted(func: Callable[..., Any]) -> Any:
    return func if isinstance(func, type) else called(func)


def _config_names(func: Callable[..., Any]) -> list[str]:
    """Return the parameters that are to get the config of the call."""
    try:
        hints = get_type_hints(_hinted(func))
    except NameError:  # a name that is imported for type checkers only
        hints = _hinted(func).__annotations__
    return [name for name, hint in hints.items() if name != "return" and _is_config(hint)]


def _is_config(hint: Any) -> bool:
    if isinstance(hint, str):
        return "RunnableConfig" in hint
    if get_origin(hint) in (Union, UnionType):
        return any(map(_is_config, get_args(hint)))
    # LangChain's own, too: a tool written for it may be used here.
    return isinstance(hint, type) and hint.__name__ == "RunnableConfig"


def _argument(hint: Any) -> Any:
    """Return an argument's type with its description: the first text of ``Annotated[int, "…"]``."""
    from pydantic import Field
    from pydantic.fields import FieldInfo

    readable = _readable(hint)
    if get_origin(hint) is Annotated:
        for told in hint.__metadata__:
            if isinstance(told, FieldInfo) and told.description:
                break
            if isinstance(told, str):
                return Annotated[readable, Field(description=told)]
    return readable


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
        return _described(thing.name, thing.description, thing._json_schema())
    if is_langchains(thing) and hasattr(thing, "tool_call_schema"):
        schema = thing.tool_call_schema
        schema = schema if isinstance(schema, dict) else schema.model_json_schema()
        return _described(thing.name, thing.description, schema)
    if isinstance(thing, type):
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUserError

        try:
            schema = TypeAdapter(_readable(thing)).json_schema()
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


def _readable(hint: Any) -> Any:
    """Rebuild ``typing.TypedDict`` classes, which pydantic reads from Python 3.12 on only."""
    if get_origin(hint) is Annotated:
        return Annotated[(_readable(get_args(hint)[0]), *hint.__metadata__)]
    if get_origin(hint) in (list, dict, Union, UnionType):
        args = tuple(map(_readable, get_args(hint)))
        return Union[args] if get_origin(hint) is UnionType else get_origin(hint)[args]  # noqa: UP007
    if not (isinstance(hint, type) and hasattr(hint, "__total__")):
        return hint
    from typing_extensions import NotRequired, TypedDict

    # Without extras, "required or not" is taken from the class, which knows it for all its fields.
    hints = get_type_hints(hint)
    described = get_type_hints(hint, include_extras=True)
    fields = {}
    for name, plain in hints.items():
        rich = _unmarked(described[name])
        is_rich = get_origin(rich) is Annotated
        readable, has_default = _field(name, rich) if is_rich else (_readable(plain), False)
        optional = has_default or name in getattr(hint, "__optional_keys__", ())
        fields[name] = NotRequired[readable] if optional else readable
    # The functional form: the fields are known only now.
    rebuilt = TypedDict(hint.__name__, fields)  # type: ignore[misc]
    rebuilt.__doc__ = hint.__doc__
    return rebuilt


def _unmarked(hint: Any) -> Any:
    """Take ``NotRequired[…]`` and its kin off a field's type; the class knows which it has."""
    while getattr(get_origin(hint), "_name", None) in ("NotRequired", "Required", "ReadOnly"):
        hint = get_args(hint)[0]
    return hint


# What stands for a default in an annotation; anything else there is pydantic's own.
_DEFAULTS = (str, int, float, list, dict, type(None), type(...))


def _field(name: str, hint: Any) -> tuple[Any, bool]:
    """Read ``Annotated[str, default, "description"]``, as LangChain does; ``...`` is no default."""
    from pydantic import Field

    readable = _readable(hint)
    default, *more = hint.__metadata__
    if not isinstance(default, _DEFAULTS):
        return readable, False
    description = more[0] if more else None
    if isinstance(description, str):
        readable = Annotated[readable, Field(description=description)]
    elif more and isinstance(description, _DEFAULTS):
        raise InputError(
            f"The field {name!r} is described by {brief(description)}. "
            f'Write a text, as in {name}: Annotated[str, ..., "what it is"].'
        )
    if default is not ... and default is not None:
        readable = Annotated[readable, Field(json_schema_extra={"default": default})]
    return readable, default is not ...


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
