"""One place finds the keys of all providers; what is missing is said as fits the host."""

import subprocess
import sys
import types

import keyring
import pytest
from keyring.backend import KeyringBackend

from nbstream import ChatAnthropic, ChatOpenAI, SetupError, init_chat_model
from nbstream._secrets import hide
from nbstream.models._keys import KEYS, Keys
from nbstream.models._providers import PROVIDERS

KEY = "gsk_Abcdefghijklmnop1234567890"
NAME = "GROQ_API_KEY"


class Ring(KeyringBackend):
    """A keyring that counts how often it is asked."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept, self.asked = {}, []

    def get_password(self, service, username):
        self.asked.append(username)
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No key anywhere, and an empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    for row in PROVIDERS.values():
        for name in filter(None, (row.key_variable, row.second_variable)):
            monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


class Vault:
    """What both vaults have in common: secrets by name, errors of their own, no value to guess."""

    def __init__(self, **kept):
        self.kept, self.asked = kept, []

    def get(self, name):
        self.asked.append(name)
        if name not in self.kept:
            raise LookupError(f"Secret {name} does not exist.")
        return self.kept[name]


@pytest.fixture
def colab(monkeypatch):
    """A stand-in with the documented form: `google.colab.userdata.get(NAME)`."""
    vault = Vault()
    module = types.ModuleType("google.colab.userdata")
    module.get = vault.get
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", module)
    return vault


@pytest.fixture
def kaggle(monkeypatch):
    """A stand-in with the documented form: `UserSecretsClient().get_secret(LABEL)`."""
    vault = Vault()
    module = types.ModuleType("kaggle_secrets")
    module.UserSecretsClient = lambda: types.SimpleNamespace(get_secret=vault.get)
    monkeypatch.setitem(sys.modules, "kaggle_secrets", module)
    return vault


def key_of(model):
    return model._api_key()


@pytest.mark.promise("docs/models.md", "A key is looked for in this order")
def test_the_order_of_places(ring, colab, kaggle, nowhere, monkeypatch):
    places = []

    def found():
        return Keys().find(NAME).where if places else Keys().find(NAME)

    assert found() is None
    places.append(1)
    kaggle.kept[NAME] = KEY
    assert found() == "Kaggle's secrets"
    colab.kept[NAME] = KEY
    assert found() == "Colab's secrets"
    ring.kept["nbstream", NAME] = KEY
    assert found() == "the keyring"
    (nowhere / ".env").write_text(f"{NAME}={KEY}")
    assert found() == ".env"
    KEYS.enter(NAME, KEY, "this session")
    assert KEYS.find(NAME).where == "this session"
    monkeypatch.setenv(NAME, KEY)
    assert KEYS.find(NAME).where == NAME
    model = init_chat_model("groq:x", api_key="gsk_given_0123456789")
    assert key_of(model) == "gsk_given_0123456789"
    assert hide(f"It is {KEY}.") == "It is …."


@pytest.mark.promise("docs/models.md", "the tests have modules of that form")
@pytest.mark.parametrize("row", [r for r in PROVIDERS.values() if r.key_variable], ids=str)
def test_each_providers_key_is_found_in_the_vault(row, colab):
    colab.kept[row.key_variable] = KEY
    assert key_of(init_chat_model(f"{row.name}:x", **given(row))) == KEY


def given(row):
    return {"azure_endpoint": "https://x.test", "api_version": "v"} if row.name == "azure" else {}


def test_claude_is_the_default_wherever_its_key_is(ring):
    assert type(init_chat_model()).__name__ == "ChatLocal"
    KEYS._asked.clear()
    ring.kept["nbstream", "ANTHROPIC_AUTH_TOKEN"] = KEY
    assert type(init_chat_model()) is ChatAnthropic


def test_what_has_none_is_asked_again_only_for_a_model_that_is_named(ring, colab):
    for _ in range(2):
        assert KEYS.find(NAME) is None
    assert (ring.asked, colab.asked) == ([NAME], [NAME])
    colab.kept[NAME] = KEY  # as the message said
    assert key_of(init_chat_model("groq:x")) == KEY
    for _ in range(2):
        assert key_of(init_chat_model("groq:x")) == KEY
    assert colab.asked == [NAME, NAME]


def test_a_list_of_models_asks_no_vault(colab, kaggle):
    assert KEYS.find(NAME, vaults=False) is None
    assert colab.asked == kaggle.asked == []
    colab.kept[NAME] = KEY
    assert KEYS.find(NAME).where == "Colab's secrets"  # it was not taken for asked


@pytest.mark.promise("docs/models.md", "asks neither keyring nor vault")
def test_a_server_of_ones_own_opens_no_keyring(ring, colab):
    for address in ("http://localhost:1", "http://127.0.0.1:1/v1"):
        assert key_of(ChatOpenAI("x", base_url=address)) == "none"
        assert key_of(ChatAnthropic("x", base_url=address)) == "none"
    assert ring.asked == colab.asked == []


def test_an_env_file_is_read_for_the_key_alone(nowhere, monkeypatch):
    import os

    (nowhere / ".env").write_text(f"OPENAI_BASE_URL=https://elsewhere.test\nOPENAI_API_KEY={KEY}\n")
    model = ChatOpenAI("x")
    assert key_of(model) == KEY
    assert model._address() is None
    assert "OPENAI_API_KEY" not in os.environ  # %env would show it
    (nowhere / "deeper").mkdir()
    monkeypatch.chdir(nowhere / "deeper")
    with pytest.raises(SetupError):  # a folder above is somebody else's
        key_of(ChatOpenAI("x"))


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"OPENAI_API_KEY=", b"=x\n'"])
def test_an_env_file_with_no_key_is_as_none(nowhere, text):
    (nowhere / ".env").write_bytes(text)
    assert KEYS.find("OPENAI_API_KEY") is None


# What is said where there is none


def said(model="groq:x"):
    with pytest.raises(SetupError) as caught:
        init_chat_model(model).invoke("Hi")
    return str(caught.value)


@pytest.mark.promise("docs/models.md", "the message names the ways that fit")
def test_a_program_is_told_of_environment_file_keyring_and_argument():
    words = subprocess.run(
        [sys.executable, "-c", "import nbstream; nbstream.init_chat_model('groq:x').invoke('Hi')"],
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    assert f"Set {NAME} before starting the notebook, write {NAME}=… into a file .env" in words
    assert f"python -m keyring set nbstream {NAME}, or pass" in words
    assert "%chat" not in words


def test_colab_is_told_of_its_own_vault(colab):
    assert said().startswith("There is no API key for x")
    assert f"Add {NAME} to Colab's Secrets" in said()
    assert "before starting" not in said()


def test_kaggle_is_told_of_its_own_vault(kaggle):
    assert f"Attach a secret with the label {NAME}" in said()
    assert "before starting" not in said()


def test_what_is_not_installed_is_not_offered(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert ".env" not in said()
    assert "keyring" not in said()


@pytest.mark.parametrize("name", ["google.colab", "kaggle_secrets", "keyring", "dotenv"])
def test_nothing_is_imported_that_is_not_asked(name):
    code = (
        "import sys, nbstream; nbstream.init_chat_model('ollama:x').ensure_key(); "
        f"print({name!r} in sys.modules)"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "False"
