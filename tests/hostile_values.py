"""Values that do their worst to whoever looks at them: what they raise is no business of ours.

They are kept apart from the tests, since pytest looks at all that stands in those.
"""

from dataclasses import dataclass
from types import MappingProxyType
from unittest.mock import MagicMock, Mock

from nbstream import AIMessage, AIMessageChunk
from nbstream.messages import BaseMessage


class BadError(Exception):
    """What they raise."""


def bad(*_, **__):
    raise BadError("not for you")


def leave(*_, **__):
    raise SystemExit(3)


def of(name, how, *names, base=object):
    return type(name, (base,), dict.fromkeys(names, how))


def prop(how):
    return property(lambda self: how())


class Meta(type):
    def __getattribute__(cls, name):
        raise BadError

    def __hash__(cls):
        raise BadError

    def __eq__(cls, other):
        raise BadError

    def __instancecheck__(cls, other):
        raise BadError


class Liar:
    """Says that it is of another kind."""

    __class__ = prop(bad)  # type: ignore[assignment]


class Everything:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


class Told(BaseMessage):
    type = "told"
    content = prop(bad)

    def __init__(self):
        pass


class Endless(dict):
    def __len__(self):
        return 3

    def items(self):
        while True:
            yield "k", self


@dataclass
class Card:
    name: str = "x"

    def __getattribute__(self, name):
        if name == "name":
            raise BadError
        return super().__getattribute__(name)

    __repr__ = leave


TEXT_HOOKS = ("__str__", "__repr__", "__len__", "__eq__", "__bool__", "__hash__", "__format__")
VALUES = {
    "repr": of("Nobody", bad, "__repr__")(),
    "repr that leaves": of("Nobody", leave, "__repr__")(),
    "repr of another kind": of("Nobody", lambda self: 5, "__repr__")(),
    "truth": of("Nobody", bad, "__bool__", "__eq__", "__len__", "__repr__", "__hash__")(),
    "properties": type(
        "Nobody",
        (),
        {
            name: prop(bad)
            for name in ("messages", "model_dump", "content", "text", "usage_metadata", "__dict__")
        }
        | {"__repr__": bad, "to_messages": bad},
    )(),
    "properties that leave": type(
        "Nobody",
        (),
        {name: prop(leave) for name in ("messages", "content", "text", "tool_call_chunks")}
        | {"__repr__": leave, "model_dump": leave},
    )(),
    "class that is a property": Liar(),
    "type with a metaclass": Meta("Class", (), {})(),
    "type itself": Meta("Class", (), {}),
    "dict of methods": of("Nobody", bad, "items", "__iter__", "__len__", "__repr__", base=dict)(
        a=1
    ),
    "dict without an end": Endless(a=1),
    "dict of bad keys": {of("Key", bad, "__str__", "__repr__")(): 1, (1, Liar()): 2, 1: 3},
    "list of methods": of("Nobody", bad, "__iter__", "__len__", "__repr__", base=list)([1]),
    "list that leaves": of("Nobody", leave, "__iter__", "__len__", "__repr__", base=list)([1]),
    "text": of("Text", bad, *TEXT_HOOKS, "encode", "isascii", "__iter__", base=str)("hello"),
    "number": of("Number", bad, *TEXT_HOOKS, "bit_length", "__int__", "__abs__", base=int)(5),
    "fraction": of("Fraction", bad, *TEXT_HOOKS, "__float__", "__round__", base=float)(0.5),
    "huge number": 10**5000,
    "exception": of("Failure", bad, "__str__", "__repr__", base=ValueError)("x"),
    "exception that leaves": of("Failure", leave, "__str__", "__repr__", base=ValueError)("x"),
    "everything": Everything(),
    "mock": Mock(),
    "mock of a text": Mock(spec=str),
    "magic mock": MagicMock(),
    "message": Told(),
    "message of anything": AIMessage(Liar()),  # type: ignore[arg-type]
    "message of odd blocks": AIMessage([5, None, {"type": "text"}, {"type": "text", "text": 5}]),
    "message of nothing": AIMessage(None),  # type: ignore[arg-type]
    "message with odd extras": AIMessageChunk(
        "x", response_metadata=Liar(), additional_kwargs=of("No", bad, "__bool__")()
    ),
    "dataclass": Card(),
    "closed memory": memoryview(b"x"),
    "mapping": MappingProxyType({Liar(): Liar()}),
    "deep": [[[[[[[[[[[[[[[[[[[[[Liar()]]]]]]]]]]]]]]]]]]]]],
    "half a character": "fish \ud83d",
}
VALUES["closed memory"].release()
