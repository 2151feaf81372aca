"""Tab completion, asked for as IPython and its kernels do."""

import pytest
from IPython.core.completer import provisionalcompleter

from nbstream import RunnableLambda, ScriptedChat, tool
from nbstream.magics._complete import _found
from nbstream.magics._options import KINDS, VIEWS
from nbstream.magics._verbs import VERBS


@pytest.fixture
def completed(ip):
    """What the text before ``^`` can become."""

    def completed(code):
        place = code.index("^")
        code = code.replace("^", "")
        with provisionalcompleter():
            found = list(ip.Completer.completions(code, place))
        return [code[: one.start] + one.text + code[one.end :] for one in found]

    return completed


def test_options(completed, ip):
    assert completed("%%chat --m^") == ["%%chat --model", "%%chat --max-tokens", "%%chat --mcp"]
    assert completed("%%chat --model local --no^\nHi") == ["%%chat --model local --no-history\nHi"]
    parser = ip.find_cell_magic("chat").__func__.parser
    every = {f"%%chat {one}" for one in parser._option_string_actions if one.startswith("--")}
    assert set(completed("%%chat ^")) == every


@pytest.mark.parametrize("call", ["show(bot, 'Hi', ", "StreamView(", "ChatView(bot, "])
def test_the_options_of_views(completed, ip, call):
    import nbstream

    ip.user_ns.update(show=nbstream.show, bot=ScriptedChat(["x"]))
    ip.user_ns.update(StreamView=nbstream.StreamView, ChatView=nbstream.ChatView)
    assert f"{call}whitespace=" in completed(f"{call}whites^")
    assert f"{call}delimiter=" in completed(f"{call}del^")


def test_values(completed, ip):
    ip.user_ns["lovely_bot"] = ScriptedChat(["x"])
    assert completed("%%chat --model lo^") == ["%%chat --model local", "%%chat --model lovely_bot"]
    assert completed("%%chat --model=lo^")[0] == "%%chat --model=local"
    assert completed("%%chat -m claude-s^") == ["%%chat -m claude-sonnet-5-5"]
    assert completed("%%chat --view ^") == [f"%%chat --view {one}" for one in VIEWS]
    assert completed("%%chat -o ^") == [f"%%chat -o {one}" for one in KINDS]
    assert completed("%%chat -m local --to ma^") == [
        "%%chat -m local --to markdown",
        "%%chat -m local --to math",
    ]


def test_variables(completed, ip):
    @tool
    def zz_add(a: int) -> int:
        """Add."""
        return a

    class zz_Fish:  # noqa: N801
        model_validate = None

    ip.user_ns.update(
        zz_add=zz_add,
        zz_Fish=zz_Fish,
        zz_chain=RunnableLambda(str),
        zz_number=1,
        zz_double=lambda x: x,
    )
    assert completed("%%chat --tools zz_^") == ["%%chat --tools zz_add", "%%chat --tools zz_double"]
    assert completed("%%chat -T zz_add zz_d^") == ["%%chat -T zz_add zz_double"]
    assert completed("%%chat -T zz_add,zz_d^") == ["%%chat -T zz_add,zz_double"]
    assert completed("%%chat --schema zz_^") == ["%%chat --schema zz_Fish"]
    assert "%%chat --chain zz_chain" in completed("%%chat --chain zz_^")
    assert "%%chat --chain zz_number" not in completed("%%chat --chain zz_^")
    assert "%%chat --as zz_number" in completed("%%chat --as zz_^")
    assert "%%chat --image zz_number" in completed("%%chat --image zz_^")


def test_files(completed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zz").mkdir()
    for name in ("zz.png", "zz.txt", "zz.json"):
        (tmp_path / name).touch()
    assert completed("%%chat --image zz^") == ["%%chat --image zz/", "%%chat --image zz.png"]
    assert completed("%chat load zz^") == ["%chat load zz/", "%chat load zz.json"]


def test_names_in_a_prompt(completed, ip, magics):
    ip.user_ns["zz_animal"] = "koi"
    assert completed("%%chat\nA song\nabout {zz_^") == ["%%chat\nA song\nabout {zz_animal"]
    # Where no name can stand, only what Python's own completion makes of the line is left.
    assert _found(magics, ["%%chat", "about {{zz_"]) == ("", [])
    assert _found(magics, ["%%chat", "about zz_"]) == ("", [])


def test_verbs(completed, magics):
    assert completed("%chat hi^") == ["%chat history"]
    assert completed("x = %chat la^") == ["x = %chat last"]
    assert completed("y = 1\n%chat und^") == ["y = 1\n%chat undo"]
    assert set(completed("%chat ^")) == {f"%chat {verb}" for verb in VERBS if verb}
    assert completed("%chat model loc^") == ["%chat model local"]
    magics.session.conversation.use_branch("zz_other")
    assert completed("%chat branch zz^") == ["%chat branch zz_other"]
    assert completed("%chat key fo^") == ["%chat key forget"]
    assert completed("%chat key op^") == ["%chat key openai", "%chat key openrouter"]


def test_other_cells_complete_as_before(completed):
    assert "import" in completed("impor^")[0]
    assert not any("--" in one for one in completed("%%chatter --mod^"))
