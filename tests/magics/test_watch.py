"""``%%watch`` and ``%watch``: the cell stays what it is."""

import httpx
import pytest
from IPython.testing.globalipapp import get_ipython as start_ipython

from nbstream.magics import _watch, load_ipython_extension, unload_ipython_extension


def answer(request):
    text = {"content": [{"type": "text", "text": "Blub."}], "stop_reason": "end_turn"}
    return httpx.Response(200, json=text)


ASK = 'client.post("http://fish/v1/messages", json={"messages": [], "max_tokens": 1}).status_code'


@pytest.fixture
def shell():
    ip = start_ipython()
    before = [*ip.input_transformers_cleanup]
    load_ipython_extension(ip)
    ip.user_ns["client"] = httpx.Client(transport=httpx.MockTransport(answer))
    yield ip
    unload_ipython_extension(ip)
    assert ip.input_transformers_cleanup == before


def run(shell, *lines):
    return shell.run_cell("\n".join(lines), store_history=False)


@pytest.mark.promise("README.md", "on top of a cell shows the model calls in it")
def test_a_cell_is_watched_and_gives_its_value(shell):
    result = run(shell, "%%watch --as view", "x = 1", ASK)
    assert (result.result, result.success) == (200, True)
    view = shell.user_ns["view"]
    assert (view.text, shell.user_ns["x"]) == ("Blub.", 1)


def test_a_cell_may_await(shell):
    result = run(shell, "%%watch", "import asyncio", "await asyncio.sleep(0)", f"y = {ASK}", "y")
    assert result.result == 200
    assert run(shell, "%%watch", "import asyncio", "await asyncio.sleep(0, 'z')").result == "z"


@pytest.mark.parametrize("cell", ["x = 2", "x;", "# nothing"])
def test_a_cell_without_a_value_has_none(shell, cell, capsys):
    shell.user_ns["x"] = 1
    assert run(shell, "%%watch", cell).result is None
    assert "no call to a model was seen" in capsys.readouterr().out


def test_an_error_is_the_cells_own(shell, capsys):
    result = run(shell, "%%watch --as view", ASK, "1 / 0")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert shell.user_ns["view"].text == "Blub."
    assert "1 / 0" in capsys.readouterr().out


def test_magics_in_a_cell_work(shell):
    assert run(shell, "%%watch", "%%time", "7").result == 7


def test_it_is_on_for_the_cells_that_follow(shell, capsys):
    seen = []
    run(shell, "%watch on")
    shell.user_ns["seen"] = seen
    run(shell, "import httpx", "seen.append(httpx.Client.send.__module__)")
    run(shell, "%%time", "seen.append(httpx.Client.send.__module__)")
    assert run(shell, ASK).result == 200
    run(shell, "%watch off")
    run(shell, "seen.append(httpx.Client.send.__module__)")
    assert seen == ["nbstream.watching._httpx"] * 2 + ["httpx._client"]
    assert "no call" not in capsys.readouterr().out


def test_a_magic_in_a_cell_begins_no_second_watch(shell, monkeypatch):
    begun = []
    real = _watch.watch_in
    monkeypatch.setattr(_watch, "watch_in", lambda *a, **k: begun.append(1) or real(*a, **k))
    run(shell, "%watch on")
    run(shell, "%%time", ASK)
    assert begun == [1]


def test_on_twice_is_on_once(shell):
    run(shell, "%watch on")
    run(shell, "%watch")
    assert shell.transform_cell("x\n").count("watch") == 1
    assert "watch" not in shell.transform_cell("%%chat\nx\n")
    assert shell.transform_cell("\n") == "\n"
    run(shell, "%watch off")
    assert shell.transform_cell("x\n") == "x\n"


@pytest.mark.parametrize(
    ("line", "said"), [("%watch of", "on or off, not 'of'"), ("%%watch --view fish\n1", "fish")]
)
def test_what_is_wrong_is_said_in_one_line(shell, line, said, capsys):
    assert not run(shell, line).success
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert len((told.out + told.err).splitlines()) < 12
