"""A shell with the magics in it, and nothing of the machine around it."""

import os

import keyring
import pytest
from IPython.testing.globalipapp import get_ipython as start_ipython
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from nbstream import AIMessageChunk, BaseChatModel

start_ipython()


class Memory(KeyringBackend):
    """A keyring that forgets."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("none")


class Recorder(BaseChatModel):
    """Answers with a number and keeps what it was asked."""

    def __init__(self, say="answer {}"):
        self.say = say
        self.asked = []

    def _stream_messages(self, messages, **_):
        self.asked.append([(m.type, m.content) for m in messages])
        yield AIMessageChunk(self.say.format(len(self.asked)))


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No key and no setting of the machine's gets into a test."""
    for name in [*os.environ]:
        if name.startswith(("NBSTREAM_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def ip():
    from IPython import get_ipython

    shell = get_ipython()
    names = set(shell.user_ns)
    shell.run_line_magic("load_ext", "nbstream")
    yield shell
    shell.run_line_magic("unload_ext", "nbstream")
    shell.config.pop("ChatMagics", None)  # %config leaves its settings there for the next load
    for name in set(shell.user_ns) - names:
        del shell.user_ns[name]


@pytest.fixture
def magics(ip):
    return ip.magics_manager.registry["ChatMagics"]


@pytest.fixture
def talk(magics):
    """Return the conversation, as it is now."""
    return lambda: magics.session.conversation


@pytest.fixture
def run(ip, capsys):
    """Run a cell as a front end does; return what it printed. It must succeed."""

    def run(code, cell_id=None):
        capsys.readouterr()
        result = ip.run_cell(code, store_history=True, cell_id=cell_id)
        printed = capsys.readouterr().out
        assert result.success, printed
        return printed

    return run


@pytest.fixture
def fails(ip, capsys):
    """Run a cell that must fail; return what it said, which must be one line."""

    def fails(code, cell_id=None):
        capsys.readouterr()
        result = ip.run_cell(code, store_history=True, cell_id=cell_id)
        printed = capsys.readouterr().out
        assert result.error_in_exec is not None, printed
        assert "Traceback" not in printed
        said = str(result.error_in_exec)
        assert "\n" not in said
        assert said in printed
        return said

    return fails


@pytest.fixture
def recorder(ip):
    """A model in the variable ``bot``."""
    bot = ip.user_ns["bot"] = Recorder()
    return bot
