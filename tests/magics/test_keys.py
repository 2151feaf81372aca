"""A key is found, and never seen."""

import getpass
import sys

import pytest

from nbstream import ScriptedChat
from nbstream.magics._models import make_model
from nbstream.models._keys import KEYS, Keys

KEY = "sk-ant-api03-Abcdefghijklmnop1234567890"
PLACE = ("nbstream", "ANTHROPIC_API_KEY")


def key_in(keys, name="ANTHROPIC_API_KEY"):
    found = keys.find(name)
    return found.key.reveal() if found else None


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
    assert key_in(Keys()) == KEY  # the next session finds it
    assert KEY not in repr(KEYS)


@pytest.mark.promise("README.md", "Where none is named, it is Claude if a key is set")
def test_a_stored_key_reaches_the_model_and_makes_claude_the_default(ip, magics, alone):
    assert type(make_model(None, {})).__name__ == "ChatLocal"
    alone.kept[PLACE] = KEY
    KEYS._asked.clear()  # the next session
    for name in (None, "claude-x", "anthropic:claude-x"):
        model = make_model(name, {})
        assert type(model).__name__ == "ChatAnthropic"
        assert model._api_key() == KEY
    assert type(make_model("local", {})).__name__ == "ChatLocal"


@pytest.mark.promise("README.md", "The key is read from ANTHROPIC_API_KEY")
def test_the_environment_comes_first(monkeypatch, alone):
    alone.kept[PLACE] = KEY
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-other-1234567890")
    assert KEYS.find("ANTHROPIC_API_KEY").where == "ANTHROPIC_API_KEY"


def test_forget_removes_it(run, magics, alone, typed):
    run("%chat key")
    assert "forgotten" in run("%chat key forget")
    assert alone.kept == {}
    assert key_in(KEYS) is None
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
    assert key_in(KEYS) == KEY
    assert alone.kept == {}
    assert key_in(Keys()) is None


def test_a_keyring_that_fails_is_no_failure(run, magics, alone, typed, monkeypatch):
    def broken(*_):
        raise RuntimeError(KEY)

    monkeypatch.setattr(alone, "set_password", broken)
    monkeypatch.setattr(alone, "get_password", broken)
    said = run("%chat key")
    assert "did not take the key (RuntimeError)" in said
    assert KEY not in said
    assert key_in(KEYS) == KEY
    assert key_in(Keys()) is None


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
    assert key_in(KEYS) == KEY
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


@pytest.mark.promise("docs/models.md", "%chat key PROVIDER asks for any of them")
def test_a_key_of_another_provider(run, fails, magics, alone, typed):
    typed("gsk_0123456789abcdef")
    said = run("%chat key groq")
    assert "%chat key groq forget removes it" in said
    assert alone.kept == {("nbstream", "GROQ_API_KEY"): "gsk_0123456789abcdef"}
    assert make_model("groq:x", {})._api_key() == "gsk_0123456789abcdef"
    assert key_in(KEYS) is None  # nobody else's
    assert "forgotten" in run("%chat key groq forget")
    assert alone.kept == {}
    magics.model = "mistral:x"  # then it is this one's that is meant
    run("%chat key")
    assert [*alone.kept] == [("nbstream", "MISTRAL_API_KEY")]
    assert "ollama needs no key" in fails("%chat key ollama")


@pytest.mark.promise("docs/models.md", "reads all that are in it")
def test_a_file_may_have_the_keys_of_several(run, tmp_path):
    path = tmp_path / "my.env"
    path.write_text("OPENAI_API_KEY=sk-one-0123456789\nGROQ_API_KEY=two-0123456789\nXAI_API_KEY=\n")
    assert "OPENAI_API_KEY, GROQ_API_KEY." in run(f"%chat key {path}")
    assert (key_in(KEYS, "GROQ_API_KEY"), key_in(KEYS, "XAI_API_KEY")) == ("two-0123456789", None)


@pytest.mark.parametrize("provider", ["openai", "deepseek", "anthropic"])
def test_a_missing_key_names_the_verb(fails, monkeypatch, tmp_path, provider):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert f"enter it with %chat key {provider}" in fails(f"%%chat -m {provider}:x\nHi")
