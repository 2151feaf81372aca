"""What being watched costs the watched program: the same loop with and without, in one run.

Run it with ``make bench``, or ``python benchmarks/watch.py --quick``. The answers
come from memory, in packets of one event each, as from a model. Both sides take turns; a figure is
the lowest of several rounds, in the process's own time, since other programs run, too. What is
watched is all of it: the request, the bytes, the reader, the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import anthropic
import httpx
import httpx2
import openai
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI

from nbstream import Trace
from nbstream.watching import watching
from tests.wire.streams import events_of

warnings.simplefilter("ignore")  # LangChain's own
ASKED = [{"role": "user", "content": "Hi"}]
TAP_AIM = 20.0  # µs a chunk
LANGCHAIN_AIM = 1.2  # times the loop without
STREAMS = {"anthropic": ("anthropic.text.sse", 3), "openai": ("openai_chat.deepseek.sse", 3)}


def packets(dialect, count):
    """Return a recorded answer with one of its deltas repeated, as bytes, an event a packet."""
    name, at = STREAMS[dialect]
    recorded = [event for event in events_of(name) if event != "[DONE]"]
    events = [*recorded[:at], *[recorded[at]] * count, *recorded[at + 1 :]]
    return [
        (f"event: {event['type']}\n" if "type" in event else "").encode()
        + b"data: "
        + json.dumps(event).encode()
        + b"\n\n"
        for event in events
    ]


def transport(library, data):
    async def apackets():
        for one in data:
            yield one

    def answer(is_async):
        content = apackets() if is_async else iter(data)
        return library.Response(200, content=content, headers={"content-type": "text/event-stream"})

    class Both(library.MockTransport):
        def handle_request(self, _):
            return answer(False)

        async def handle_async_request(self, _):
            return answer(True)

    return Both(lambda _: None)


def programs(count):
    claude, gpt = packets("anthropic", count), packets("openai", count)
    sync = anthropic.Anthropic(
        api_key="x", http_client=httpx2.Client(transport=transport(httpx2, claude))
    )
    chat = openai.OpenAI(api_key="x", http_client=httpx2.Client(transport=transport(httpx2, gpt)))
    raw = httpx.Client(transport=transport(httpx, gpt))
    model = ChatOpenAI(
        model="m",
        api_key="x",
        http_client=httpx2.Client(transport=transport(httpx2, gpt)),
        http_async_client=httpx2.AsyncClient(transport=transport(httpx2, gpt)),
    )
    chain = ChatPromptTemplate.from_template("{x}") | model | StrOutputParser()

    def raw_loop():
        body = {"model": "m", "messages": ASKED, "stream": True}
        with raw.stream("POST", "http://fish/chat/completions", json=body) as answer:
            for _ in answer.iter_lines():
                pass

    async def aloop():
        async for _ in chain.astream({"x": "Hi"}):
            pass

    return {
        "httpx, lines": raw_loop,
        "anthropic": lambda: drain(
            sync.messages.create(model="m", max_tokens=9, messages=ASKED, stream=True)
        ),
        "openai": lambda: drain(
            chat.chat.completions.create(model="m", messages=ASKED, stream=True)
        ),
        "LangChain model": lambda: drain(model.stream("Hi")),
        "LangChain chain": lambda: drain(chain.stream({"x": "Hi"})),
        "LangChain chain, async": lambda: asyncio.run(aloop()),
    }


def drain(stream):
    for _ in stream:
        pass


def watched(program):
    def run():
        trace = Trace()
        with trace, watching(trace):
            program()
        return trace

    return run


def lowest(count, rounds, *runs):
    times = [[] for _ in runs]
    for _ in range(rounds):
        for run, taken in zip(runs, times, strict=True):
            start = time.process_time()
            run()
            taken.append(time.process_time() - start)
    return [min(taken) / count * 1e6 for taken in times]


def report(count, rounds):
    print(f"{'µs a chunk':24}{'without':>12}{'watched':>12}{'more':>12}{'ratio':>12}")
    verdicts = []
    for name, program in programs(count).items():
        run = watched(program)
        chunks = sum(event.kind == "chunk" for event in run().events)
        assert chunks >= count, f"{name}: {chunks} chunks were seen of {count}"
        plain, seen = lowest(count, rounds, program, run)
        more, ratio = seen - plain, seen / plain
        print(f"{name:24}{plain:>12.1f}{seen:>12.1f}{more:>12.1f}{ratio:>12.2f}")
        if name.startswith("LangChain"):
            verdict = "met" if ratio <= LANGCHAIN_AIM else "MISSED"
            verdicts.append(f"{verdict:8}{name}: {ratio:.2f} times, aim {LANGCHAIN_AIM}")
        else:
            verdict = "met" if more <= TAP_AIM else "MISSED"
            verdicts.append(f"{verdict:8}{name}: {more:.1f} µs a chunk, aim {TAP_AIM:.0f}")
    print("\n" + "\n".join(verdicts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer chunks and rounds")
    quick = parser.parse_args().quick
    report(500 if quick else 2_000, 3 if quick else 5)


if __name__ == "__main__":
    main()
