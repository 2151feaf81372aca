"""What each library hands out as a stream, asked of the endpoint at a url."""

import anthropic
import openai
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph

from nbstream.sources import NO_INPUT

__all__ = ["NO_INPUT"]

ASKED = [{"role": "user", "content": "How is the weather in Paris?"}]
SHAPE = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"name": "weather", "description": "The weather.", "parameters": SHAPE}
CHAT_TOOL = {"type": "function", "function": TOOL}
WITH_USAGE = {"include_usage": True}


def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: The city.
    """
    return f"It is sunny in {city}."


# openai


def _openai(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none")


def _async_openai(url):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none")


def _chat(client, model="m", **more):
    options = {"stream": True, "stream_options": WITH_USAGE, **more}
    return client.chat.completions.create(model=model, messages=ASKED, **options)


def openai_chat(url):
    return _chat(_openai(url), logprobs=True)


def openai_chat_thinks(url):
    return _chat(_openai(url), model="think")


def openai_chat_calls(url):
    return _chat(_openai(url), tools=[CHAT_TOOL])


async def openai_chat_async(url):
    return await _chat(_async_openai(url))


def openai_chat_coroutine(url):
    return _chat(_async_openai(url))


def openai_chat_manager(url):
    completions = _openai(url).chat.completions
    return completions.stream(model="m", messages=ASKED, stream_options=WITH_USAGE)


def openai_chat_manager_async(url):
    completions = _async_openai(url).chat.completions
    return completions.stream(model="m", messages=ASKED, stream_options=WITH_USAGE)


def openai_raw(url):
    raw = _openai(url).chat.completions.with_raw_response
    return raw.create(model="m", messages=ASKED, stream=True, stream_options=WITH_USAGE)


def openai_streaming_response(url):
    raw = _openai(url).chat.completions.with_streaming_response
    return raw.create(model="m", messages=ASKED, stream=True, stream_options=WITH_USAGE)


def openai_completions(url):
    return _openai(url).completions.create(model="m", prompt="Hi", stream=True)


def _respond(client, **more):
    return client.responses.create(model="m", input="Hi", stream=True, **more)


def openai_responses(url):
    return _respond(_openai(url), reasoning={"effort": "low"})


def openai_responses_calls(url):
    return _respond(_openai(url), tools=[{"type": "function", **TOOL}])


def openai_responses_manager(url):
    return _openai(url).responses.stream(model="m", input="Hi")


# anthropic


def _anthropic(url):
    return anthropic.Anthropic(base_url=url, api_key="none")


def _asked(**more):
    return {"model": "m", "max_tokens": 100, "messages": ASKED, **more}


def anthropic_create(url):
    return _anthropic(url).messages.create(stream=True, **_asked())


def anthropic_create_async(url):
    client = anthropic.AsyncAnthropic(base_url=url, api_key="none")
    return client.messages.create(stream=True, **_asked())


def anthropic_thinks(url):
    thinking = {"type": "adaptive"}
    return _anthropic(url).messages.create(stream=True, **_asked(thinking=thinking))


def anthropic_calls(url):
    tool = {"name": "weather", "description": "The weather.", "input_schema": SHAPE}
    return _anthropic(url).messages.create(stream=True, **_asked(tools=[tool]))


def anthropic_manager(url):
    return _anthropic(url).messages.stream(**_asked())


def anthropic_manager_async(url):
    client = anthropic.AsyncAnthropic(base_url=url, api_key="none")
    return client.messages.stream(**_asked())


def anthropic_tool_runner(url):
    tools = [anthropic.beta_tool(weather)]
    return _anthropic(url).beta.messages.tool_runner(stream=True, tools=tools, **_asked())


def anthropic_text_stream(url):
    return _anthropic(url).messages.stream(**_asked()).__enter__().text_stream


# LangChain


def langchain_chat(url, **more):
    return ChatOpenAI(model="m", base_url=f"{url}/v1", api_key="none", stream_usage=True, **more)


def langchain_model(url):
    return langchain_chat(url).stream("Hi")


async def langchain_model_async(url):
    return langchain_chat(url).astream("Hi")


def langchain_model_calls(url):
    return langchain_chat(url).bind_tools([weather]).stream("Hi")


def _langchain_claude(url, **more):
    return ChatAnthropic(model="m", base_url=url, api_key="none", max_tokens=100, **more)


def langchain_anthropic(url):
    return _langchain_claude(url, thinking={"type": "adaptive"}).stream("Hi")


def langchain_anthropic_calls(url):
    return _langchain_claude(url).bind_tools([weather]).stream("Hi")


def langchain_sequence(url):
    prompt = ChatPromptTemplate([("human", "{question}")])
    return prompt | langchain_chat(url) | StrOutputParser()


QUESTION = {"question": "How is the weather?"}


def langchain_chain(url):
    return langchain_sequence(url).stream(QUESTION)


def langchain_events_v2(url):
    return langchain_sequence(url).astream_events(QUESTION, version="v2")


def langchain_events_v1(url):
    return langchain_sequence(url).astream_events(QUESTION, version="v1")


def langchain_model_v3(url):
    return langchain_chat(url).stream_events("Hi", version="v3")


# LangGraph

STATE = {"messages": ASKED}
EVERY_MODE = ["values", "updates", "checkpoints", "tasks", "debug", "messages", "custom"]


def langgraph_agent(url):
    return create_agent(langchain_chat(url), [weather])


def langgraph_messages(url):
    return langgraph_agent(url).stream(STATE, stream_mode="messages")


def langgraph_updates(url):
    return langgraph_agent(url).stream(STATE, stream_mode="updates")


def langgraph_values(url):
    return langgraph_agent(url).stream(STATE, stream_mode="values")


def langgraph_debug(url):
    return langgraph_agent(url).stream(STATE, stream_mode="debug")


def langgraph_tasks(url):
    return langgraph_agent(url).stream(STATE, stream_mode="tasks")


def langgraph_several(url):
    return langgraph_agent(url).stream(STATE, stream_mode=["updates", "messages"])


def langgraph_all(url):
    return langgraph_agent(url).stream(STATE, stream_mode=EVERY_MODE)


def langgraph_version_2(url):
    return langgraph_agent(url).stream(STATE, stream_mode=["updates", "messages"], version="v2")


def langgraph_async(url):
    return langgraph_agent(url).astream(STATE, stream_mode=["values", "messages"])


def langgraph_v3(url):
    return langgraph_agent(url).stream_events(STATE, version="v3")


def langgraph_events(url):
    return langgraph_agent(url).astream_events(STATE, version="v2")


def langgraph_subgraphs(url):
    graph = StateGraph(MessagesState)
    graph.add_node("inner", langgraph_agent(url))
    graph.add_edge(START, "inner")
    modes = ["updates", "messages"]
    return graph.compile().stream(STATE, stream_mode=modes, subgraphs=True)


def langgraph_custom(url):
    def say(state):
        get_stream_writer()("halfway")

    graph = StateGraph(MessagesState)
    graph.add_node("say", say)
    graph.add_edge(START, "say")
    return graph.compile().stream(STATE, stream_mode="custom")
