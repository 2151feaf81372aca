import pytest
from IPython.core.error import UsageError
from IPython.testing.globalipapp import get_ipython as start_ipython

from nbstream import AIMessage
from nbstream.magics import CellError, CellStopped

start_ipython()


@pytest.fixture
def ip():
    from IPython import get_ipython

    shell = get_ipython()
    shell.run_line_magic("load_ext", "nbstream")
    yield shell
    shell.run_line_magic("unload_ext", "nbstream")


def test_a_cell_streams_and_stores_the_message(ip, capsys):
    ip.run_cell_magic("chat", "--model local --max-tokens 12 --as answer", "Say hello.")
    answer = ip.user_ns["answer"]
    assert isinstance(answer, AIMessage)
    assert answer.usage_metadata["output_tokens"] <= 12
    assert capsys.readouterr().out.replace("|", "").strip() == answer.text.replace("|", "").strip()


def test_short_options_and_another_delimiter(ip, capsys):
    ip.run_cell_magic("chat", "-m local -n 8 -s 'You are brief.' -d ' / '", "Count to ten.")
    assert " / " in capsys.readouterr().out


def test_the_delimiter_can_be_switched_off(ip, capsys):
    ip.run_cell_magic("chat", "-m local -n 8 -d '' --as answer", "Count to ten.")
    assert capsys.readouterr().out == ip.user_ns["answer"].text + "\n"


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("", "  \n", "The cell is empty"),
        ("-m nothing", "Hi", "Unknown model 'nothing'"),
        ("-m local --as 1x", "Hi", "'1x'"),
        ("-m local -n 0", "Hi", "max_tokens"),
        ("-m anthropic:claude-x", "Hi", "ANTHROPIC_API_KEY"),
        ("-m local", "moon " * 4000, "Shorten the prompt"),
    ],
)
def test_bad_input_ends_the_cell_with_one_line(ip, monkeypatch, line, cell, said):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(CellError, match=said) as caught:
        ip.run_cell_magic("chat", line, cell)
    assert len(caught.value._render_traceback_()) == 1


def test_an_unknown_option_is_named(ip):
    with pytest.raises(UsageError, match="--bogus"):
        ip.run_cell_magic("chat", "--bogus", "Hi")


def test_an_interrupt_ends_the_cell_with_one_line(ip, monkeypatch):
    from nbstream import magics

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(magics, "show", interrupted)
    with pytest.raises(CellStopped) as caught:
        ip.run_cell_magic("chat", "-m local", "Hi")
    assert isinstance(caught.value, KeyboardInterrupt)
    assert "kept" in caught.value._render_traceback_()[0]


def test_a_failed_cell_stores_nothing(ip):
    ip.user_ns.pop("nothing", None)
    with pytest.raises(CellError):
        ip.run_cell_magic("chat", "-m local --as nothing", "moon " * 4000)
    assert "nothing" not in ip.user_ns


def test_the_help_names_every_option(ip):
    text = ip.find_cell_magic("chat").__doc__
    for option in ("--model", "--system", "--max-tokens", "--delimiter", "--as NAME"):
        assert option in text


def test_unloading_takes_it_away(ip):
    ip.run_line_magic("unload_ext", "nbstream")
    assert ip.find_cell_magic("chat") is None
    ip.run_line_magic("load_ext", "nbstream")
    assert ip.find_cell_magic("chat")
