"""A run as a conversation, in the transcript and as Markdown: what `entries` found, written out."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from ..events._blocks import to_json
from ..events._entries import entries
from ..events._question import APPROVAL
from ..events._state import status_of
from ._html import (
    ISOLATED,
    MAX_STEPS,
    MAX_TEXT,
    MUTED,
    counted,
    duration,
    figures,
    folded,
    left_out,
    line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..events._entries import Entry, Turn
    from ..events._parts import Call, Part, Server, Source
    from ..events._state import RunState, ViewState
    from ._html import Price

__all__ = ["reading_html", "reading_text"]

_ROLES = {"human": "You", "system": "System", "ai": "Answer before", "input": "Input"}
_STOPPED = "Stopped: the text received so far is kept."
_EMPTY = {"done": "The model gave no text.", "stopped": "Stopped before any text came."}
_ADDRESS = re.compile(r"https?://[^\s<>\\]+")
_MONO = f"font-family:monospace;font-size:inherit;{ISOLATED}"
_BOX = "margin:6px 0;padding:5px 10px;border:1px solid #8884;border-radius:6px;font-size:.86em"
_RUNS = re.compile(r"`+")


def reading_html(state: ViewState, price: Price, *, is_asked: bool) -> Iterator[str]:
    """Yield a log as a conversation, in HTML; all that is not ours is escaped."""
    page = _Html(state, price)
    yield from page.all(_shown(state["runs"], is_asked=is_asked))
    if page.left:
        yield f'<div style="padding:0 12px 10px;{MUTED}">{left_out(page.left)}</div>'


def reading_text(runs: Sequence[RunState], *, is_asked: bool) -> str:
    """Return a log as a conversation, in Markdown."""
    return "\n\n".join(_Text(runs).all(_shown(runs, is_asked=is_asked)))


def _shown(runs: Sequence[RunState], *, is_asked: bool) -> list[Entry]:
    found = entries(runs)
    return [one for one in found if one["kind"] != "prompt"] if is_asked else found


def note_of(turn: Turn, run: RunState) -> str:
    """Return why an answer ended as it did, where there is anything to say."""
    if turn["note"] is not None:
        return turn["note"]
    if not turn["parts"]:
        return "" if turn["error"] else _EMPTY.get(run["status"], "")
    return _STOPPED if run["status"] == "stopped" else ""


def arguments_of(call: Call, runs: Sequence[RunState]) -> str:
    """Return a call's arguments, as JSON so far."""
    if call["model"] is None or call["aside"] is None:
        return call["args"] or ""
    return "".join(runs[call["model"]]["asides"][call["aside"]]["pieces"])


def output_of(call: Call, runs: Sequence[RunState]) -> str:
    """Return what a tool said of itself while it ran."""
    told = [one for at in call["tells"] for one in runs[at]["customs"]]
    lines = (_line(one["name"], one["data"]) for one in told)
    return "\n".join(line for line in lines if line is not None)


def _line(name: str, data: Any) -> str | None:
    if name != APPROVAL:
        return f"{name}: {_as_text(data)}"
    if not isinstance(data, dict) or data.get("verdict") != "edit":
        return None  # the words at the call's end tell it
    return f"edited: {to_json(data.get('args'))}"


_VERDICTS = {
    "wait": "waits for approval",
    "allow": "allowed",
    "edit": "allowed as edited",
    "deny": "not allowed",
}


def _approval(tool: RunState) -> str:
    """Return a call's approval in words; a wait that was broken off is none."""
    told = [one["data"] for one in tool["customs"] if one["name"] == APPROVAL]
    verdict = told[-1].get("verdict") if told and isinstance(told[-1], dict) else None
    if verdict == "wait" and tool["end"] is not None:
        return ""
    return _VERDICTS.get(verdict, "") if isinstance(verdict, str) else ""


def _as_text(data: Any) -> str:
    return data if isinstance(data, str) else to_json(data)


def result_of(call: Call, runs: Sequence[RunState]) -> tuple[str, bool]:
    """Return what a tool gave, or its error, and whether it failed."""
    if call["tool"] is None:
        return call["result"] or "", call["failed"]
    tool = runs[call["tool"]]
    if error := tool["error"]:
        return f"{error['type']}: {error['message']}", True
    return "".join(tool["texts"]), False


def took(call: Call, runs: Sequence[RunState]) -> str:
    """Return how a call went and how long it took, in words."""
    if call["tool"] is None:
        return "" if call["result"] is not None else "no result"
    tool = runs[call["tool"]]
    words = "" if tool["status"] == "done" else tool["status"]
    time = "" if tool["end"] is None else duration(tool["end"] - tool["start"])
    return " · ".join(filter(None, [_approval(tool), words, time]))


