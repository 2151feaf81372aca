"""Chat models: Claude, OpenAI's and their like, the embedded one, and one that is scripted."""

from .anthropic import ChatAnthropic
from .base import BaseChatModel
from .local import ChatLocal
from .openai import ChatOpenAI
from .registry import init_chat_model
from .scripted import ScriptedChat

__all__ = [
    "BaseChatModel",
    "ChatAnthropic",
    "ChatLocal",
    "ChatOpenAI",
    "ScriptedChat",
    "init_chat_model",
]
