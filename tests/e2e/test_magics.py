"""`%%chat` and `%chat` in a real notebook: each option and each verb, and what goes wrong."""

import json
import re
import struct
import zlib

import nbformat
import pytest

KEY = "sk-ant-api03-Secret-Goldfish-0123456789"

SETUP = '''%load_ext nbstream
import keyring.backends.null
keyring.set_keyring(keyring.backends.null.Keyring())  # not the one of whoever runs the tests
from typing import TypedDict
from nbstream import *

class Fish(TypedDict):
    """A fish."""
    name: str

def call(name, args):
    chunk = {"name": name, "args": args, "id": "c", "index": 0}
    return AIMessageChunk("", tool_call_chunks=[chunk])

class Asking(BaseChatModel):
    """Calls the tools it is given once, and says what it heard."""
    args = '{"x": 4}'
    def bind_tools(self, tools, **_):
        bound = Asking()
        bound.args, bound.tool = self.args, tools[0].name
        return bound
    def _stream_messages(self, messages, **_):
        if messages[-1].type == "tool":
            yield AIMessageChunk(f"It is {messages[-1].text}.")
        else:
            yield call(self.tool, self.args)

class Seer(BaseChatModel):
    """Says what kinds of content it sees, and how many messages."""
    def _stream_messages(self, messages, **_):
        content = messages[-1].content
        kinds = [one["type"] for one in content] if isinstance(content, list) else ["words"]
        yield AIMessageChunk(f"{len(messages)}: {' and '.join(kinds)}")

def double(x: int) -> int:
    """Double a number."""
    return 2 * x

def broken(x: int) -> int:
    """Break."""
    raise ValueError("the pump is broken")

animal, long = "goldfish", "word " * 20_000
asking, seer = Asking(), Seer()
shout = RunnableLambda(str.upper)
slow = ScriptedChat(["so ", "it ", "goes "] * 2_000, delay=0.02)
away = ChatAnthropic("claude-x", base_url="http://127.0.0.1:9", api_key="none-at-all")
says = lambda *text: ScriptedChat([*text])
schema = says('{"name": "Goldie"}')
schema.with_structured_output = lambda kind: says('{"name": "Goldie"}') | JsonOutputParser()
written = says("**bold** <img src=x onerror=hack()> [x](javascript:hack())")
data, math = says('Here: {"n": 1}'), says("x^2")
failing = says("so far", ValueError("no more water"))'''

MODEL = "SmolLM2-135M-Instruct"

# A cell each, and what its output must have in it; None where nothing is known of it.
OPTIONS = [
    ("%chat", [MODEL, "none", "0 turns", "main", "0 in, 0 out", "nothing yet"]),
    ("%chat model local", ["The model is local."]),
    ("%chat model", ["The model is local."]),
    ("%chat models", ["SmolLM2", "anthropic:NAME", "or %chat key", "a variable: Seer"]),
    ("%chat system 'You are a fish.'", ["System: You are a fish."]),
    ("%chat system off", ["There is no system prompt."]),
    (
        "%%chat --max-tokens 12 --system 'You are a fish.' --temperature 0.2 --view markdown "
        "--delimiter ' / ' --as first\nSay hello to {animal}.",
        None,
    ),
    (
        "print(type(first).__name__, first.usage_metadata['output_tokens'] <= 12)",
        ["AIMessage True"],
    ),
    ("%%chat -n 8 --events\nAnd now?", None),
    ("last = %chat last\nlast.view.view", ["timeline"]),
    ("%%chat -n 8 --raw\n{this} is {no} field", None),
    ("%%chat -n 8 --no-history\nOn the side.", None),
    ("%%chat -n 8 --debug\nAll is well.", None),
    (
        "%chat history",
        ["Branch: main", "Say hello to {animal}.", "{this} is {no} field", "All is well."],
    ),
    ("%%chat -m seer\nCount.", ["9: words"]),
    ("%%chat -m seer -N\nCount.", ["1: words"]),
    ("%%chat -m seer -N --image fish.png -i fish.png\nLook.", ["1: text and image and image"]),
    ("%%chat -m seer -N\n{{literally}} {animal.upper()!r} {In[1]}", ["1: words"]),
    ("%%chat --chain shout --as loud -N\nhello {animal}", ["HELLO GOLDFISH"]),
    ("loud", ["'HELLO GOLDFISH'"]),
    ("%%chat -m asking --tools double -N\nDouble four.", ["It is 8."]),
    ("%%chat -m schema --schema Fish --as fish -N\nA fish!", ["Goldie"]),
    ("fish['name']", ["'Goldie'"]),
    ("%%chat -m written --to markdown -N\nHi", ["**bold** <\u200bimg", "[x] (javascript"]),
    ("%%chat -m written --to text -N\nHi", ["<img src=x"]),
    ("%%chat -m data --to json -N\nHi", ['"n": 1']),
    ("%%chat -m math --to math -N\nHi", ["$$x^2$$"]),
    ("%%chat -n 8 --replace 1\nIn the place of the first.", None),
    ("%chat history", ["In the place of the first."]),
    ("%chat undo", ["Taken back: 'Count.'"]),
    ("%chat branch sad", ["new branch, with 4 turns"]),
    ("%%chat -n 8\nA sad end.", None),
    ("%chat branch", ["main", "5 turns", "sad"]),
    ("%chat save talk.json", ["Saved 5 turns to talk.json."]),
    ("%chat reset", ["New conversation."]),
    ("%chat history", ["(sad) is empty"]),
    ("%chat branch main", ["'main', there before"]),
    ("%chat load talk.json", ["has 5 turns now"]),
    ("%chat export run.html", ["Written: run.html"]),
    ("%chat help", ["%chat history", "the turns so far"]),
    ("%%chat --bg --chain slow -N\nGo on for ever.", ["so "]),
    ("import time\ntime.sleep(0.5)\nlast = %chat last\nlast", ["<Answer of slow: streaming"]),
    ("%chat", ["streaming", "1 answer; %chat stop ends that", "in, ", " out"]),
    ("%chat stop", ["Stopped 1 answer."]),
    ("last.view.result()\nlast", ["<Answer of slow: stopped, 'so it"]),
    ("%chat stop", ["Nothing streams."]),
]

