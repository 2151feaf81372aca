"""Streaming."""

from .pages import page


@page("streaming")
def stream_a_model(lc):
    chunks = []
    for chunk in lc.chat("The", " sky", " is", " blue").stream("what color is the sky?"):
        chunks.append(chunk)
    total = chunks[0] + chunks[1] + chunks[2] + chunks[3]
    return [[chunk.content for chunk in chunks if chunk.content], total.content]


@page("streaming")
async def astream_a_chain(lc):
    prompt = lc.ChatPromptTemplate.from_template("tell me a joke about {topic}")
    chain = prompt | lc.chat("Why", " did", " the") | lc.StrOutputParser()
    return "|".join([c async for c in chain.astream({"topic": "parrot"}) if c])


@page("streaming")
async def json_as_it_grows(lc):
    chain = lc.chat('{"countries": [', '{"name": "Fr', 'ance"}]}') | lc.JsonOutputParser()
    return [c async for c in chain.astream("output a list of countries")]


@page("streaming")
async def a_step_that_waits_for_all(lc):
    def names(inputs):
        return [country.get("name") for country in inputs["countries"]]

    chain = lc.chat('{"countries": [{"name": "Fr', 'ance"}]}') | lc.JsonOutputParser() | names
    return [c async for c in chain.astream("x")]


@page("streaming")
async def a_generator_that_keeps_the_stream(lc):
    async def names(stream):
        seen = set()
        async for value in stream:
            for country in value.get("countries", []):
                name = country.get("name")
                if name and name not in seen:
                    seen.add(name)
                    yield name

    model = lc.chat('{"countries": [{"name": "France"', '}, {"name": "Spain"}]}')
    return [c async for c in (model | lc.JsonOutputParser() | names).astream("x")]


@page("streaming")
async def events_of_a_chain(lc):
    prompt = lc.ChatPromptTemplate.from_template("{topic}")
    chain = (prompt | lc.chat("a", "b") | lc.StrOutputParser()).with_config(run_name="mine")
    seen = []
    async for event in chain.astream_events({"topic": "x"}, version="v2"):
        if event["event"] == "on_parser_stream" and event["data"]["chunk"]:
            seen.append(event["data"]["chunk"])
        elif event["event"].endswith("_end"):
            seen.append(event["name"] if event["name"] != type(chain).__name__ else "model")
    return [one for one in seen if one != "ScriptedChat"]


@page("streaming")
async def events_by_name(lc):
    model = lc.chat("a", "b").with_config({"run_name": "model"})
    parser = lc.StrOutputParser().with_config({"run_name": "my_parser"})
    stream = (model | parser).astream_events("x", version="v2", include_names=["my_parser"])
    return [e["event"] async for e in stream if e["data"].get("chunk") != ""]


@page("streaming")
async def events_by_tag(lc):
    chain = (lc.chat("a") | lc.StrOutputParser()).with_config({"tags": ["my_chain"]})
    stream = chain.astream_events("x", version="v2", include_tags=["my_chain"])
    return sorted({e["event"] async for e in stream})


@page("streaming")
async def filter_events_by_hand(lc):
    chain = lc.chat("one", "two") | lc.JsonOutputParser()
    tokens = []
    try:
        async for event in chain.astream_events("x", version="v2"):
            if event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
                tokens.append(event["data"]["chunk"].content)
    except Exception:  # here JSON that is none is an error, there the end
        pass
    return tokens


@page("streaming")
async def custom_events(lc):
    async def slow_thing(value, config):
        await lc.adispatch_custom_event("progress", {"step": 1}, config=config)
        await lc.adispatch_custom_event("progress", {"step": 2}, config=config)
        return value

    step = lc.RunnableLambda(slow_thing)
    stream = step.astream_events("x", version="v2")
    return [e["data"] async for e in stream if e["event"] == "on_custom_event"]


@page("streaming")
def usage_of_a_stream(lc):
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    model = lc.chat("a", lc.AIMessageChunk(content="b", usage_metadata=usage))
    total = None
    for chunk in model.stream("x"):
        total = chunk if total is None else total + chunk
    return total.usage_metadata


@page("streaming")
def tool_calls_of_a_stream(lc):
    pieces = ['{"a"', ": 1", ', "b": 2}']
    chunks = [
        lc.AIMessageChunk(
            content="",
            tool_call_chunks=[
                {"name": None if at else "add", "args": p, "id": None if at else "1", "index": 0}
            ],
        )
        for at, p in enumerate(pieces)
    ]
    gathered, seen = None, []
    for chunk in lc.chat(*chunks).stream("x"):
        gathered = chunk if gathered is None else gathered + chunk
        seen.append(gathered.tool_calls[0]["args"])
    return seen[:3]


@page("streaming")
async def both_streams_at_once(lc):
    chain = lc.RunnableParallel(joke=lc.chat("ha"), poem=lc.chat("oh"))
    total = None
    async for chunk in chain.astream("x"):
        total = chunk if total is None else total + chunk
    return {key: value.content for key, value in total.items()}
