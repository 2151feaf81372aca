"""What a hostile model says stays text in the transcript: in every place, whatever it is."""

import contextlib
import json
import re
from html.parser import HTMLParser

import pytest

from nbstream import ChatView, ScriptedChat, StreamView, stream_to
from nbstream.widget._static import chat_to_html, to_html

from .hostile import HOSTILE, LONE, config, everywhere, failure, said, speaker

ELEMENTS = {"div", "span", "b", "bdi", "br", "details", "summary", "table", "tbody", "tr", "td"}
NO_MATHS = "mathjax_ignore tex2jax_ignore"
VOID = {"br", "img", "link", "meta"}
# What a conversation has beside these: sources, which lead to the web, and images it holds.
READING = ELEMENTS | {"ol", "li", "q", "sup"}
LINK = {"target": "_blank", "rel": "noopener noreferrer"}
# Names, lengths, colours and JupyterLab's variables: nothing that could load or leave a style.
STYLE = re.compile(r"(?:[a-z-]+:[a-z0-9#%. -]+(?:\((?:[a-z0-9#, -]|\([a-z0-9#, -]+\))+\))?;?)+")


class Parser(HTMLParser):
    """Reads a page as a browser would, and takes down what is in it."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts, self.others = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def handle_decl(self, declaration):
        self.others.append(declaration)

    def handle_comment(self, comment):
        self.others.append(comment)

    def handle_pi(self, instruction):
        self.others.append(instruction)

    unknown_decl = handle_comment


def parse(html):
    parser = Parser()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def assert_readable(html):
    """Look at a conversation: links lead to the web, and images are there."""
    parser = parse(html)
    for tag, attributes in parser.elements:
        if tag == "a":
            assert attributes == {**LINK, "href": attributes["href"]}
            assert re.match(r"https?://", attributes["href"])
        elif tag == "img":
            assert set(attributes) == {"alt", "style", "src"}
            assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/=]+", attributes["src"])
    rest = re.sub(r"</?a\b[^>]*>|<img\b[^>]*>", "", html)
    assert_harmless(rest, READING)
    return parser


def assert_harmless(html, allowed=ELEMENTS):
    parser = parse(html)
    for tag, attributes in parser.elements:
        assert tag in allowed
        assert set(attributes) <= {"style", "class"}
        assert attributes.get("class", NO_MATHS) == NO_MATHS
        assert STYLE.fullmatch(attributes.get("style", "x:x")), attributes
    return parser


def assert_page(page):
    """Look at a page that plays: what was said is in the transcript and the data, as text."""
    head, transcript, foot = re.fullmatch(
        r'(.*)<div id="nbstream-transcript">(.*)</div>\n(<footer>.*)</body>\n</html>\n',
        page,
        re.DOTALL,
    ).groups()
    assert_harmless(transcript, READING)
    opened = parse(head.replace("<body>", "</html>"))
    assert opened.others == ["doctype html"]
    tags = ["html", "head", *["meta"] * 5, "link", "title", "style"]
    assert [tag for tag, _ in opened.elements] == tags
    assert [tag for tag, _ in parse(foot).elements] == ["footer", *["script"] * 4]
    json.loads(re.search(r'id="nbstream-state">([^<]*)<', foot)[1])


def run(view, runnable, input):
    with stream_to(view), contextlib.suppress(ValueError):
        for _ in runnable.stream(input, config(input)):
            pass
    return view


@pytest.fixture(params=HOSTILE, scope="module")
def text(request):
    return HOSTILE[request.param]


def test_a_models_words_stay_words(text):
    view = run(StreamView(delimiter=text), speaker(text), text)
    assert view.text == said(text)
    shown = assert_harmless(to_html(view._job.state, view.delimiter)).texts
    # As it stands: a thought, both halves of the text, a call, the text again; between them marks.
    thought, *halves, name, args, again = (
        shown[i] for i in places_of_words(shown, text, view.trace)
    )
    assert thought == text
    assert "".join(halves) == again == text
    assert name == f"Calls {text}"
    assert args == '{"a": "' + text + '"}'


def places_of_words(shown, text, trace):
    """Where in a transcript the words of a speaker are; its marks are of the same words."""
    first = shown.index("Thinking") + 1
    call = shown.index(f"Calls {text}", first)
    texts = range(first + 1, call)
    halves = [texts[0], *texts[2:]] if len(texts) > 1 else [*texts]
    return [first, *halves, call, call + 1, call + 3]


def test_without_delimiters_the_transcript_says_just_the_text(text):
    view = run(StreamView(delimiter=""), everywhere(text)[0], text)
    words = "".join(assert_harmless(to_html(view._job.state, "")).texts)
    assert said(text) in words
    assert words.count(text) >= 4  # the text twice, the model in the header, the steps


def test_errors_stay_words(text):
    view = run(StreamView(), speaker(text, failure(text)), text)
    assert view.status == "failed"
    shown = assert_harmless(to_html(view._job.state, "")).texts
    assert text.replace("\0", "") in shown
    assert text in shown


def test_exports_too(text, tmp_path):
    view = run(StreamView(delimiter=text), everywhere(text)[0], text)
    # A browser reads the file as it was written, `\r` and all that looks like a line's end too.
    page = view.export(tmp_path / "x.html").read_bytes().decode()
    assert_page(page)
    assert StreamView.load(tmp_path / "x.html").text == said(text)
    for name in ("x.md", "x.txt"):
        # The model in the chain has thought and called, so it is a conversation.
        assert text in view.export(tmp_path / name).read_bytes().decode()
    assert StreamView.from_jsonl(view.export(tmp_path / "x.jsonl")).text == said(text)


def test_a_conversation_too(text, tmp_path):
    view = run(StreamView(), speaker(text), text)
    chat = ChatView(ScriptedChat([text, text]))
    chat.ask(f"{text}.").result()
    assert_page(chat.export(tmp_path / "x.html").read_bytes().decode())
    shown = assert_harmless(chat_to_html([(text, view._job.state)] * 2, text)).texts
    assert shown[0] == text
    assert shown.count("Thinking") == 2


def test_the_whole_corpus_at_once():
    text = " ".join(HOSTILE.values())
    view = StreamView(delimiter=text)
    for one in HOSTILE.values():
        run(view, everywhere(one)[0], one)
    assert_harmless(to_html(view._job.state, text))
    assert len(view.trace.runs) == 7 * len(HOSTILE)
    run(whole := StreamView(), speaker(text), text)
    assert "".join(assert_harmless(to_html(whole._job.state, "")).texts).count(text) >= 4


def test_half_a_character_stops_nothing(tmp_path):
    view = run(StreamView(delimiter=LONE), everywhere(LONE)[0], LONE)
    assert view.status == "done"
    for form in view._repr_mimebundle_()[0].values():
        json.dumps(form, ensure_ascii=False).encode()
    for name in ("x.html", "x.md", "x.txt", "x.jsonl"):
        assert view.export(tmp_path / name).read_bytes().decode()


def test_half_a_character_reaches_the_page():
    from jupyter_client.session import Session

    from nbstream.events._frames import frame

    view = run(StreamView(), everywhere(LONE)[0], LONE)
    Session().pack(frame(view.trace))