# What goes wrong is said in one line, with the next step in it.
ERRORS = [
    ("%%chat --modle local\nHi", "There is no option --modle. Did you mean '--model'?"),
    ("%%chat --max-tokens many\nHi", "--max-tokens needs a whole number"),
    ("%%chat --to pdf\nHi", "--to is one of markdown"),
    ("%%chat --model locl\nHi", "Unknown model 'locl'. Did you mean 'local'?"),
    ("%%chat --model claude-sonnet-5-5\nHi", "enter it with %chat key"),
    (
        "%%chat -m seer --temperature 0.5\nHi",
        "--temperature: the model in 'seer' (Seer) takes none",
    ),
    ("%%chat\n  ", "The cell is empty. Write a prompt below"),
    ("%%chat\nA song about {anmal}", "There is no variable 'anmal'. Did you mean 'animal'?"),
    ("%%chat\nA song about {", "{ that is not closed"),
    ("%%chat --bg --to code\nHi", "Leave one of them out."),
    ("%%chat --image none.png\nHi", "none.png"),
    ("%%chat\n{long}", "prompt"),
    ("%%chat -m away -N\nHi", "127.0.0.1"),
    ("%%chat -m asking --tools broken\nHi", "the pump is broken"),
    ("%%chat -m failing\nHi", "ValueError: no more water. Add --debug"),
    ("%%chat -m math --to code -N\nHi", "there is no code block in the answer"),
    ("%chat histroy", "%chat cannot 'histroy'. Did you mean 'history'?"),
    ("%chat edit 99", "There is no turn 99; there are: 1 to 5."),
    ("%chat edit", "%chat edit needs a turn's number, as in: %chat edit 2"),
    ("%chat load none.json", "'none.json' cannot be read"),
    ("%chat key sk-ant-typed-in-a-cell", "Type no key into a cell"),
]
AFTER = [
    ("%chat history", ["Branch: sad"]),  # as it was
    ("%%chat -m failing --debug\nHi", ["Traceback (most recent call last)", "no more water"]),
    ("1 / 0", ["ZeroDivisionError"]),
    ("%%chat -m seer -N\n{Err[59]} {Out[59]}", None),
    ("%chat model seer", ["The model is seer."]),
    ("%chat error", ["words"]),
    # A key there would have counted from the first cell on.
    ("import os; os.rename('later.env', '.env')", []),
    ("%chat key .env", ["The key is read from .env, for this session: ANTHROPIC_API_KEY."]),
    ("leaky = says('half', ValueError('401 for ' + open('.env').read()))", []),
    ("%%chat -m leaky\nHi", ["ValueError: 401 for"]),
    ("%%chat -m leaky -N --bg\nHi", []),
    ("%%chat -m leaky -N --debug\nHi", ["Traceback", "401 for"]),
    ("%chat error", None),
    ("%chat models", ["a key: found in .env"]),
    ("%chat save talk.json", ["Saved"]),
    ("%chat key forget", ["orgotten"]),
]


def png():
    """Return a picture of one pixel."""

    def part(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(b"\0abc")) + part(b"IEND", b"")


def texts(cell):
    """Return all that a cell shows, as text."""
    found = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        found += [output.get("text", ""), output.get("traceback", [])]
        found += [data.get(f"text/{form}", "") for form in ("plain", "markdown", "latex")]
    return "\n".join("".join(one) for one in found)


