"""The line magic: settings, and what is shown."""

import pytest

import nbstream
from nbstream import ScriptedChat, Trace
from nbstream.models._providers import PROVIDERS, what_it_has


@pytest.mark.promise("README.md", "%chat shows the state")
def test_alone_it_shows_where_things_stand(run, recorder):
    shown = run("%chat")
    for words in ("SmolLM2-135M-Instruct", "system   none", "0 turns", "main", "0 in, 0 out"):
        assert words in shown
    run("%chat model bot")
    run("%chat system Be brief.")
    run("%%chat\nHi")
    shown = run("%chat")
    assert "Recorder" in shown
    assert "Be brief." in shown
    assert "1 turn\n" in shown


def test_a_status_without_a_key_says_so(run, magics):
    magics.model = "claude-x"
    assert "no API key for claude-x" in run("%chat")


@pytest.mark.promise(
    "docs/models.md", "%chat models lists them, with what is still missing on this machine"
)
def test_models_lists_what_there_is_and_what_each_needs(run, recorder, monkeypatch):
    shown = run("%chat models")
    assert "local" in shown
    assert "a key: ANTHROPIC_API_KEY, or %chat key" in shown
    assert "a key: GROQ_API_KEY" in shown
    assert "a server at http://localhost:11434" in shown
    assert "bot" in shown
    for one in PROVIDERS.values():
        [line] = [line for line in shown.splitlines() if line.startswith(one.name)]
        assert all(what in line for what in (one.title, one.dialect, *what_it_has(one)))
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "tok-xyz-123456789")
    assert "found in ANTHROPIC_AUTH_TOKEN" in run("%chat models")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-xyz-123456789")
    shown = run("%chat models")
    assert "found in ANTHROPIC_API_KEY" in shown
    assert "xyz" not in shown


def test_model_sets_the_model(run, fails, magics, recorder):
    assert "the default one" in run("%chat model")
    run("%chat model bot")
    run("%%chat\nHi")
    assert recorder.asked
    assert "Did you mean 'local'?" in fails("%chat model loca")
    assert magics.model == "bot"
    assert "the default one" in run("%chat model default")
    assert magics.model == ""


def test_system_sets_and_clears(run, magics, recorder):
    run("%chat system 'Be brief.'")
    run("%%chat -m bot\nHi")
    assert recorder.asked[0][0] == ("system", "Be brief.")
    assert "System: Be brief." in run("%chat system")
    run("%chat system off")
    assert magics.system == ""
    assert "no system prompt" in run("%chat system")


def test_what_follows_a_verb_can_be_an_expression(ip, run, fails, magics):
    ip.user_ns["rules"] = "'Be brief', says {she}."
    run("%chat system {rules}")
    assert magics.system == ip.user_ns["rules"]
    assert "no variable 'nope'" in fails("%chat system {nope}")
    assert magics.system == ip.user_ns["rules"]
    run("%chat system Answer as {{}}.")
    assert magics.system == "Answer as {}."


def test_last_wants_an_answer_first(fails):
    assert "no answer yet" in fails("%chat last")


@pytest.mark.promise("docs/errors.md", "%chat error asks the model to explain the last error")
def test_error_explains_the_last_failure(ip, run, fails, magics, recorder):
    assert "No cell has failed" in fails("%chat error")
    ip.run_cell("def risky():\n    return 1 / 0\nrisky()", store_history=True)
    magics.model = "bot"
    fails("%chat nonsense")  # ours explain themselves
    run("%chat error")
    ((_, text),) = recorder.asked[0]
    assert "def risky():" in text
    assert "ZeroDivisionError" in text
    assert magics.session.conversation.turns[0].answer.text == "answer 1"


def test_error_on_the_embedded_model(ip, run, magics):
    ip.run_cell("undefined_name", store_history=True)
    magics.model, magics.max_tokens = "local", 4
    run("%chat error")
    assert magics.session.last.view.status == "done"


def test_a_syntax_error_is_one_to_explain_too(ip, run, magics, recorder):
    ip.run_cell("def (", store_history=True)
    magics.model = "bot"
    run("%chat error")
    assert "SyntaxError" in recorder.asked[0][0][1]


