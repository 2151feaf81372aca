import io

import pytest

from nbstream import ScriptedChat
from nbstream.batch import Batch
from nbstream.batch._terminal import follow


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_a_terminal_shows_one_line_that_is_written_over(monkeypatch):
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    follow(Batch(lambda n: 1 // n, range(4)))
    lines = out.getvalue().split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("\r[")
    last = lines[0].split("\r")[-1]
    assert "4 of 4 runs" in last
    assert "3 done" in last
    assert "1 ZeroDivisionError" in last


def test_elsewhere_the_end_is_printed(capsys):
    follow(Batch(ScriptedChat(["a"]), (str(n) for n in range(3))))
    assert capsys.readouterr().out.startswith("[====================] 3 of 3 runs · 3 done")


def test_what_cannot_go_on_is_raised():
    def inputs():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        follow(Batch(str, inputs()))