@pytest.fixture
def run_through(lab, notebook):
    """Run cells, of which some fail, and return them as they are in the saved file."""

    def run(name, sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        for cell in cells:
            cell.metadata["tags"] = ["raises-exception"]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        path = lab.folder / f"{name}.ipynb"
        nbformat.write(content, path)
        nb = notebook(name)
        nb.run(len(cells))
        count = len(cells)
        nb.page.locator(".jp-InputPrompt", has_text=f"[{count}]:").wait_for(timeout=90_000)
        nb.wait_left()
        nb.save()
        return nb, json.loads(path.read_text())["cells"]

    return run


def test_every_option_every_verb_and_what_goes_wrong(lab, run_through):
    (lab.folder / "fish.png").write_bytes(png())
    (lab.folder / "later.env").write_text(f"ANTHROPIC_API_KEY={KEY}\n")
    sources = [SETUP, *(s for s, _ in OPTIONS), *(s for s, _ in ERRORS), *(s for s, _ in AFTER)]
    _, cells = run_through("magics", sources)

    counts = [cell["execution_count"] for cell in cells]
    assert counts[: len(sources)] == [*range(1, len(sources) + 1)]
    for cell, (_, said) in zip(cells[1:], OPTIONS, strict=False):
        shown = texts(cell)
        assert not any(output["output_type"] == "error" for output in cell["outputs"]), shown
        for one in said or []:
            assert one in shown, cell["source"]
    for cell, (_, said) in zip(cells[1 + len(OPTIONS) :], ERRORS, strict=False):
        source = "".join(cell["source"])
        (error,) = [one for one in cell["outputs"] if one["output_type"] == "error"]
        assert len(error["traceback"]) == 1, source
        (line,) = error["traceback"]
        assert "\n" not in line
        assert "Traceback" not in texts(cell)
        assert said in line, source
    for cell, (_, said) in zip(cells[1 + len(OPTIONS) + len(ERRORS) :], AFTER, strict=False):
        for one in said or []:
            assert one in texts(cell), cell["source"]

    # No key, though an error had one in it; and neither in what was stored beside the notebook.
    for path in lab.folder.iterdir():
        if path.is_file() and path.name != ".env":
            assert KEY.encode() not in path.read_bytes(), path
            assert b"Secret-Goldfish" not in path.read_bytes(), path


SLOW = """%load_ext nbstream
from nbstream import *
slow = ScriptedChat(["so ", "it ", "goes "] * 2_000, delay=0.02)
coder = ScriptedChat(["Do:\\n\\n```python\\nfish = 6 * 7\\n```\\n", "and:\\n\\n```\\nfish\\n```"])
page = ScriptedChat([
    "<h1 id=hello>Hello</h1><script>parent.document.title='HACKED'</script>",
    "<img src=x onerror=\\"top.document.title='HACKED'\\">",
    "<form action=/x><button autofocus>Go</button></form>",
    "<a href=/ target=_top>away</a><meta http-equiv=refresh content='0;url=/'>",
])"""


def shows(nb, cell, text, timeout=10_000):
    """Wait until a cell's output has a text in it."""
    output = nb.page.locator(".jp-CodeCell").nth(cell).locator(".jp-Cell-outputArea")
    output.get_by_text(re.compile(re.escape(text))).first.wait_for(timeout=timeout)
    return output


def sources(nb):
    """Return the cells' sources as the page has them."""
    editors = nb.page.locator(".jp-CodeCell .jp-InputArea-editor .cm-content").all()
    return ["\n".join(editor.locator(".cm-line").all_text_contents()) for editor in editors]


def test_stopping_and_what_opens_new_cells(notebook):
    cells = [
        SLOW,
        "%%chat --chain slow\nFirst",
        "%%chat --bg --chain slow\nSecond",
        "print('meanwhile:', get_ipython().run_line_magic('chat', 'last').view.status)",
        "%chat stop",
        "%chat history",
        "%%chat -m coder --to code\nThird",
        "%chat edit 2",
        "%%chat -m page --to html -N\nA page!",
    ]
    nb = notebook("magics-live", cells)
    nb.run(1)
    nb.wait_idle()

    # Stop, while the cell is busy: what had come is kept as a turn.
    nb.run_cell(1)
    nb.page.wait_for_function("() => document.querySelectorAll('.nbs-token').length > 5")
    assert nb.busy()
    first = nb.page.locator(".nbstream").first
    first.get_by_label("Stop", exact=True).click()
    nb.page.wait_for_selector(".nbstream[data-status=stopped]", timeout=5_000)
    nb.wait_idle()

    # In the background: the cell is over, another runs, and the answer goes on.
    nb.run_cell(2)
    nb.page.wait_for_selector(".nbstream[data-status=streaming]")
    nb.page.locator(".jp-InputPrompt", has_text="[3]:").wait_for()
    nb.run_cell(3)
    shows(nb, 3, "meanwhile: streaming")
    count = "document.querySelectorAll('.nbstream[data-status=streaming] .nbs-token').length"
    before = nb.page.evaluate(count)
    nb.page.wait_for_function(f"() => {count} > {before}")
    nb.shot("magics-background")
    nb.run_cell(4)
    shows(nb, 4, "Stopped 1 answer.")
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=stopped]').length === 2"
    )
    nb.run_cell(5)
    rows = shows(nb, 5, "Branch: main").locator("tbody tr")
    assert rows.count() == 2
    assert ["(stopped)" in row for row in rows.all_text_contents()] == [True, True]

    # A cell that is run again takes its own turn's place.
    nb.run_cell(1)
    nb.page.wait_for_selector(".nbstream[data-status=streaming]")
    nb.page.locator(".nbstream[data-status=streaming]").get_by_label("Stop", exact=True).click()
    nb.page.locator(".jp-InputPrompt", has_text="[7]:").wait_for()
    nb.run_cell(5)
    nb.page.locator(".jp-InputPrompt", has_text="[8]:").wait_for()
    rows = shows(nb, 5, "Branch: main").locator("tbody tr")
    assert [row.locator("td").nth(1).text_content() for row in rows.all()] == ["First", "Second"]

    # The answer's code comes as a new cell, and a turn of before, too; neither is run.
    nb.run_cell(6)
    # The first cell has that text, too, if it is in the page: far cells are taken out.
    code = nb.page.locator(".jp-CodeCell .cm-content", has_text="fish = 6 * 7")
    code.filter(has_not_text="%load_ext").wait_for()
    assert sources(nb)[7] == "fish = 6 * 7\n\nfish"
    nb.run_cell(8)
    nb.page.locator(".jp-CodeCell .cm-content", has_text="--replace 2").wait_for()
    assert sources(nb)[9] == "%%chat --bg --chain slow --replace 2\nSecond"
    assert len(sources(nb)) == len(cells) + 2

    # A hostile page does nothing but stand there.
    address, title = nb.page.url, nb.page.title()
    nb.page.locator(".jp-CodeCell .cm-content").nth(10).scroll_into_view_if_needed()
    nb.run_cell(10)
    frame = nb.page.frame_locator("iframe[srcdoc]")
    frame.locator("h1#hello").wait_for()
    nb.page.locator("iframe[srcdoc]").scroll_into_view_if_needed()
    nb.page.wait_for_timeout(500)
    nb.drawn()
    nb.shot("magics-page")
    assert nb.page.title() == title
    assert nb.page.url == address
    assert nb.page.locator("iframe[srcdoc]").get_attribute("sandbox") == ""
    assert frame.locator("h1#hello").text_content() == "Hello"