@pytest.mark.parametrize("suffix", ["jsonl", "md", "txt", "html"])
def test_export(run, recorder, tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    run("%%chat -m bot\nHi")
    assert str(path) in run(f"%chat export {path}")
    assert "answer 1" in path.read_text()
    if suffix == "jsonl":
        assert Trace.from_jsonl(path).runs[0].run_type == "chat_model"


def test_export_says_what_is_wrong(run, fails, recorder, tmp_path):
    assert "no answer yet" in fails("%chat export run.html")
    run("%%chat -m bot\nHi")
    assert "Let the name end with" in fails(f"%chat export {tmp_path}/run.docx")
    assert "cannot be written" in fails(f"%chat export {tmp_path}/nowhere/run.html")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%chat histry", "Did you mean 'history' or 'host'?"),
        ("%chat Write a song", "A prompt goes into a %%chat cell"),
        ("%chat edit", "needs a turn's number, as in: %chat edit 2"),
        ("%chat edit two", "needs a turn's number, not 'two'"),
        ("%chat edit 1", "no turn 1; there are: none yet"),
        ("%chat save", "needs a file's name"),
        ("%chat load", "needs a file's name"),
        ("%chat export", "needs a file's name"),
        ("%chat reset all", "%chat reset takes nothing after it, but got 'all'"),
    ],
)
def test_bad_lines(fails, line, said):
    assert said in fails(line)


@pytest.mark.promise("README.md", "%chat help lists the rest")
def test_host_says_where_this_runs(run):
    said = run("%chat host")
    assert "a terminal or a plain program" in said
    assert f"nbstream {nbstream.__version__}" in said


def test_help_lists_every_verb(ip, run):
    from nbstream.magics._verbs import VERBS

    shown = run("%chat help")
    assert all(f"%chat {verb}".rstrip() in shown for verb in VERBS)
    assert all(f"\n{title}\n" in shown for title in ("The conversation", "The model", "Files"))
    assert shown.partition("\n\n%%chat?")[0] in ip.find_line_magic("chat").__doc__


def test_help_on_one_verb(run, fails):
    from nbstream.magics._verbs import VERBS

    for verb in filter(None, VERBS):
        said = run(f"%chat help {verb}")
        assert said.startswith(f"%chat {verb}")
        assert "For example: " in said
    assert "Did you mean 'branch'?" in fails("%chat help brunch")


@pytest.mark.promise("README.md", "NBSTREAM_MODEL and its like")
def test_settings_come_from_the_environment(ip, magics, monkeypatch):
    values = {
        "MODEL": "local",
        "SYSTEM": "Be brief.",
        "MAX_TOKENS": "7",
        "TEMPERATURE": "0.5",
        "VIEW": "timeline",
        "DELIMITER": "",
        "HISTORY": "off",
        "PRICE": "3,15",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"NBSTREAM_{name}", value)
    assert (magics.model, magics.system) == ("local", "Be brief.")
    assert (magics.max_tokens, magics.temperature) == (7, 0.5)
    assert (magics.view, magics.delimiter, magics.history) == ("timeline", "", False)
    assert magics.price == {"input": 3, "output": 15}


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_TOKENS", "few"), ("TEMPERATURE", "hot"), ("VIEW", "all"), ("PRICE", "3")],
)
def test_a_wrong_environment_is_said_in_one_line(fails, monkeypatch, name, value):
    monkeypatch.setenv(f"NBSTREAM_{name}", value)
    said = fails("%%chat -m local -n 4\nHi" if name != "MAX_TOKENS" else "%%chat -m local\nHi")
    assert f"NBSTREAM_{name}" in said
    assert repr(value) in said


@pytest.mark.promise("README.md", "%config ChatMagics")
def test_settings_come_from_config(ip, run, magics):
    run("%config ChatMagics.model = 'local'")
    run("%config ChatMagics.max_tokens = 5")
    run("%%chat\nHi")
    usage = magics.session.last.message.usage_metadata
    assert usage["output_tokens"] <= 5
    assert "ChatMagics" in run("%config")


def test_a_profile_sets_them_too(ip):
    from traitlets.config import Config

    from nbstream.magics import ChatMagics

    ip.run_line_magic("unload_ext", "nbstream")
    ip.config.merge(Config({"ChatMagics": {"model": "claude-x"}}))
    try:
        ip.run_line_magic("load_ext", "nbstream")
        assert ip.magics_manager.registry["ChatMagics"].model == "claude-x"
        assert ChatMagics.class_traits(config=True).keys() >= {"model", "price"}
    finally:
        del ip.config["ChatMagics"]


def test_settings_of_a_profile_do_not_hinder_a_variables_model(run, magics, recorder):
    magics.temperature, magics.max_tokens = 0.5, 10
    run("%%chat -m bot\nHi")
    assert recorder.asked


def test_a_wrong_setting_is_refused(magics):
    import traitlets

    for name, value in {"view": "all", "price": {"x": 1.0}, "max_tokens": 0}.items():
        with pytest.raises(traitlets.TraitError):
            setattr(magics, name, value)


def test_price_is_shown_in_the_view(ip, run, magics):
    ip.user_ns["bot"] = ScriptedChat(["x"])
    magics.price = {"input": 3.0, "output": 15.0}
    run("%%chat -m bot\nHi")
    assert magics.session.last.view.price == {"input": 3.0, "output": 15.0}
