"""What further libraries hand out as a stream, asked of the endpoint at a url."""

import threading

import chatlas
import claude_agent_sdk
import cohere
import dspy
import groq
import huggingface_hub
import instructor
import litellm
import ollama
import openai
import pydantic
from agents import Agent as OpenAIAgent
from agents import OpenAIResponsesModel, Runner, function_tool, set_trace_processors
from google import genai
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai import OpenAI as LlamaOpenAI
from llm.default_plugins.openai_models import AsyncChat, Chat
from mistralai.client import Mistral
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from transformers import TextIteratorStreamer

from .endpoint import WORDS
from .made import ASKED, CHAT_TOOL, weather

set_trace_processors([])  # none of it goes to OpenAI


KEPT = []


class Answer(pydantic.BaseModel):
    answer: str


# Google


def _google(url):
    # It closes what it has under way when nobody holds it.
    KEPT.append(genai.Client(api_key="none", http_options={"base_url": url}))
    return KEPT[-1]


def google_stream(url):
    return _google(url).models.generate_content_stream(model="gemini-x", contents="Hi")


def google_stream_async(url):
    return _google(url).aio.models.generate_content_stream(model="gemini-x", contents="Hi")


def google_chat(url):
    return _google(url).chats.create(model="gemini-x").send_message_stream("Hi")


def google_calls(url):
    shape = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
    tool = {"name": "weather", "parameters": shape}
    config = {"tools": [{"function_declarations": [tool]}]}
    models = _google(url).models
    return models.generate_content_stream(model="gemini-x", contents="Hi", config=config)


# pydantic-ai


def pydantic_ai_agent(url, model="m"):
    provider = OpenAIProvider(base_url=f"{url}/v1", api_key="none")
    return Agent(OpenAIChatModel(model, provider=provider), tools=[weather])


def pydantic_ai_events(url):
    return pydantic_ai_agent(url).run_stream_events("Hi")


def pydantic_ai_thinks(url):
    return pydantic_ai_agent(url, "think").run_stream_events("Hi")


def pydantic_ai_stream(url):
    return pydantic_ai_agent(url).run_stream("Hi")


def pydantic_ai_iter(url):
    return pydantic_ai_agent(url).iter("Hi")


def pydantic_ai_sync(url):
    return pydantic_ai_agent(url).run_stream_sync("Hi")


def pydantic_ai_text(url):
    return pydantic_ai_agent(url).run_stream_sync("Hi").stream_text(debounce_by=None)


# openai-agents


def openai_agents_agent(url):
    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none")
    model = OpenAIResponsesModel("m", client)
    return OpenAIAgent("Fish", model=model, tools=[function_tool(weather)])


async def openai_agents_run(url):
    return Runner.run_streamed(openai_agents_agent(url), "Hi")


async def openai_agents_events(url):
    return Runner.run_streamed(openai_agents_agent(url), "Hi").stream_events()


# ollama, litellm, mistralai, groq, cohere, huggingface_hub


def ollama_chat(url):
    return ollama.Client(url).chat("m", ASKED, stream=True, think=True)


def ollama_chat_async(url):
    return ollama.AsyncClient(url).chat("m", ASKED, stream=True)


def ollama_calls(url):
    return ollama.Client(url).chat("m", ASKED, stream=True, tools=[weather])


def _litellm(url, model="m", **more):
    options = {"stream": True, "stream_options": {"include_usage": True}, **more}
    where = {"api_base": f"{url}/v1", "api_key": "none"}
    return {"model": f"openai/{model}", "messages": ASKED, **where, **options}


def litellm_completion(url):
    return litellm.completion(**_litellm(url, "think"))


def litellm_completion_async(url):
    return litellm.acompletion(**_litellm(url))


def litellm_calls(url):
    return litellm.completion(**_litellm(url, tools=[CHAT_TOOL]))


def mistral_stream(url):
    return Mistral(api_key="none", server_url=url).chat.stream(model="m", messages=ASKED)


