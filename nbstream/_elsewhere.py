"""Public names of langchain-core that are not here: where they are, and how they work here."""

from __future__ import annotations

__all__ = ["where_else"]

_PROMPT = "It is a step here as it is, in front of any model."
_PARSER = "It is a step here as it is, behind any model."
_MESSAGES = (
    "In a chain its step works here as it is; called with messages it takes LangChain's own, "
    "which models here take, too."
)
_MESSAGE = "Models and prompts here take it as it is."
_TYPE = "It describes dicts, which are the same here."
_TOOL = "bind_tools() and chains here take LangChain's tools as they are."
_AROUND = "It goes around LangChain's runnables; a model from here is one as model.as_langchain()."
_PLAIN = "It works here as it is."

_NAMES = {
    ("runnables", _AROUND): (
        "ConfigurableField",
        "ConfigurableFieldMultiOption",
        "ConfigurableFieldSingleOption",
        "ConfigurableFieldSpec",
        "RouterInput",
        "RouterRunnable",
        "RunnableSerializable",
        "RunnableWithMessageHistory",
    ),
    ("runnables", _PLAIN): (
        "aadd",
        "add",
        "ensure_config",
        "get_config_list",
        "patch_config",
        "run_in_executor",
    ),
    ("prompts", _PROMPT): (
        "BaseChatPromptTemplate",
        "BasePromptTemplate",
        "ChatMessagePromptTemplate",
        "DictPromptTemplate",
        "FewShotChatMessagePromptTemplate",
        "FewShotPromptTemplate",
        "FewShotPromptWithTemplates",
        "StringPromptTemplate",
        "load_prompt",
    ),
    ("prompts", _PLAIN): (
        "aformat_document",
        "check_valid_template",
        "format_document",
        "get_template_variables",
        "jinja2_formatter",
        "validate_jinja2",
    ),
    ("messages", _MESSAGE): (
        "AnyMessage",
        "BaseMessageChunk",
        "ChatMessage",
        "ChatMessageChunk",
        "FunctionMessage",
        "FunctionMessageChunk",
        "HumanMessageChunk",
        "MessageLikeRepresentation",
        "RemoveMessage",
        "SystemMessageChunk",
        "ToolMessageChunk",
    ),
    ("messages", _TYPE): (
        "Annotation",
        "AudioContentBlock",
        "Citation",
        "ContentBlock",
        "DataContentBlock",
        "FileContentBlock",
        "ImageContentBlock",
        "InputTokenDetails",
        "InvalidToolCall",
        "NonStandardAnnotation",
        "NonStandardContentBlock",
        "NotificationMetadata",
        "OutputTokenDetails",
        "PlainTextContentBlock",
        "ReasoningContentBlock",
        "RefusalContentBlock",
        "ServerToolCall",
        "ServerToolCallChunk",
        "ServerToolResult",
        "TextContentBlock",
        "ToolCall",
        "ToolCallChunk",
        "UsageMetadata",
        "VideoContentBlock",
    ),
    ("messages", _MESSAGES): (
        "LC_AUTO_PREFIX",
        "LC_ID_PREFIX",
        "_message_from_dict",
        "add_notification_metadata",
        "convert_to_openai_data_block",
        "convert_to_openai_image_block",
        "convert_to_openai_messages",
        "ensure_id",
        "filter_messages",
        "get_buffer_string",
        "get_notification_metadata",
        "is_data_content_block",
        "merge_content",
        "merge_message_runs",
        "message_chunk_to_message",
        "message_to_dict",
        "messages_from_dict",
        "messages_to_dict",
        "trim_messages",
    ),
    ("tools", _TOOL): (
        "ArgsSchema",
        "BaseTool",
        "BaseToolkit",
        "FILTERED_ARGS",
        "InjectedToolArg",
        "InjectedToolCallId",
        "RetrieverInput",
        "SchemaAnnotationError",
        "ToolsRenderer",
        "_get_runnable_config_param",
        "convert_runnable_to_tool",
        "create_retriever_tool",
        "create_schema_from_function",
        "render_text_description",
        "render_text_description_and_args",
    ),
    ("output_parsers", _PARSER): (
        "BaseCumulativeTransformOutputParser",
        "BaseGenerationOutputParser",
        "BaseLLMOutputParser",
        "BaseTransformOutputParser",
        "CommaSeparatedListOutputParser",
        "JsonOutputKeyToolsParser",
        "JsonOutputToolsParser",
        "ListOutputParser",
        "MarkdownListOutputParser",
        "NumberedListOutputParser",
        "PydanticToolsParser",
        "SimpleJsonOutputParser",
        "XMLOutputParser",
    ),
}


def where_else(name: str) -> str | None:
    """Return words for a name that LangChain has and nbstream has not; None: it has it neither.

    Examples
    --------
    >>> where_else("XMLOutputParser").partition(". ")[0]
    'nbstream has no XMLOutputParser'
    """
    for (home, how), names in _NAMES.items():
        if name in names:
            return (
                f"nbstream has no {name}. Use LangChain's: from langchain_core.{home} import "
                f"{name}. {how}"
            )
    return None
