"""A page that plays: what is in it, and how it is read back."""

import base64
import hashlib
import json
import re
import zlib

import pytest

from nbstream import (
    ChatView,
    CompareView,
    InputError,
    ScriptedChat,
    StreamView,
    Trace,
    compare,
    show,
    stream_to,
)
from nbstream._archive import data_block, pack, read_page
from nbstream.widget import _script
from nbstream.widget._share import _wrapped

TEXT = "Fish </script><!-- $x$ swim."


@pytest.fixture
def page(tmp_path):
    view = show(ScriptedChat([TEXT, " Yes."]), "Do they?", delimiter="/", block=True)
    return view.export(tmp_path / "run.html")


def block(page, name):
    return json.loads(re.search(f'id="nbstream-{name}">([^<]*)</script>', page)[1])


def hash_of(script):
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def unpacked(packed):
    return zlib.decompress(base64.b64decode(packed), wbits=31).decode()


def test_only_its_own_scripts_may_run_and_nothing_may_be_loaded(page):
    text = page.read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    (player,) = re.findall(r"<script>(.*)</script>", text, re.DOTALL)
    scripts = [player, *map(unpacked, block(text, "modules").values())]
    assert rules == {
        "default-src": "'none'",
        "script-src": " ".join(map(hash_of, scripts)),
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    # Before anything that it could rule.
    assert text.index("Content-Security-Policy") < min(
        map(text.index, ("<title", "<style", "<div"))
    )


def test_it_has_the_state_the_frames_and_the_transcript(page):
    text = page.read_text(encoding="utf-8")
    state = block(text, "state")
    assert (state["delimiter"], state["_shared"], state["_kind"]) == ("/", True, "run")
    assert [item["kind"] for item in state["_log"]["items"]] == ["start", "chunks", "end"]
    assert "Fish &lt;/script&gt;" in text
    assert "still going on" not in text


@pytest.mark.promise("docs/share.md", "at most 450 kB beside the log")
def test_it_is_small_and_leaves_out_what_nobody_needs(tmp_path, page):
    assert page.stat().st_size <= 450_000
    assert {*block(page.read_text(), "modules"), "again", *_script.KINDS} == {*_script.MODULES}
    plain = show(ScriptedChat(["No formula."]), "It costs $5.", block=True)
    plain.export(tmp_path / "plain.html")
    modules = block((tmp_path / "plain.html").read_text(), "modules")
    assert {*modules, "again", *_script.KINDS, "math"} == {*_script.MODULES}
    # A formula may come in parts.
    for parts in (["\\", "(x\\)"], ["$", "x", "$"], ["\\[x\\]"]):
        show(ScriptedChat(parts), "x", block=True).export(tmp_path / "maths.html")
        assert "math" in block((tmp_path / "maths.html").read_text(), "modules")


@pytest.mark.parametrize("name", _script.MODULES)
def test_a_module_becomes_a_script_that_leaves_its_exports(name):
    script = _wrapped(_script.text_of(_script.MODULES[name]), name)
    assert not re.search(r"export\s*\{[^}]*\};?\s*(/\*|\}\)|\Z)", script)
    kept = re.search(rf'"nbstream.exports"\)\]\?\?={{}}\)\["{name}"\]={{(.+)}};}}\)\(\);\Z', script)
    assert re.fullmatch(r"[\w$]+:[\w$]+(,[\w$]+:[\w$]+)*", kept[1])


def test_a_run_that_goes_on_says_so(tmp_path):
    view = StreamView()
    with stream_to(view):
        for _ in ScriptedChat(["Hi", "."]).stream("x"):
            assert "still going on" in view.export(tmp_path / "run.html").read_text()
    assert "still going on" not in view.export(tmp_path / "run.html").read_text()


def test_a_conversation_is_loaded_with_its_branches_and_logs(tmp_path):
    chat = ChatView(ScriptedChat(["One", "."]), system="You are a fish.")
    chat.ask("First").result()
    chat.retry().result()
    page = chat.export(tmp_path / "chat.html")
    again = ChatView.load(page, ScriptedChat(["More."]))
    assert again.messages == chat.messages
    assert [len(turn.path) for turn in again.conversation.all_turns] == [1, 1]
    assert [t.to_jsonl() for t in again.traces] == [t.to_jsonl() for t in chat.traces]
    assert again.ask("And?").result().text == "More."
    assert ChatView.load(chat.conversation.save(tmp_path / "chat.json"), "local").turns
    with pytest.raises(InputError, match=r"ChatView\.load"):
        StreamView.load(page)
    run = show(ScriptedChat(["x"]), "x", block=True).export(tmp_path / "run.html")
    with pytest.raises(InputError, match=r"StreamView\.load"):
        ChatView.load(run)
    for damaged in ("{}", '{"conversation": 1, "logs": {}}', "{"):
        page.write_text(
            data_block("state", '{"_kind": "chat"}') + data_block("archive", f'"{pack(damaged)}"')
        )
        with pytest.raises(InputError, match=r"damaged.*export\(\) has written"):
            ChatView.load(page)


def test_runs_side_by_side_are_loaded_as_they_were(tmp_path):
    view = compare({"a": ScriptedChat(["One"]), "b": ScriptedChat(["Two"])}, "Hi", block=True)
    page = view.export(tmp_path / "both.html")
    again = CompareView.load(page, view="timeline")
    assert again.texts == {"a": "One", "b": "Two"}
    logs = [{name: log.to_jsonl() for name, log in one.traces.items()} for one in (again, view)]
    assert logs[0] == logs[1]
    with pytest.raises(InputError, match=r"CompareView\.load"):
        StreamView.load(page)
    for damaged in ("{}", '{"columns": ["a"], "logs": {}}', '{"columns": ["a"], "logs": {"0": 1}}'):
        page.write_text(
            data_block("state", '{"_kind": "compare"}')
            + data_block("archive", json.dumps(pack(damaged)))
        )
        with pytest.raises(InputError, match=r"damaged.*export\(\) has written"):
            CompareView.load(page)


@pytest.mark.promise("docs/share.md", "`StreamView.load` reads the log back")
def test_what_is_loaded_is_what_was_saved(tmp_path, page):
    again = StreamView.load(page, view="timeline")
    assert (again.text, again.status, again.view) == (f"{TEXT} Yes.", "done", "timeline")
    log = again.export(tmp_path / "run.jsonl")
    assert StreamView.load(str(log)).trace.to_jsonl() == log.read_text()
    assert read_page(page, "run") == log.read_text()
    assert StreamView.load(again.export(tmp_path / "more.html")).text == again.text


def changed(page, old, new):
    page.write_text(page.read_text().replace(old, new))


DAMAGES = {
    "a page of others": lambda page: page.write_text("<!doctype html><p>Hello</p>"),
    "half of it": lambda page: page.write_text(page.read_text().partition('archive">"H4s')[0]),
    "no text": lambda page: page.write_bytes(b"\xff\xfe<"),
    "nothing": lambda page: page.write_text(""),
    "Base64 that is none": lambda page: changed(page, '"H4s', '"H4!'),
    "gzip that is none": lambda page: changed(page, '"H4s', '"AAs'),
    "gzip cut short": lambda page: changed(page, '"H4s', f'"{pack("{}" * 99)[:16]}" ,"'),
    "JSON that is none": lambda page: changed(
        page, 'id="nbstream-state">{', 'id="nbstream-state">'
    ),
    "state that is a list": lambda page: page.write_text(
        data_block("state", "[1]") + data_block("archive", json.dumps(pack("{}")))
    ),
    "a number for an archive": lambda page: page.write_text(
        data_block("state", '{"_kind": "run"}') + data_block("archive", "7")
    ),
    "a path for a log": lambda page: page.write_text(
        data_block("state", '{"_kind": "run"}') + data_block("archive", json.dumps(pack("/etc/x")))
    ),
    "a log that is none": lambda page: page.write_text(
        data_block("state", '{"_kind": "run"}') + data_block("archive", json.dumps(pack("{}\n")))
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_one_clear_error(page, damage):
    DAMAGES[damage](page)
    with pytest.raises(InputError) as caught:
        StreamView.load(page)
    assert re.search(r"export\(\) has written|to_jsonl has written", str(caught.value))


def test_few_bytes_that_would_be_many_are_refused(page, monkeypatch):
    monkeypatch.setattr("nbstream._archive.MAX_ARCHIVE", 100)
    with pytest.raises(InputError, match="is damaged"):
        StreamView.load(page)


def test_a_missing_file_is_named(tmp_path):
    for name in ("no.html", "no.jsonl"):
        with pytest.raises(InputError, match=f"{name}"):
            StreamView.load(tmp_path / name)


def test_a_key_is_not_packed_either(tmp_path, monkeypatch):
    key = "a-key-that-nobody-may-see-17"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    view = show(ScriptedChat([f"It is {key}."]), f"My key: {key}", block=True)
    chat = ChatView(ScriptedChat([f"It is {key}."]), system=key)
    chat.ask(f"My key: {key}").result()
    for one, kind in ((view, "run"), (chat, "chat")):
        path = one.export(tmp_path / "x.html")
        assert key not in path.read_text() + read_page(path, kind)


def test_the_page_asks_for_it(wire):
    view = show(ScriptedChat(["Hi"]), "x", block=True)
    view.open()
    sent = wire(view)
    view._handle_custom_msg({"type": "export", "form": "html"}, [])
    view._handle_custom_msg({"type": "export", "form": "jsonl"}, [])
    assert sent[0]["text"].startswith("<!doctype html>")
    assert Trace.from_jsonl(sent[1]["text"]).runs[0].name == "ScriptedChat"
