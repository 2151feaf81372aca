"""Chat models: Claude, the embedded one, and a scripted one for tests and lessons."""

from .anthropic import ChatAnthropic
from .base import BaseChatModel
from .local import ChatLocal
from .registry import init_chat_model
from .scripted import ScriptedChat

__all__ = ["BaseChatModel", "ChatAnthropic", "ChatLocal", "ScriptedChat", "init_chat_model"]
