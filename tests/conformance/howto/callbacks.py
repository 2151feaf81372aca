"""Callbacks."""

import asyncio

from .pages import add_tool, page


def noting(*hooks):
    from langchain_core.callbacks import BaseCallbackHandler

    class Handler(BaseCallbackHandler):
        def __init__(self):
            self.told = []

    for hook in hooks:

        def method(self, *args, hook=hook, **known):
            self.told.append([hook, known.get("name")] if hook == "on_chain_start" else [hook])

        setattr(Handler, hook, method)
    return Handler()


@page("callbacks")
def given_to_a_call(lc):
    handler = noting("on_chain_start", "on_chain_end", "on_chat_model_start", "on_llm_end")
    chain = lc.ChatPromptTemplate.from_template("{x}") | lc.chat("a")
    chain.invoke({"x": 1}, config={"callbacks": [handler]})
    return handler.told


@page("callbacks")
def bound_to_a_chain(lc):
    handler = noting("on_chat_model_start", "on_llm_end")
    chain = lc.ChatPromptTemplate.from_template("{x}") | lc.chat("a")
    chain.with_config(callbacks=[handler]).invoke({"x": 1})
    return handler.told


@page("callbacks")
def every_token(lc):
    from langchain_core.callbacks import BaseCallbackHandler

    class Printer(BaseCallbackHandler):
        def __init__(self):
            self.tokens = []

        def on_llm_new_token(self, token: str, **kwargs) -> None:
            self.tokens.append(token)

    handler = Printer()
    list(lc.chat("Roses", " are").stream("x", {"callbacks": [handler]}))
    return [token for token in handler.tokens if token]


@page("callbacks")
async def in_an_async_program(lc):
    from langchain_core.callbacks import AsyncCallbackHandler

    class Handler(AsyncCallbackHandler):
        def __init__(self):
            self.told = []

        async def on_chat_model_start(self, serialized, messages, **kwargs) -> None:
            await asyncio.sleep(0)
            self.told.append(messages[0][0].content)

        async def on_llm_end(self, response, **kwargs) -> None:
            await asyncio.sleep(0)
            self.told.append(response.generations[0][0].text)

    handler = Handler()
    await lc.chat("Hi").ainvoke("Hello", {"callbacks": [handler]})
    return handler.told


@page("callbacks")
def an_error_is_told(lc):
    handler = noting("on_chain_error", "on_llm_error")
    chain = lc.chat(ValueError("boom")) | lc.StrOutputParser()
    try:
        chain.invoke("x", {"callbacks": [handler]})
    except ValueError:
        handler.told.append(["raised"])
    return handler.told


@page("callbacks")
def a_tool_is_told(lc):
    handler = noting("on_tool_start", "on_tool_end")
    add_tool(lc).invoke({"a": 1, "b": 2}, {"callbacks": [handler]})
    return handler.told


@page("callbacks")
def ones_own_events(lc):
    from langchain_core.callbacks import BaseCallbackHandler

    class Handler(BaseCallbackHandler):
        def __init__(self):
            self.told = []

        def on_custom_event(self, name, data, *, run_id, tags=None, metadata=None, **kwargs):
            self.told.append([name, data, metadata])

    def work(x):
        lc.dispatch_custom_event("half", {"x": x})
        return x

    handler = Handler()
    lc.RunnableLambda(work).invoke(1, {"callbacks": [handler], "metadata": {"foo": "bar"}})
    return handler.told


@page("callbacks")
def count_tokens_with_langchains_own(lc):
    from langchain_core.callbacks import UsageMetadataCallbackHandler

    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    said = {"model_name": "m"}
    answer = lc.AIMessageChunk(content="a", usage_metadata=usage, response_metadata=said)
    handler = UsageMetadataCallbackHandler()
    lc.chat(answer).invoke("x", {"callbacks": [handler]})
    return {m: {k: v for k, v in u.items() if v} for m, u in handler.usage_metadata.items()}


@page("callbacks")
def listen_to_a_step(lc):
    heard = []
    step = lc.RunnableLambda(lambda x: x + 1).with_listeners(
        on_start=lambda run: heard.append(run.inputs), on_end=lambda run: heard.append(run.outputs)
    )
    step.invoke(1)
    return heard