def test_help_and_completion(notebook):
    nb = notebook("magics-help", ["%load_ext nbstream\nanimal = 'koi'", "%%chat?", ""])
    nb.page.set_viewport_size({"width": 1280, "height": 1000})
    nb.run(2)
    help_ = shows(nb, 1, "Send the cell to a chat model")
    shown = help_.inner_text()
    for option in ("--model", "--max-tokens", "--bg", "--replace", "--debug"):
        assert option in shown
    assert "Write me a 1 verse song about {animal} on the moon" in shown
    assert "\x1b" not in shown
    assert "[0m" not in shown
    nb.shot("magics-help")

    def offered(text, *wanted, least=1):
        editor = nb.page.locator(".jp-CodeCell .cm-content").nth(2)
        editor.click()
        nb.page.keyboard.press("Control+a")
        nb.page.keyboard.press("Delete")
        nb.page.keyboard.type(text)
        nb.page.wait_for_timeout(200)
        nb.drawn()
        nb.page.keyboard.press("Tab")
        # The list is drawn bit by bit.
        drawn = """([wanted, least]) => {
            const shown = [...document.querySelectorAll('.jp-Completer-match')];
            const texts = shown.map(one => one.textContent);
            return texts.length >= least && wanted.every(one => texts.includes(one));
        }"""
        nb.page.wait_for_function(drawn, arg=[list(wanted), least])
        items = nb.page.locator(".jp-Completer-match").all_text_contents()
        nb.shot("magics-completion")
        nb.page.keyboard.press("Escape")
        return items

    options = offered("%%chat --", "--model", "--max-tokens", least=18)
    assert all(option.startswith("--") for option in options), options
    offered("%%chat --model ", "local", "claude-sonnet-5-5")
    verbs = offered("%chat ", "history", "undo", "branch")
    assert "" not in verbs