class _Html:
    def __init__(self, state: ViewState, price: Price) -> None:
        self.state = state
        self.runs = state["runs"]
        self.price = price
        self.room = MAX_TEXT
        self.entries = MAX_STEPS
        self.left = 0

    def cut(self, text: str) -> str:
        """Take a text, or what there is room for; what is left out is counted."""
        kept = text[: self.room]
        self.room -= len(kept)
        self.left += len(text) - len(kept)
        return escape(kept)

    def all(self, shown: Sequence[Entry]) -> Iterator[str]:
        for at, entry in enumerate(shown):
            if self.entries <= 0:
                yield f'<div style="padding:6px 12px;{MUTED}">… and {len(shown) - at:,} more</div>'
                return
            self.entries -= 1
            if entry["kind"] == "prompt":
                yield self.prompt(entry["role"], entry["text"], entry["images"])
            elif entry["kind"] == "turn":
                yield from self.turn(entry)
            else:
                yield f'<div style="padding:0 12px">{self.call(entry)}</div>'

    def prompt(self, role: str, text: str, images: Sequence[str]) -> str:
        return (
            '<div style="margin:10px 12px 4px;padding:6px 12px;border-radius:6px;background:#8882">'
            f'<div style="font-size:.86em"><b>{escape(_ROLES.get(role, role))}</b></div>'
            f'<div style="{ISOLATED}">{self.cut(text)}</div>{self.images(images)}</div>'
        )

    def turn(self, turn: Turn) -> Iterator[str]:
        run = self.runs[turn["run"]]
        words = figures(self.state, turn["run"], self.price)
        now = status_of(run)
        head = line(now, run["name"], words) if now != "done" else _heading(run["name"], words)
        yield f'<div style="padding:8px 12px 0;font-size:.86em">{head}</div>'
        parts = "".join(self.part(part, run, turn["sources"]) for part in turn["parts"])
        note = note_of(turn, run)
        if note:
            parts += f'<div style="padding:2px 0;{MUTED}">{escape(note)}</div>'
        if turn["error"] and (error := run["error"]):
            parts += (
                '<div style="margin:4px 0;padding:6px 12px;border-left:3px solid #c62828;'
                f'background:#c6282814;{ISOLATED}"><b>{escape(error["type"])}</b><br>'
                f"{escape(error['message'])}</div>"
            )
        sources = self.sources(turn["sources"])
        yield f'<div style="padding:2px 12px 6px;line-height:1.6">{parts}{sources}</div>'

    def part(self, part: Part, run: RunState, sources: Sequence[Source]) -> str:
        if part["kind"] == "thinking":
            return folded("Thinking", self.cut("".join(run["asides"][part["aside"]]["pieces"])))
        if part["kind"] == "said":
            text = self.said(run, part["begin"], part["end"], part["marks"], sources)
            return f'<div style="{ISOLATED}">{text}</div>'
        if part["kind"] == "call":
            return self.call(part)
        if part["kind"] == "server":
            return self.server(part)
        return self.images([part["url"]])

    def said(
        self,
        run: RunState,
        begin: int,
        end: int,
        marks: Sequence[Sequence[int]],
        sources: Sequence[Source],
    ) -> str:
        pieces: list[str] = []
        for place, number in marks:
            pieces.append(self.cut("".join(run["texts"][begin:place])))
            begin = max(begin, place)
            mark = _link(f"[{number}]", sources[number - 1]["url"])
            pieces.append(f"<sup>{mark}</sup>" if self.room > 0 else "")
        pieces.append(self.cut("".join(run["texts"][begin:end])))
        return "".join(pieces)

    def call(self, call: Call) -> str:
        args, output = arguments_of(call, self.runs), output_of(call, self.runs)
        result, has_failed = result_of(call, self.runs)
        colour = ";color:#c62828" if has_failed else ""
        words = took(call, self.runs)
        body = [
            # Where styles are taken away, a space is between the two.
            '<div style="display:flex;justify-content:space-between;align-items:baseline">'
            f'<b style="font-family:monospace">{escape(call["name"])}</b> '
            f'<span style="{MUTED}">{escape(words)}</span></div>',
            f'<div style="{_MONO};{MUTED}">{self.cut(args)}</div>' if args else "",
            f'<div style="{_MONO};{MUTED}">{self.cut(output)}</div>' if output else "",
        ]
        if call["inside"]:
            inside = "".join(self.all(call["inside"]))
            rule = "margin:6px 0;border-left:2px solid #8884;font-size:1.16em"
            body.append(f'<div style="{rule}">{inside}</div>')
        if result:
            body.append(f'<div style="{_MONO}{colour}">→ {self.cut(result)}</div>')
        return f'<div style="{_BOX}">{"".join(body)}{self.images(call["images"])}</div>'

    def server(self, server: Server) -> str:
        word = "failed" if server["failed"] else ""
        if server["links"]:
            word = counted(len(server["links"]), "result")
        title = " · ".join(filter(None, [server["name"].replace("_", " "), server["args"], word]))
        links = [{**one, "quote": ""} for one in server["links"]]
        body = self.sources(links) + self.cut(server["result"] or "")  # type: ignore[arg-type]
        return folded(title[:500], body)

    def sources(self, sources: Sequence[Source]) -> str:
        if not sources:
            return ""
        rows = "".join(map(self.source, sources))
        return f'<ol style="margin:4px 0;padding-left:28px;font-size:.86em">{rows}</ol>'

    def source(self, one: Source) -> str:
        quote = self.cut(one["quote"])
        quoted = f' <q style="{MUTED}">{quote}</q>' if quote else ""
        return f"<li>{_link(one['title'], one['url'])}{quoted}</li>"

    def images(self, images: Sequence[str]) -> str:
        return "".join(map(self.image, images))

    def image(self, url: str) -> str:
        if url.startswith("data:") and len(url) <= self.room:
            self.room -= len(url)
            style = "display:block;max-width:100%;max-height:24em;border-radius:4px"
            return f'<img alt="Image in the answer" style="{style}" src="{escape(url)}">'
        if _ADDRESS.fullmatch(url):
            return f"<div>{_link('Image', url)}</div>"
        return f'<div style="{MUTED}">Image (not kept)</div>'


