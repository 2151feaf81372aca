"""The logs behind the golden fixtures, with their times fixed.

Each case is a list of stretches: each stretch goes over the wire as a frame. After a change that is
meant to change the protocol, write the fixtures anew and read their diff:

    python -m tests.protocol_cases
"""

import json
from pathlib import Path

from nbstream import AIMessage, AIMessageChunk, Event, ProviderError, Run
from nbstream.messages import UsageMetadata
from nbstream.widget._protocol import frame
from nbstream.widget._state import apply, initial, metrics, status
from nbstream.widget._static import headline

FOLDER = Path(__file__).parent / "fixtures" / "protocol"
USAGE = UsageMetadata(input_tokens=12, output_tokens=4, total_tokens=16)
LAST = AIMessageChunk("", response_metadata={"stop_reason": "end_turn"}, usage_metadata=USAGE)
CUT = AIMessageChunk("", response_metadata={"stop_reason": "max_tokens"})


def run(index, name, run_type="chain", parent=None, model=None):
    return Run(index, f"id-{index}", name, run_type, parent, model=model)


def log(*steps):
    """Number the events ``(milliseconds, kind, run, data)``."""
    return [Event(i, ms / 1000, kind, who, data) for i, (ms, kind, who, data) in enumerate(steps)]


MODEL = run(0, "ChatLocal", "chat_model", model="SmolLM2-135M-Instruct (embedded)")
PLAIN = log(
    (0, "start", MODEL, "Hi"),
    (41.26, "chunk", MODEL, AIMessageChunk("Here")),
    (50, "chunk", MODEL, AIMessageChunk("\u2019s")),
    (60.1, "chunk", MODEL, AIMessageChunk("")),
    (61.3, "chunk", MODEL, AIMessageChunk(" a <b>&")),
    (70, "chunk", MODEL, LAST),
    (70.5, "end", MODEL, None),
)

CHAIN = run(0, "RunnableSequence", model="claude-test")
PROMPT = run(1, "ChatPromptTemplate", "prompt", CHAIN)
CLAUDE = run(2, "ChatAnthropic", "chat_model", CHAIN, "claude-test")
PARSER = run(3, "StrOutputParser", "parser", CHAIN)
NESTED = log(
    (0, "start", CHAIN, {"x": 1}),
    (0.1, "start", PROMPT, None),
    (0.2, "end", PROMPT, "the prompt"),
    (0.3, "start", CLAUDE, None),
    (1200, "chunk", CLAUDE, AIMessageChunk("One")),
    (1200.2, "start", PARSER, None),
    (1200.3, "chunk", PARSER, "One"),
    (1200.4, "chunk", CHAIN, "One"),
    (1300, "chunk", CLAUDE, AIMessageChunk(" two")),
    (1300.1, "chunk", PARSER, " two"),
    (1300.2, "chunk", CHAIN, " two"),
    (1310, "chunk", CLAUDE, LAST),
    (1310.1, "chunk", PARSER, ""),
    (1310.2, "chunk", CHAIN, ""),
    (1311, "end", CLAUDE, None),
    (1311.1, "end", PARSER, None),
    (1311.2, "end", CHAIN, None),
)

OTHER = run(0, "words")
INNER = run(1, "ScriptedChat", "chat_model", OTHER, "ScriptedChat")

CASES = {
    "empty": [[]],
    "plain": [PLAIN],
    "in_frames": [PLAIN[:2], PLAIN[2:3], PLAIN[3:]],
    "nested": [NESTED[:9], NESTED[9:]],
    "failed": [
        log(
            (0, "start", MODEL, "Hi"),
            (10, "chunk", MODEL, AIMessageChunk("partial")),
            (20, "error", MODEL, ProviderError("claude answered 529: <script>", status=529)),
        )
    ],
    "stopped": [
        log(
            (0, "start", OTHER, None),
            (0, "chunk", OTHER, "a"),
            (0, "chunk", OTHER, {"k": "\u00fc"}),
            (1000, "cancelled", OTHER, None),
        )
    ],
    "cut_off": [
        log(
            (0, "start", MODEL, None),
            (1, "chunk", MODEL, AIMessageChunk("x")),
            (2, "chunk", MODEL, CUT),
            (3, "end", MODEL, None),
        )
    ],
    "not_streamed": [
        log(
            (0, "start", OTHER, None),
            (1, "start", INNER, None),
            (5, "end", INNER, AIMessage("whole", usage_metadata=USAGE)),
            (6, "chunk", OTHER, "whole"),
            (7, "end", OTHER, None),
        )
    ],
}


def frames(stretches):
    return [frame(events, events[0].seq if events else 0) for events in stretches]


def expected(frames):
    """What the fixture says of these frames, by the Python reducer."""
    state = initial()
    for one in frames:
        apply(state, one)
    return {
        "state": state,
        "status": status(state),
        "metrics": metrics(state),
        "headline": headline(state),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, stretches in CASES.items():
        wire = frames(stretches)
        text = json.dumps({"frames": wire, **expected(wire)}, indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n")
