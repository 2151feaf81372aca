"""Watch a language model work, token by token, inside a notebook.

::

    from nbstream import ChatLocal, show
    show(ChatLocal(), "Write me a song about goldfish on the moon.")  # as it streams
    %load_ext nbstream  # then %%chat cells; %%chat? explains them

Names are imported when first used, so that ``import nbstream`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from ._exceptions import (
        AgentLimitError,
        InputError,
        NbstreamError,
        ParseError,
        ProviderError,
        SetupError,
    )
    from .agents import Agent, Budget, McpServer, create_agent, mcp
    from .conversation import Conversation
    from .events import (
        AsyncChatModelStream,
        AsyncRunStream,
        ChatModelStream,
        Event,
        Metrics,
        Run,
        RunStream,
        StreamEvent,
        ToolCallStream,
        Trace,
        adispatch_custom_event,
        dispatch_custom_event,
    )
    from .magics import load_ipython_extension, unload_ipython_extension
    from .messages import (
        AIMessage,
        AIMessageChunk,
        BaseMessage,
        HumanMessage,
        SystemMessage,
        ToolMessage,
        convert_to_messages,
        merge_chunks,
    )
    from .models import (
        BaseChatModel,
        ChatAnthropic,
        ChatLocal,
        ChatOpenAI,
        ScriptedChat,
        init_chat_model,
    )
    from .output_parsers import (
        BaseOutputParser,
        JsonOutputParser,
        PydanticOutputParser,
        StrOutputParser,
    )
    from .prompts import (
        AIMessagePromptTemplate,
        ChatPromptTemplate,
        ChatPromptValue,
        HumanMessagePromptTemplate,
        MessagesPlaceholder,
        PromptTemplate,
        StringPromptValue,
        SystemMessagePromptTemplate,
    )
    from .runnables import (
        AddableDict,
        Runnable,
        RunnableAssign,
        RunnableBinding,
        RunnableBranch,
        RunnableConfig,
        RunnableEach,
        RunnableGenerator,
        RunnableLambda,
        RunnableMap,
        RunnableParallel,
        RunnablePassthrough,
        RunnablePick,
        RunnableRetry,
        RunnableSequence,
        RunnableWithFallbacks,
        chain,
    )
    from .tools import StructuredTool, Tool, ToolException, convert_to_tool, tool
    from .widget import (
        BatchView,
        ChatView,
        CompareView,
        StreamView,
        compare,
        show,
        show_batch,
        stream_to,
        watch,
    )

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "AIMessagePromptTemplate",
    "AddableDict",
    "Agent",
    "AgentLimitError",
    "AsyncChatModelStream",
    "AsyncRunStream",
    "BaseChatModel",
    "BaseMessage",
    "BaseOutputParser",
    "BatchView",
    "Budget",
    "ChatAnthropic",
    "ChatLocal",
    "ChatModelStream",
    "ChatOpenAI",
    "ChatPromptTemplate",
    "ChatPromptValue",
    "ChatView",
    "CompareView",
    "Conversation",
    "Event",
    "HumanMessage",
    "HumanMessagePromptTemplate",
    "InputError",
    "JsonOutputParser",
    "McpServer",
    "MessagesPlaceholder",
    "Metrics",
    "NbstreamError",
    "ParseError",
    "PromptTemplate",
    "ProviderError",
    "PydanticOutputParser",
    "Run",
    "RunStream",
    "Runnable",
    "RunnableAssign",
    "RunnableBinding",
    "RunnableBranch",
    "RunnableConfig",
    "RunnableEach",
    "RunnableGenerator",
    "RunnableLambda",
    "RunnableMap",
    "RunnableParallel",
    "RunnablePassthrough",
    "RunnablePick",
    "RunnableRetry",
    "RunnableSequence",
    "RunnableWithFallbacks",
    "ScriptedChat",
    "SetupError",
    "StrOutputParser",
    "StreamEvent",
    "StreamView",
    "StringPromptValue",
    "StructuredTool",
    "SystemMessage",
    "SystemMessagePromptTemplate",
    "Tool",
    "ToolCallStream",
    "ToolException",
    "ToolMessage",
    "Trace",
    "__version__",
    "adispatch_custom_event",
    "chain",
    "compare",
    "convert_to_messages",
    "convert_to_tool",
    "create_agent",
    "dispatch_custom_event",
    "host",
    "init_chat_model",
    "load_ipython_extension",
    "mcp",
    "merge_chunks",
    "show",
    "show_batch",
    "stream_to",
    "tool",
    "unload_ipython_extension",
    "watch",
]

_HOMES = {
    "_exceptions": (
        "AgentLimitError",
        "InputError",
        "NbstreamError",
        "ParseError",
        "ProviderError",
        "SetupError",
    ),
    "agents": (
        "Agent",
        "Budget",
        "McpServer",
        "create_agent",
        "mcp",
    ),
    "conversation": ("Conversation",),
    "events": (
        "Event",
        "Metrics",
        "Run",
        "AsyncChatModelStream",
        "AsyncRunStream",
        "ChatModelStream",
        "RunStream",
        "ToolCallStream",
        "StreamEvent",
        "Trace",
        "adispatch_custom_event",
        "dispatch_custom_event",
    ),
    "magics": (
        "load_ipython_extension",
        "unload_ipython_extension",
    ),
    "messages": (
        "AIMessage",
        "AIMessageChunk",
        "BaseMessage",
        "HumanMessage",
        "SystemMessage",
        "ToolMessage",
        "convert_to_messages",
        "merge_chunks",
    ),
    "models": (
        "BaseChatModel",
        "ChatAnthropic",
        "ChatLocal",
        "ChatOpenAI",
        "ScriptedChat",
        "init_chat_model",
    ),
    "output_parsers": (
        "BaseOutputParser",
        "JsonOutputParser",
        "PydanticOutputParser",
        "StrOutputParser",
    ),
    "prompts": (
        "AIMessagePromptTemplate",
        "ChatPromptTemplate",
        "ChatPromptValue",
        "HumanMessagePromptTemplate",
        "MessagesPlaceholder",
        "PromptTemplate",
        "StringPromptValue",
        "SystemMessagePromptTemplate",
    ),
    "runnables": (
        "AddableDict",
        "Runnable",
        "RunnableAssign",
        "RunnableBinding",
        "RunnableBranch",
        "RunnableConfig",
        "RunnableEach",
        "RunnableGenerator",
        "RunnableLambda",
        "RunnableMap",
        "RunnableParallel",
        "RunnablePassthrough",
        "RunnablePick",
        "RunnableRetry",
        "RunnableSequence",
        "RunnableWithFallbacks",
        "chain",
    ),
    "tools": (
        "StructuredTool",
        "Tool",
        "ToolException",
        "convert_to_tool",
        "tool",
    ),
    "widget": (
        "BatchView",
        "ChatView",
        "CompareView",
        "StreamView",
        "compare",
        "host",
        "show",
        "show_batch",
        "stream_to",
        "watch",
    ),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise _unknown(name)
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def _unknown(name: str) -> Exception:
    from ._elsewhere import where_else

    # `from nbstream import X` drops the words of an AttributeError; `hasattr` needs one.
    is_import = sys._getframe(2).f_code.co_name == "_handle_fromlist"
    if words := where_else(name):
        return (ImportError if is_import else AttributeError)(words)
    return AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
