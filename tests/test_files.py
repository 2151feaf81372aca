import os
import stat

import pytest

from nbstream._files import write_whole


def only(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_its_path_returned(tmp_path):
    path = tmp_path / "a.txt"
    assert write_whole(str(path), "one\r\n\u00fc\n") == path
    assert path.read_bytes() == "one\r\n\u00fc\n".encode()
    usual = tmp_path / "usual"
    usual.touch()
    assert path.stat().st_mode == usual.stat().st_mode


def test_half_a_character_is_no_reason_to_lose_the_rest(tmp_path):
    path = write_whole(tmp_path / "a.txt", "fish \ud83d!")
    assert path.read_text(encoding="utf-8") == "fish ?!"


def test_what_was_there_stays_if_anything_fails(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def full(*_):
        assert path.read_text() == "before"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert only(tmp_path) == ["a.txt"]


def test_an_interrupt_leaves_nothing_behind_either(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a.txt", "x")
    assert only(tmp_path) == []


def test_a_file_keeps_its_mode_and_a_link_its_target(tmp_path):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "a.txt", tmp_path / "link.txt"
    target.write_text("before")
    target.chmod(0o640)
    link.symlink_to("far/a.txt")
    assert write_whole(link, "after") == link
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert only(tmp_path / "far") == ["a.txt"]


def test_a_link_to_what_is_not_there_yet_makes_it(tmp_path):
    (tmp_path / "link.txt").symlink_to("new.txt")
    write_whole(tmp_path / "link.txt", "x")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "new.txt").read_text() == "x"


def test_what_is_no_file_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, "x")
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "a.txt", "x")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(tmp_path / "pipe", "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("name", ["x" * 250 + ".txt", "\u00fc" * 120])
def test_a_long_name_is_no_problem(tmp_path, name):
    assert write_whole(tmp_path / name, "x").read_text() == "x"


def test_a_file_that_may_not_be_written_is_not(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("before")
    path.chmod(0o444)
    monkeypatch.setattr("os.access", lambda *_: False)  # who is root may write to anything
    with pytest.raises(PermissionError):
        write_whole(path, "after")
    assert path.read_text() == "before"
