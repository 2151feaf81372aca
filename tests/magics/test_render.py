"""``--to``: other forms of an answer, from which nothing hostile gets out."""

import contextlib
import re
import time
from html.parser import HTMLParser

import pytest
from IPython.utils.capture import capture_output

from nbstream import ParseError, ScriptedChat
from nbstream.magics._render import code_blocks, find_json, frame_of, safe_markdown, safe_math


@pytest.fixture
def shown(ip):
    """Run a prompt with ``--to``, where this is answered; return what was displayed."""

    def shown(kind, text):
        ip.user_ns["bot"] = ScriptedChat([text])
        with capture_output() as captured:
            result = ip.run_cell(f"%%chat -m bot --to {kind}\nHi")
        assert result.success
        return [output.data for output in captured.outputs]

    return shown


def test_markdown(shown):
    (data,) = shown("markdown", "**Hi** <img src=x onerror=alert(1)>")
    assert data["text/markdown"].startswith("**Hi** <\u200bimg")
    assert data["text/plain"] == "**Hi** <img src=x onerror=alert(1)>"


def test_text(shown):
    assert shown("text", "<b>") == [{"text/plain": "<b>"}]


def test_math(shown):
    (data,) = shown("math", "x^2")
    assert data["text/latex"] == "$$x^2$$"


def test_json(shown):
    (data,) = shown("json", 'Here: ```json\n{"a": [1, 2]}\n```')
    assert data["application/json"] == {"a": [1, 2]}
    assert data["text/plain"] == '{\n  "a": [\n    1,\n    2\n  ]\n}'


def test_json_of_a_schema(ip, run):
    from nbstream import AIMessageChunk

    piece = {"name": "Fish", "args": '{"name": "Goldie"}', "id": "1", "index": 0}
    ip.user_ns["bot"] = ScriptedChat([AIMessageChunk(tool_call_chunks=[piece])])
    run("from pydantic import BaseModel\nclass Fish(BaseModel):\n    name: str")
    with capture_output() as captured:
        ip.run_cell("%%chat -m bot -S Fish --to json\nHi")
    assert captured.outputs[0].data["application/json"] == {"name": "Goldie"}


def test_html_is_shown_in_a_frame_where_no_script_runs(shown):
    (data,) = shown("html", "```html\n<h1>Hi</h1><script>alert(1)</script>\n```")
    assert data["text/plain"].startswith("```html")
    frames = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            frames.append((tag, dict(attrs)))

    Reader().feed(data["text/html"])
    ((tag, attributes),) = frames  # the answer's own tags are only in srcdoc
    assert tag == "iframe"
    assert attributes["sandbox"] == ""  # no permission at all
    assert "<script>alert(1)</script>" in attributes["srcdoc"]
    assert "default-src 'none'" in attributes["srcdoc"]


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "'></iframe><b>", "&quot;>"])
def test_nothing_gets_out_of_the_frame(text):
    names = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            names.append(tag)

    Reader().feed(frame_of(text))
    assert names == ["iframe"]


def test_code_is_offered_as_a_new_cell(ip, run):
    ip.user_ns["bot"] = ScriptedChat(["Do:\n```python\nx = 1\n```\nthen\n~~~\ny = 2\n~~~\n"])
    run("%%chat -m bot --to code\nHi")
    assert ip.rl_next_input == "x = 1\n\ny = 2"


def test_no_code_and_no_json_are_said_and_the_answer_is_kept(ip, fails, talk):
    ip.user_ns["bot"] = ScriptedChat(["Only words."])
    assert "no code block in the answer" in fails("%%chat -m bot --to code\nHi")
    assert "no JSON in the answer, which begins 'Only words.'" in fails(
        "%%chat -m bot --to json --as kept\nHi"
    )
    assert ip.user_ns["kept"].text == "Only words."
    assert len(talk().turns) == 2


@pytest.mark.parametrize("kind", ["markdown", "html", "math", "text"])
def test_every_form_on_the_embedded_model(run, kind):
    run(f"%%chat -m local -n 6 --to {kind}\nHi")


def test_code_blocks():
    assert code_blocks("none") == []
    assert code_blocks("```\na\n```") == ["a"]
    assert code_blocks("````md\n```\nin\n```\n````") == ["```\nin\n```"]
    assert code_blocks("```py\ncut off") == ["cut off"]


def test_find_json():
    assert find_json("[1]") == [1]
    assert find_json("x { no } {'a': 1} {\"a\": 1} rest") == {"a": 1}
    assert find_json("```\n3\n```") == 3


HOSTILE = [
    "<script>alert(1)</script>",
    "</div><script>alert(1)</script>",
    "<!-- --><svg onload=alert(1)>",
    "```\ncode\n```\n<script>alert(1)</script>",
    "``` `\n<script>alert(1)</script>\n```",
    "   ```\n```\n<script>alert(1)</script>\n```\n```",
    "- ```\n```\n<script>alert(1)</script>\n```",
    "````\n```\n````\n<script>alert(1)</script>\n```",
    "# a `b\n<script>alert(1)</script>`",
    "\\\\`a` <script>alert(1)</script> `b",
    "$$\n```\n$$<script>alert(1)</script>\n```",
]
LINKS = [
    "[x](javascript:alert(1))",
    "[x]( JavaScript:alert(1))",
    "[x](java\\script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "[x][y]\n\n[y]:\n  javascript:alert(1)",
    "[x](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
]


def pages(text):
    """Draw Markdown as nbconvert does, which cleans nothing."""
    from nbconvert.filters.markdown import markdown2html

    return markdown2html(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_tag_gets_through_markdown(text):
    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert tag not in ("script", "svg", "img")

    Reader().feed(pages(safe_markdown(text)))


@pytest.mark.parametrize("text", LINKS)
def test_no_link_runs_a_script(text):
    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            target = dict(attrs).get("href") or ""
            assert not re.match(r"\s*(javascript|vbscript|data)\s*:", target, re.I), target

    Reader().feed(pages(safe_markdown(text)))


@pytest.mark.parametrize(
    "text",
    ["]:" * 50_000, "](" * 50_000, "```\n" * 50_000, "`" * 100_000, "[" * 100_000, "<a" * 50_000],
)
def test_hostile_texts_take_no_time(text):
    begin = time.process_time()
    safe_markdown(text)
    safe_math(text)
    code_blocks(text)
    with contextlib.suppress(ParseError):
        find_json(text)
    # A second, or hours if the work grows with the square: whatever else the machine does.
    assert time.process_time() - begin < 30


def test_good_markdown_stays_as_it_is():
    text = (
        "# Hi & bye\n\n[web](https://example.org) [mail](mailto:a@b.c) 1 < 2 > 0\n\n"
        "```html\n<b>code</b>\n```\n\n[there][x]\n\n[x]: #anchor\n"
    )
    assert safe_markdown(text) == text


def test_math_is_mathematics():
    assert safe_math("$a$ and $b$") == "$a$ and $b$"
    assert safe_math("```latex\nx<y\n```") == "$$x< y$$"
    hostile = safe_math("\\href{javascript:alert(1)}{x} \\require{html} \\hrefx <script>")
    assert "\\href{" not in hostile
    assert "\\require" not in hostile
    assert "<script" not in hostile
