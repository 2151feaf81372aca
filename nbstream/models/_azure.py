"""`azure:DEPLOYMENT`: OpenAI's models at Azure, by the OpenAI SDK's own client for it."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from .._exceptions import SetupError
from .openai import ChatOpenAI

__all__ = ["ChatAzure"]


class ChatAzure(ChatOpenAI):
    """A deployment of Azure OpenAI; all else is as for `ChatOpenAI`.

    Parameters
    ----------
    model
        The deployment's name.
    azure_endpoint
        The resource's address, as in ``"https://NAME.openai.azure.com"``; by default
        ``AZURE_OPENAI_ENDPOINT``.
    api_version
        Which version of the API to ask, as in ``"2025-04-01-preview"``; by default
        ``OPENAI_API_VERSION``.
    key_variable
        The environment variable to take the key from.
    **settings
        As for `ChatOpenAI`.

    Examples
    --------
    >>> ChatAzure("my-gpt", azure_endpoint="https://x.openai.azure.com", api_version="2024-10-21")
    ChatAzure(model='my-gpt')
    """

    clients: ClassVar[tuple[str, str]] = ("AzureOpenAI", "AsyncAzureOpenAI")
    address_variable: ClassVar[str] = "AZURE_OPENAI_ENDPOINT"
    version_variable: ClassVar[str] = "OPENAI_API_VERSION"

    def __init__(
        self,
        model: str,
        *,
        azure_endpoint: str | None = None,
        api_version: str | None = None,
        key_variable: str | None = "AZURE_OPENAI_API_KEY",
        **settings: Any,
    ) -> None:
        super().__init__(model, base_url=azure_endpoint, key_variable=key_variable, **settings)
        self.api_version = api_version

    def _client_settings(self) -> dict[str, Any]:
        settings = super()._client_settings()
        settings.pop("base_url", None)
        return settings | {
            "azure_endpoint": self._needed("azure_endpoint", self.base_url, self.address_variable),
            "api_version": self._needed("api_version", self.api_version, self.version_variable),
        }

    def _needed(self, name: str, given: str | None, variable: str) -> str:
        if value := given or os.environ.get(variable, "").strip():
            return value
        raise SetupError(
            f"azure:{self.model} lacks {name}. Pass it as {name}, or set {variable} before "
            "starting the notebook."
        )

    def _is_openais(self) -> bool:
        return True

    def _billed_at(self) -> None:
        # A deployment's name says nothing about which model it is, nor what that costs there.
        return None