def _heading(name: str, words: Sequence[str]) -> str:
    """Return the line above an answer that is as it should be: that needs no saying."""
    more = "".join(f" · <bdi>{escape(word)}</bdi>" for word in words)
    return f'<b><bdi>{escape(name)}</bdi></b><span style="{MUTED}">{more}</span>'


def _link(title: str, url: str) -> str:
    shown = f"<bdi>{escape(title)}</bdi>"
    if not _ADDRESS.fullmatch(url):
        return shown
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{shown}</a>'


class _Text:
    def __init__(self, runs: Sequence[RunState]) -> None:
        self.runs = runs

    def all(self, shown: Sequence[Entry]) -> Iterator[str]:
        for entry in shown:
            if entry["kind"] == "prompt":
                name = _ROLES.get(entry["role"], entry["role"])
                images = ["(image)"] * len(entry["images"])
                yield f"**{name}:** {' '.join(filter(None, [entry['text'], *images]))}"
            elif entry["kind"] == "turn":
                yield from self.turn(entry)
            else:
                yield self.call(entry)

    def turn(self, turn: Turn) -> Iterator[str]:
        run = self.runs[turn["run"]]
        told = [text for part in turn["parts"] if (text := self.part(part, run))]
        if note := note_of(turn, run):
            told.append(f"*{note}*")
        if turn["error"] and (error := run["error"]):
            told.append(f"**{error['type']}:** {error['message']}")
        first = turn["parts"][:1]
        # Behind a name a list or a heading is none.
        if first and first[0]["kind"] == "said" and told[0][:1].isalpha():
            told[0] = f"**{run['name']}:** {told[0]}"
        else:
            told.insert(0, f"**{run['name']}:**")
        yield from told
        if turn["sources"]:
            yield "\n".join(_sources(turn["sources"]))

    def part(self, part: Part, run: RunState) -> str:
        if part["kind"] == "thinking":
            return _quoted("".join(run["asides"][part["aside"]]["pieces"]))
        if part["kind"] == "said":
            pieces: list[str] = []
            begin = part["begin"]
            for place, number in part["marks"]:
                pieces += [*run["texts"][begin:place], f" [{number}]"]
                begin = max(begin, place)
            return "".join([*pieces, *run["texts"][begin : part["end"]]])
        if part["kind"] == "call":
            return self.call(part)
        if part["kind"] == "server":
            links = "; ".join(one["title"] for one in part["links"])
            told = " → ".join(filter(None, [_code(part["args"]), links or part["result"]]))
            return f"*{part['name'].replace('_', ' ')}* {told}".strip()
        url = part["url"]
        return f"![Image](<{url}>)" if _ADDRESS.fullmatch(url) else "(image)"

    def call(self, call: Call) -> str:
        words = took(call, self.runs)
        head = f"**Calls** {_code(call['name'])}{f' ({words})' if words else ''}"
        told = [head, *map(_code, filter(None, [arguments_of(call, self.runs)]))]
        if output := output_of(call, self.runs):
            told.append(_code(output))
        if call["inside"]:
            told.append(_quoted("\n\n".join(self.all(call["inside"]))))
        result, _ = result_of(call, self.runs)
        if result:
            code = _code(result)
            told.append(f"→ {code}" if "\n" not in code else f"→\n\n{code}")
        return "\n\n".join(told)


def _quoted(text: str) -> str:
    return "\n".join(f"> {one}".rstrip() for one in text.split("\n"))


def _code(text: str) -> str:
    """Return a text as code: nothing in it is Markdown, however many backticks it has."""
    if not text:
        return ""
    longest = max((len(one) for one in _RUNS.findall(text)), default=0)
    if "\n" in text or len(text) > 200:
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{text}\n{fence}"
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _sources(sources: Iterable[Source]) -> Iterator[str]:
    for number, one in enumerate(sources, 1):
        title = one["title"].replace("[", "(").replace("]", ")").replace("\n", " ")
        shown = f"[{title}](<{one['url']}>)" if _ADDRESS.fullmatch(one["url"]) else title
        quote = " ".join(one["quote"].split())
        yield f"{number}. {shown}" + (f": “{quote}”" if quote else "")
