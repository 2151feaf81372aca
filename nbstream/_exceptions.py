"""Everything nbstream raises on purpose.

::

    NbstreamError
    ├── InputError (ValueError)    what was passed in cannot be used
    ├── ParseError (ValueError)    what a model said is not what was asked for
    ├── AgentLimitError (RecursionError)  an agent came to its limit of steps or budget
    ├── SetupError                 this machine lacks a key, a package or the weights
    └── ProviderError              the model's endpoint refused, failed or was not reached

Each message names the value at fault and the next step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AgentLimitError",
    "InputError",
    "NbstreamError",
    "ParseError",
    "ProviderError",
    "SetupError",
]


class NbstreamError(Exception):
    """The base class: catch it to catch every error nbstream raises on purpose.

    Examples
    --------
    >>> from nbstream import NbstreamError, init_chat_model
    >>> try:
    ...     init_chat_model("gpt")
    ... except NbstreamError as error:
    ...     print(type(error).__name__)
    InputError
    """


class InputError(NbstreamError, ValueError):
    """What was passed in cannot be used; it is a `ValueError`, too.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate, InputError
    >>> try:
    ...     ChatPromptTemplate.from_template("{animal}?").invoke({"animl": "fish"})
    ... except InputError as error:
    ...     print(str(error).partition(".")[0])
    The prompt needs the variable 'animal'; given: 'animl'
    """


class ParseError(NbstreamError, ValueError):
    """What a model said cannot be read as what was asked for; it is a `ValueError`, too.

    Examples
    --------
    >>> from nbstream import JsonOutputParser, ParseError
    >>> try:
    ...     JsonOutputParser().invoke("No idea.")
    ... except ParseError as error:
    ...     print(str(error).partition(".")[0])
    The answer is no JSON: 'No idea
    """


class AgentLimitError(NbstreamError, RecursionError):
    """An agent came to the end of its steps or its budget before it had its answer.

    It is a `RecursionError`, too, as LangGraph's is.

    Parameters
    ----------
    message
        Which limit it was, and what to do next.
    messages
        The conversation so far. Every call in it has a result, so it can be gone on with.

    Examples
    --------
    >>> from nbstream import AgentLimitError, ScriptedChat, create_agent
    >>> agent = create_agent(ScriptedChat(["Hello"]))
    >>> try:
    ...     agent.invoke({"messages": "Hi"}, {"recursion_limit": 0})
    ... except AgentLimitError as error:
    ...     print(error.messages)
    [HumanMessage(content='Hi')]
    """

    def __init__(self, message: str, messages: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.messages = list(messages)


class SetupError(NbstreamError):
    r"""Something this machine needs is missing: a key, a package, the model's weights.

    Examples
    --------
    >>> from nbstream import ChatAnthropic, SetupError
    >>> try:
    ...     ChatAnthropic("fish", base_url="http://127.0.0.1:9", api_key="a\tb").invoke("Hi")
    ... except SetupError as error:
    ...     print(error)
    The API key for fish has characters that no key has. Copy it again.
    """


class ProviderError(NbstreamError):
    """The model's endpoint refused the request, failed, or could not be reached.

    Parameters
    ----------
    message
        The provider's own words, and what to do next.
    status
        The HTTP status, or None where no answer came.
    kind
        The provider's own word for it, such as ``"overloaded_error"``.
    retry_after
        The seconds that the provider asks to wait.

    Examples
    --------
    >>> from nbstream import ProviderError, ScriptedChat
    >>> busy = ScriptedChat([ProviderError("busy", status=529)])
    >>> try:
    ...     busy.invoke("Hi")
    ... except ProviderError as error:
    ...     print(error, error.status, error.retry_after)
    busy 529 None
    >>> busy.with_fallbacks([ScriptedChat(["Hello"])]).invoke("Hi").text
    'Hello'
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        kind: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.retry_after = retry_after


class Stopped(BaseException):
    """Breaks off a run that somebody has stopped.

    Not an Exception, so that nothing on its way takes it for a failure; nobody outside sees it.
    """


def validation_said(error: Any) -> str:
    """Return what a pydantic ``ValidationError`` says, in one line."""
    places = (".".join(map(str, one["loc"])) for one in error.errors())
    said = (one["msg"] for one in error.errors())
    return "; ".join(f"{at}: {what}" if at else what for at, what in zip(places, said, strict=True))
