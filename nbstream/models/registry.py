"""`init_chat_model`: from a string to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from ..sources import family_of
from ._azure import ChatAzure
from ._clients import is_client, model_of
from ._colab import ChatColab
from ._keys import KEYS
from ._providers import PROVIDERS
from .anthropic import DEFAULT_MODEL, ChatAnthropic
from .langchain import ChatLangChain, langchain_model
from .local import LOCAL_MODEL, ChatLocal
from .openai import ChatOpenAI

if TYPE_CHECKING:
    from .base import BaseChatModel

__all__ = ["init_chat_model"]


_BEGINNINGS = {"claude": "anthropic", "gpt-": "openai"}


def init_chat_model(
    model: Any = None, *, model_provider: str | None = None, client: Any = None, **kwargs: Any
) -> BaseChatModel:
    """Make a chat model from its name.

    Parameters
    ----------
    model
        ``"local"``: the embedded model; ``"local:PATH.gguf"``: another in its place.
        ``"PROVIDER:NAME"``: that model of a provider, such as ``"openai:gpt-5.5"``,
        ``"groq:llama-3.3-70b-versatile"`` or ``"ollama:qwen3:4b"``; ``docs/models.md`` and
        ``%chat models`` list the providers. ``"colab:NAME"``: one of Colab's own, with no key.
        A name that begins with ``claude`` or ``gpt-`` needs no provider. None: Claude where there
        is a key for it, else the embedded model. Or a chat model of LangChain's.
    model_provider
        The provider, where the name is only the model's.
    client
        A client of the openai or the anthropic SDK (also for Azure, Bedrock, Vertex; also an async
        one), or of one made in their way, such as Groq's: it is asked, and ``model`` is what the
        model is called there. It stays its owner's to close.
    **kwargs
        Passed to the model: ``max_tokens``, ``system``, ``base_url``, …

    Raises
    ------
    InputError
        If the name is of no known provider, or the client of no known kind.

    Examples
    --------
    >>> from nbstream import init_chat_model
    >>> init_chat_model("anthropic:claude-opus-5-5", max_tokens=100)
    ChatAnthropic(model='claude-opus-5-5')
    >>> init_chat_model("ollama:qwen3:4b")
    ChatOpenAI(model='qwen3:4b')
    >>> init_chat_model("local")
    ChatLocal(model='SmolLM2-135M-Instruct')
    >>> import openai
    >>> init_chat_model("qwen3", client=openai.OpenAI(base_url="http://localhost/v1", api_key="x"))
    ChatOpenAI(model='qwen3')
    """
    if is_client(model) or client is not None:
        return _of_client(model, client, **kwargs)
    if model is None and model_provider is None:
        names = (ChatAnthropic.key_variable, ChatAnthropic.second_variable)
        return ChatAnthropic(**kwargs) if KEYS.find(*names) else ChatLocal(**kwargs)
    if family_of(model) == "model":
        return ChatLangChain(model, **kwargs)
    if model is not None and not isinstance(model, str):
        raise InputError(
            f"A model's name is a text such as 'local' or 'anthropic:{DEFAULT_MODEL}', not "
            f"{brief(model)}. A model object needs no init_chat_model: use it as it is, also "
            "LangChain's: in show(), stream_to(), and in a chain with |."
        )
    if model_provider is not None:
        model = f"{model_provider}:{model or ''}"
    provider, name = _parted(model or "")
    if provider == "local" and (name in ("", LOCAL_MODEL) or name.endswith(".gguf")):
        return ChatLocal(name or LOCAL_MODEL, **kwargs)
    if provider == "langchain" and name:
        return langchain_model(name, **kwargs)
    if provider == "anthropic" and name:
        return ChatAnthropic(name, **kwargs)
    if provider == "colab" and name:
        return ChatColab(name, **kwargs)
    if provider == "azure" and name:
        return ChatAzure(name, **kwargs)
    if (
        provider not in ("anthropic", "azure", "colab", "langchain", "local")
        and name
        and (row := PROVIDERS.get(provider))
    ):
        known = {"base_url": row.address, "key_variable": row.key_variable, **row.settings}
        return ChatOpenAI(name, **{**known, **kwargs})
    raise InputError(
        f"Unknown model {model!r}. Use 'local' for the embedded model, or 'PROVIDER:NAME' such as "
        f"'anthropic:claude-sonnet-5-5'; the providers are {', '.join(PROVIDERS)}."
    )


def _of_client(model: Any, client: Any, **kwargs: Any) -> BaseChatModel:
    if client is None:
        return model_of(model, None, **kwargs)  # which says where the name goes
    if not is_client(client):
        raise InputError(
            f"client is one of the openai or anthropic SDK, such as openai.OpenAI(…), not "
            f"{brief(client)}. What another library streams, show() and watch() take as it is."
        )
    return model_of(client, model, **kwargs)


def _parted(model: str) -> tuple[str, str]:
    """Return provider and name."""
    provider, colon, name = model.partition(":")
    if colon:
        return provider, name
    for beginning, known in _BEGINNINGS.items():
        if model.startswith(beginning):
            return known, model
    return provider, ""
