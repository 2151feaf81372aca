"""What an answer cost, by the kept price lists of genai-prices, where that is installed.

The list comes with the package; nothing is fetched. Its version is its date: the package tells no
other.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ..messages._merge import add_usage

if TYPE_CHECKING:
    from ..messages import AIMessageChunk, UsageMetadata

__all__ = ["Bill"]


class Bill:
    """Notes in an answer's chunks what it cost so far, where the price is known.

    That is in ``response_metadata["cost"]``, so that a log or a conversation that is stored keeps
    what the price was that day.

    Parameters
    ----------
    model
        The model's name at the endpoint.
    address
        The endpoint's; None: nobody takes money there.
    """

    def __init__(self, model: str, address: str | None) -> None:
        self._model = model
        self._address = address
        # Loaded before anything is asked: between two tokens it would be a gap.
        self._prices = _prices() if address else None
        self._usage: UsageMetadata | None = None

    def note(self, chunk: AIMessageChunk) -> AIMessageChunk:
        """Add the cost to a chunk that tells usage, and return it."""
        if self._prices and chunk.usage_metadata:
            self._usage = add_usage(self._usage, chunk.usage_metadata)
            if cost := self._cost():
                chunk.response_metadata = {**chunk.response_metadata, "cost": cost}
        return chunk

    def _cost(self) -> dict[str, Any] | None:
        usage = cast("dict[str, Any]", self._usage)
        details = usage.get("input_token_details") or {}
        counts = {
            "input_tokens": usage["input_tokens"],
            "output_tokens": usage["output_tokens"],
            "cache_read_tokens": details.get("cache_read") or None,
            "cache_write_tokens": details.get("cache_creation") or None,
        }
        prices: Any = self._prices
        try:
            found = prices.calc_price(
                prices.Usage(**counts), self._model, provider_api_url=self._address
            )
            amount = float(found.total_price)
        except Exception:  # no such provider or model, or counts it cannot make sense of
            return None
        source = f"genai-prices {prices.__version__}"
        if found.auto_update_timestamp:  # whoever has its updates on has a day of it
            source = f"genai-prices, {found.auto_update_timestamp:%Y-%m-%d}"
        return {"amount": amount, "currency": "USD", "price_list": source}


@cache
def _prices() -> Any:
    try:
        prices = importlib.import_module("genai_prices")
        importlib.import_module("genai_prices.data")
    except Exception:  # not installed, or of another time: costs are not known then
        return None
    return prices
