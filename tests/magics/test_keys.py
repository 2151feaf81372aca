"""A key is found, and never seen."""

import getpass
import sys

import pytest

from nbstream import ScriptedChat
from nbstream.magics._keys import Keys

KEY = "sk-ant-api03-Abcdefghijklmnop1234567890"
PLACE = ("nbstream", "ANTHROPIC_API_KEY")


@pytest.fixture
def typed(monkeypatch):
    """Somebody types this at the prompt."""

    def type_(text):
        monkeypatch.setattr(getpass, "getpass", lambda prompt: text)

    type_(KEY)
    return type_


@pytest.mark.promise("README.md", "%chat key keeps one in the system's keyring")
def test_key_is_asked_for_and_stored(run, magics, alone, typed):
    said = run("%chat key")
    assert "keyring" in said
    assert KEY not in said
    assert alone.kept == {PLACE: KEY}
    assert Keys().given() == KEY  # the next session finds it
    assert KEY not in repr(magics.session.keys)


@pytest.mark.promise("README.md", "Where none is named, it is Claude if a key is set")
def test_a_stored_key_reaches_the_model_and_makes_claude_the_default(ip, magics, alone):
    from nbstream.magics._models import make_model

    assert type(make_model(None, {}, Keys())).__name__ == "ChatLocal"
    alone.kept[PLACE] = KEY
    for name in (None, "claude-x", "anthropic:claude-x"):
        model = make_model(name, {}, Keys())
        assert type(model).__name__ == "ChatAnthropic"
        assert model._api_key() == KEY
    assert type(make_model("local", {}, Keys())).__name__ == "ChatLocal"


@pytest.mark.promise("README.md", "The key is read from ANTHROPIC_API_KEY")
def test_the_environment_comes_first(monkeypatch, alone):
    alone.kept[PLACE] = KEY
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-other-1234567890")
    keys = Keys()
    assert keys.given() is None
    assert keys.where() == "ANTHROPIC_API_KEY"


def test_forget_removes_it(run, magics, alone, typed):
    run("%chat key")
    assert "forgotten" in run("%chat key forget")
    assert alone.kept == {}
    assert magics.session.keys.given() is None
    assert "the keyring has none" in run("%chat key forget")


@pytest.mark.parametrize("line", [KEY, f"'{KEY}'", "hunter2", "set something"])
def test_a_key_on_the_line_is_refused_and_not_repeated(fails, alone, line):
    said = fails(f"%chat key {line}")
    assert "IPython's history" in said
    assert line not in said
    assert alone.kept == {}


@pytest.mark.parametrize("text", ["", "  ", "two words", "schlüssel"])
def test_what_is_no_key_is_refused(fails, alone, typed, text):
    typed(text)
    assert "That is no key" in fails("%chat key")
    assert alone.kept == {}


def test_nobody_to_ask(fails, monkeypatch):
    from IPython.core.error import StdinNotImplementedError

    def nobody(prompt):
        raise StdinNotImplementedError("no")

    monkeypatch.setattr(getpass, "getpass", nobody)
    assert "Nobody can enter a key here" in fails("%chat key")


def test_without_keyring_the_key_is_kept_for_the_session(run, magics, alone, typed, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert '%pip install "nbstream[keyring]"' in run("%chat key")
    assert magics.session.keys.given() == KEY
    assert alone.kept == {}
    assert Keys().given() is None


def test_a_keyring_that_fails_is_no_failure(run, magics, alone, typed, monkeypatch):
    def broken(*_):
        raise RuntimeError(KEY)

    monkeypatch.setattr(alone, "set_password", broken)
    monkeypatch.setattr(alone, "get_password", broken)
    said = run("%chat key")
    assert "did not take the key (RuntimeError)" in said
    assert KEY not in said
    assert magics.session.keys.given() == KEY
    assert Keys().given() is None


@pytest.mark.promise("README.md", "%chat key .env reads a file")
def test_dotenv(run, fails, magics, tmp_path, monkeypatch, alone):
    import os

    monkeypatch.chdir(tmp_path)
    assert "cannot be read" in fails("%chat key .env")
    (tmp_path / ".env").write_text("OTHER=1\n")
    assert "has no line ANTHROPIC_API_KEY" in fails("%chat key .env")
    (tmp_path / ".env").write_text(f'OTHER=1\nexport ANTHROPIC_API_KEY="{KEY}"  # mine\n')
    said = run("%chat key .env")
    assert KEY not in said
    assert magics.session.keys.given() == KEY
    assert "ANTHROPIC_API_KEY" not in os.environ  # %env would show it
    assert alone.kept == {}


def test_without_dotenv_it_says_what_to_install(fails, tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={KEY}")
    monkeypatch.setitem(sys.modules, "dotenv", None)
    assert '%pip install "nbstream[keyring]"' in fails(f"%chat key {tmp_path}/.env")


def test_no_key_in_a_saved_conversation_or_an_export(ip, run, tmp_path, typed, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "plain-environment-key")
    run("%chat key")
    ip.user_ns["bot"] = ScriptedChat([f"It is {KEY}, or plain-environment-key."])
    run("%%chat -m bot\nWhat is sk-ant-api03-yours-abcdefgh?")
    for command in ("save talk.json", "export run.jsonl", "export run.html", "export run.md"):
        verb, name = command.split()
        run(f"%chat {verb} {tmp_path / name}")
        text = (tmp_path / name).read_text()
        assert "It is …, or …." in text
        assert KEY not in text
        assert "yours" not in text


def test_no_key_in_an_error(ip, fails, typed, run, capsys):
    run("%chat key")
    ip.user_ns["bot"] = ScriptedChat([ValueError(f"bad key {KEY}")])
    result = ip.run_cell("%%chat -m bot\nHi")
    assert KEY not in capsys.readouterr().out
    assert KEY not in str(result.error_in_exec)
    assert result.error_in_exec.__cause__ is None


def test_no_key_in_what_error_sends(ip, run, magics, recorder, typed):
    run("%chat key")
    ip.run_cell(f"raise ValueError('{KEY}')", store_history=True)
    magics.model = "bot"
    run("%chat error")
    assert KEY not in recorder.asked[0][0][1]


def test_no_key_in_the_shells_history(ip, run, magics, typed):
    before = len(ip.user_ns["In"])
    run("%chat key")
    assert not any(KEY in value for value in ip.user_ns["In"][before:])
