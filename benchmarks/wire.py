"""What reading a provider's answer costs: our readers, the SDKs' own parsing, LangChain's models.

Run it with ``python benchmarks/wire.py``. All sides take the same stream, from memory, in turns; a
figure is the lowest of several rounds, in microseconds an event. Absolute figures depend on the
machine; the ratios are what to look at.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import anthropic
import httpx2
import openai
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

from nbstream.wire import READERS
from tests.wire.streams import events_of, read

warnings.simplefilter("ignore")  # LangChain's own
ASKED = [{"role": "user", "content": "Hi"}]
AIM = 3
# The recorded stream of each dialect, and which of its events is the one that comes thousands of
# times.
STREAMS = {
    "anthropic": ("anthropic.text.sse", 3),
    "openai_chat": ("openai_chat.deepseek.sse", 3),
    "openai_responses": ("openai_responses.incomplete.sse", 4),
    "gemini": ("gemini.text.sse", 0),
    "ollama": ("ollama.text.jsonl", 1),
    "cohere": ("cohere.text.sse", 3),
}
SLOWEST = {  # other events that come by the thousand
    "anthropic thinking": ("anthropic.thinking_tools.sse", 2),
    "anthropic input": ("anthropic.thinking_tools.sse", 14),
    "openai_chat odds": ("openai_chat.embedded.sse", 2),
    "openai_chat calls": ("openai_chat.tools.sse", 1),
    "openai_responses odds": ("openai_responses.text.sse", 4),
}


def events(name, at, count):
    """Return a recorded stream with one of its events repeated."""
    recorded = [event for event in events_of(name) if event != "[DONE]"]
    return [*recorded[:at], *[recorded[at]] * count, *recorded[at + 1 :]]


def http(stream):
    """Return an HTTP client that answers with a stream."""
    data = b"".join(
        (f"event: {event['type']}\n" if "type" in event else "").encode()
        + b"data: "
        + json.dumps(event).encode()
        + b"\n\n"
        for event in stream
    )
    headers = {"content-type": "text/event-stream"}
    # In pieces of the size that a socket gives.
    pieces = [data[at : at + 16_384] for at in range(0, len(data), 16_384)]
    return httpx2.Client(
        transport=httpx2.MockTransport(
            lambda _: httpx2.Response(200, content=iter(pieces), headers=headers)
        )
    )


def sdk(dialect, stream):
    """Return what streams through the SDK, and through LangChain's model over it."""
    if dialect == "anthropic":
        client = anthropic.Anthropic(api_key="x", http_client=http(stream))
        theirs = ChatAnthropic(model="claude-x", api_key="x")
        theirs.__dict__["_client"] = client
        return (
            lambda: client.messages.create(model="m", max_tokens=9, messages=ASKED, stream=True),
            lambda: theirs.stream("Hi"),
        )
    client = openai.OpenAI(api_key="x", http_client=http(stream))
    is_responses = dialect == "openai_responses"
    theirs = ChatOpenAI(
        model="m", api_key="x", http_client=http(stream), use_responses_api=is_responses
    )
    if is_responses:
        return (
            lambda: client.responses.create(model="m", input="Hi", stream=True),
            lambda: theirs.stream("Hi"),
        )
    return (
        lambda: client.chat.completions.create(model="m", messages=ASKED, stream=True),
        lambda: theirs.stream("Hi"),
    )


def drain(stream):
    for _ in stream:
        pass


def lowest(count, *programs, rounds=5):
    """Return the microseconds an event of programs that are run in turns."""
    times = [[] for _ in programs]
    for _ in range(rounds):
        for program, taken in zip(programs, times, strict=True):
            start = time.perf_counter()
            program()
            taken.append(time.perf_counter() - start)
    return [min(taken) / count * 1e6 for taken in times]


def reading(dialect, stream):
    def run():
        _, error = read(READERS[dialect](), stream)
        if error:
            raise error

    return run


def report(count):
    heads = ("json.loads", "dicts", "objects", "the SDK", "LangChain", "ratio")
    print(f"{'µs an event':24}" + "".join(f"{head:>12}" for head in heads))
    verdicts = []
    for dialect, (name, at) in STREAMS.items():
        stream = events(name, at, count)
        line = json.dumps(stream[at])
        parse = lambda line=line: [json.loads(line) for _ in range(count)]  # noqa: E731
        if dialect not in ("anthropic", "openai_chat", "openai_responses"):
            row = lowest(count, parse, reading(dialect, stream))
            print(f"{dialect:24}" + "".join(f"{cell:>12.2f}" for cell in row))
            continue
        sdks, langchain = sdk(dialect, stream)
        objects = list(sdks())
        row = lowest(
            count,
            parse,
            reading(dialect, stream),
            reading(dialect, objects),
            lambda sdks=sdks: drain(sdks()),
            lambda langchain=langchain: drain(langchain()),
            rounds=3,
        )
        ratio = (row[4] - row[3]) / row[2]
        print(f"{dialect:24}" + "".join(f"{cell:>12.2f}" for cell in row) + f"{ratio:>12.1f}")
        verdict = "met" if ratio >= AIM else "MISSED"
        verdicts.append(f"{verdict:8}{dialect}: 1/{ratio:.0f} of what LangChain adds, aim 1/{AIM}")
    for label, (name, at) in SLOWEST.items():
        stream = events(name, at, count)
        line = json.dumps(stream[at])
        parse = lambda line=line: [json.loads(line) for _ in range(count)]  # noqa: E731
        row = lowest(count, parse, reading(label.split()[0], stream))
        print(f"{label:24}" + "".join(f"{cell:>12.2f}" for cell in row))
    print(
        "\ndicts, objects: our reader on the wire's dicts and on the SDK's objects. The SDK: bytes"
    )
    print(
        "to objects. LangChain: its model's stream() over that SDK. Ratio: what LangChain adds to"
    )
    print("the SDK, over what our reader adds.\n")
    print("\n".join(verdicts))


def growth(sizes):
    print(f"\nGrowth: the cost of an event among {sizes[1]:,} over that among {sizes[0]:,}:")
    for label, (name, at) in {**STREAMS, **SLOWEST}.items():
        dialect = label.split()[0]
        programs = [reading(dialect, events(name, at, count)) for count in sizes]
        times = [lowest(n, run, rounds=3)[0] for n, run in zip(sizes, programs, strict=True)]
        print(f"  {label:24}x{times[1] / times[0]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer events, no growth")
    quick = parser.parse_args().quick
    report(500 if quick else 3_000)
    if not quick:
        growth((100_000, 200_000))


if __name__ == "__main__":
    main()
