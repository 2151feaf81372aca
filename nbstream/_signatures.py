"""A function's arguments, and classes that describe some, as pydantic reads them."""

from __future__ import annotations

import inspect
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from ._exceptions import InputError
from ._shown import brief
from .runnables._functions import called

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

__all__ = ["config_names", "readable", "schema_of"]


def schema_of(func: Callable[..., Any], name: str, said: dict[str, str]) -> type[BaseModel]:
    from pydantic import Field, create_model

    hints = get_type_hints(_hinted(func), include_extras=True)
    hidden = config_names(func)
    fields: dict[str, Any] = {
        p.name: (_argument(hints.get(p.name, Any)), ... if p.default is p.empty else p.default)
        for p in inspect.signature(func).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in hidden
    }
    for argument, words in said.items():
        if argument in fields:
            hint, default = fields[argument]
            fields[argument] = (Annotated[hint, Field(description=words)], default)
    return create_model(name, **fields)


def _hinted(func: Callable[..., Any]) -> Any:
    return func if isinstance(func, type) else called(func)


def config_names(func: Callable[..., Any]) -> list[str]:
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

    plain = readable(hint)
    if get_origin(hint) is Annotated:
        for told in hint.__metadata__:
            if isinstance(told, FieldInfo) and told.description:
                break
            if isinstance(told, str):
                return Annotated[plain, Field(description=told)]
    return plain


def readable(hint: Any) -> Any:
    """Rebuild ``typing.TypedDict`` classes, which pydantic reads from Python 3.12 on only."""
    if get_origin(hint) is Annotated:
        return Annotated[(readable(get_args(hint)[0]), *hint.__metadata__)]
    if get_origin(hint) in (list, dict, Union, UnionType):
        args = tuple(map(readable, get_args(hint)))
        return Union[args] if get_origin(hint) is UnionType else get_origin(hint)[args]  # noqa: UP007
    if not (isinstance(hint, type) and hasattr(hint, "__total__")):
        return hint
    from typing_extensions import NotRequired, TypedDict

    # Without extras, "required or not" is taken from the class, which knows it for all its fields.
    hints = get_type_hints(hint)
    described = get_type_hints(hint, include_extras=True)
    fields = {}
    for name, hint_of in hints.items():
        rich = _unmarked(described[name])
        is_rich = get_origin(rich) is Annotated
        kind, has_default = _field(name, rich) if is_rich else (readable(hint_of), False)
        optional = has_default or name in getattr(hint, "__optional_keys__", ())
        fields[name] = NotRequired[kind] if optional else kind
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

    plain = readable(hint)
    default, *more = hint.__metadata__
    if not isinstance(default, _DEFAULTS):
        return plain, False
    description = more[0] if more else None
    if isinstance(description, str):
        plain = Annotated[plain, Field(description=description)]
    elif more and isinstance(description, _DEFAULTS):
        raise InputError(
            f"The field {name!r} is described by {brief(description)}. "
            f'Write a text, as in {name}: Annotated[str, ..., "what it is"].'
        )
    if default is not ... and default is not None:
        plain = Annotated[plain, Field(json_schema_extra={"default": default})]
    return plain, default is not ...