def mistral_stream_async(url):
    return Mistral(api_key="none", server_url=url).chat.stream_async(model="m", messages=ASKED)


def groq_chat(url):
    completions = groq.Groq(api_key="none", base_url=url).chat.completions
    return completions.create(model="m", messages=ASKED, stream=True)


def cohere_chat(url):
    return cohere.ClientV2("none", base_url=url).chat_stream(model="m", messages=ASKED)


def cohere_chat_async(url):
    client = cohere.AsyncClientV2("none", base_url=url)
    return client.chat_stream(model="m", messages=ASKED)


def huggingface_chat(url):
    client = huggingface_hub.InferenceClient(base_url=f"{url}/v1", api_key="none")
    KEPT.append(client)
    return client.chat_completion(ASKED, stream=True)


# llama-index


def _llama(url):
    return LlamaOpenAI("gpt-4o", api_base=f"{url}/v1", api_key="none")


def llama_index_chat(url):
    return _llama(url).stream_chat([ChatMessage(content="Hi")])


def llama_index_chat_async(url):
    return _llama(url).astream_chat([ChatMessage(content="Hi")])


def llama_index_complete(url):
    return _llama(url).stream_complete("Hi")


async def llama_index_agent(url):
    return FunctionAgent(name="Fish", tools=[weather], llm=_llama(url)).run("Hi")


# instructor, dspy, llm, chatlas


def instructor_partial(url):
    client = instructor.from_openai(openai.OpenAI(base_url=f"{url}/v1", api_key="none"))
    asked = {"model": "m", "messages": ASKED}
    return client.create_partial(response_model=Answer, **asked)


def _dspy(url, **options):
    lm = dspy.LM("openai/m", api_base=f"{url}/v1", api_key="none", cache=False)
    program = dspy.Predict("question -> answer")
    program.set_lm(lm)
    return dspy.streamify(program, **options)(question="Hi")


async def dspy_listened(url):
    return _dspy(url, stream_listeners=[dspy.streaming.StreamListener("answer")])


async def dspy_raw(url):
    return _dspy(url)


def _llm(url, kind=Chat):
    model = kind("m", model_name="m", api_base=f"{url}/v1", supports_tools=True)
    model.key = "none"
    return model


def llm_prompt(url):
    return _llm(url).prompt("Hi", stream=True)


def llm_prompt_async(url):
    return _llm(url, AsyncChat).prompt("Hi", stream=True)


def llm_chain(url):
    return _llm(url).chain("Hi", tools=[weather])


def _chatlas(url):
    chat = chatlas.ChatOpenAI(model="m", base_url=f"{url}/v1", api_key="none")
    chat.register_tool(weather)
    return chat


def chatlas_texts(url):
    return _chatlas(url).stream("Hi")


def chatlas_all(url):
    return _chatlas(url).stream("Hi", content="all")


# Claude's agent SDK, which runs a program of its own


def _claude(url, **options):
    home = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none"}
    home |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    settings = claude_agent_sdk.ClaudeAgentOptions(
        env=home, model="m", tools=[], setting_sources=[], **options
    )
    return claude_agent_sdk.query(prompt="Hi", options=settings)


def claude_agent_messages(url):
    return _claude(url)


def claude_agent_events(url):
    return _claude(url, include_partial_messages=True)


# transformers


class _Words:
    """As much of a tokenizer as a streamer asks for."""

    def decode(self, tokens, **options):
        return "".join(WORDS[token] for token in tokens)


class _Token(list):
    """As much of a tensor as a streamer asks for."""

    shape = (1,)

    def tolist(self):
        return list(self)


def transformers_streamer(url):
    streamer = TextIteratorStreamer(_Words())

    def generate():
        for token in range(len(WORDS)):
            streamer.put(_Token([token]))
        streamer.end()

    threading.Thread(target=generate).start()
    return streamer
