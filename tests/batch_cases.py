"""The table of a `BatchView` behind its golden fixture, at some moments; no run is needed for it.

After a change that is meant to change the protocol, write the fixture anew and read its diff:

    python -m tests.batch_cases
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from nbstream import ProviderError
from nbstream.batch import BatchMetrics, Line
from nbstream.widget._batch_frames import batch_frame

FIXTURE = Path(__file__).parent / "fixtures" / "batch.json"
LONG = "".join(f"{number} 🐟 " for number in range(300))


@dataclass
class Table:
    """What of a `Batch` goes over the wire."""

    lines: list = field(default_factory=list)
    status: str = "running"
    note: str = ""

    def metrics(self):
        counts = dict.fromkeys(("waiting", "running", "done", "failed", "stopped", "kept"), 0)
        for line in self.lines:
            counts[line.status] += 1
        return BatchMetrics(counts, 4, 2.5, 1.5, 48.0, 9.5, 0.25, 20, 30, {}, [], [], [])


def say(line, text):
    line.text = (line.text + text)[-2_000:]
    line.length += len(text)
    line.tokens = (line.tokens or 0) + 1


def begin(line, now):
    line.begin(now, "here")
    line.status = "running"


def stages():
    """Yield the table and the lines that have changed, at each moment."""
    lines = [Line(index, input=f"input {index} <b>") for index in range(4)]
    lines[3].input = "[سمك](javascript:alert(1))"
    table = Table(lines)
    yield table, [0, 1, 2, 3]
    for index in (0, 1, 2):
        begin(lines[index], 0.25 * index)
    lines[0].first = 0.5
    say(lines[0], "Blub 🐟, ")
    say(lines[1], LONG)
    yield table, [0, 1, 2]
    say(lines[0], "blub.")
    lines[0].status, lines[0].ended, lines[0].rate, lines[0].cost = "done", 1.0, 4.0, 0.0125
    say(lines[1], LONG)
    say(lines[2], "Half an answer")
    lines[2].status, lines[2].ended = "failed", 0.75
    lines[2].error = ProviderError("busy: sk-0123456789abcdef0123", status=529)
    yield table, [0, 1, 2]
    begin(lines[2], 1.5)
    say(lines[2], "Now.")
    lines[1].status, lines[1].ended, lines[1].output = "done", 2.0, LONG + LONG
    lines[3].status = "stopped"
    table.status, table.note = "stopped", "The budget is used up."
    yield table, [1, 2, 3]


def frames():
    """Return each moment's frame."""
    told = []
    return [
        json.loads(json.dumps(batch_frame(table, indices, told, at, at + 1, {"total": 4})))
        for at, (table, indices) in enumerate(stages())
    ]


def whole():
    """Return the last moment's frame, as a page gets it that opens then."""
    *_, (table, _) = stages()
    made = batch_frame(table, range(4), [], 0, 4, {"total": 4})
    return json.loads(json.dumps(made))


def golden():
    """All that the fixture says."""
    heads = ["Blub 🐟, blub.", LONG[:240], "Now.", ""]
    lengths = [13, 2 * len(LONG), 4, 0]
    statuses = ["done", "done", "running", "stopped"]
    return {
        "frames": frames(),
        "whole": whole(),
        "heads": heads,
        "tail": (LONG + LONG)[-240:],
        "lengths": lengths,
        "statuses": statuses,
    }


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(golden(), indent=1, ensure_ascii=False) + "\n")
