"""What SECURITY.md promises."""

import json
import os
import pickle
import re
import uuid
from pathlib import Path

import pytest

from nbstream import (
    AIMessageChunk,
    ChatAnthropic,
    ChatView,
    Conversation,
    InputError,
    RunnableLambda,
    ScriptedChat,
    StreamView,
    stream_to,
)
from nbstream._secrets import Secret
from nbstream.conversation._prompt import image_of

ROOT = Path(__file__).parents[1]
KEY = "a-key-of-this-test-4711"


@pytest.mark.promise("README.md", "Keys stay in Python")
def test_every_test_that_is_named_exists():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|js)/[^`:]+)(?:::(\w+))?`", text)
    assert len(named) > 15
    for path, name in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in source, f"{path} has no {name}"


def test_no_key_in_a_models_variables_or_its_pickle():
    model = ChatAnthropic("m", api_key=KEY, base_url="http://127.0.0.1:9")
    assert model._client.api_key == KEY  # made once, it stays in the model
    assert KEY not in repr({**vars(model), "_client": None})
    assert KEY not in repr(vars(model))
    assert KEY.encode() not in pickle.dumps(model)
    assert pickle.loads(pickle.dumps(model)).model == "m"


@pytest.fixture(params=["held", "in the environment"])
def key(request, monkeypatch):
    """A key that nobody has used yet: one that was is known from then on."""
    one = f"a-key-{uuid.uuid4().hex}"
    if request.param == "held":
        Secret(one)
    else:
        monkeypatch.setenv("OPENAI_API_KEY", one)
    return one


def test_a_key_in_a_text_goes_nowhere(wire, tmp_path, key):
    view = StreamView()
    frames = wire(view)
    model = ScriptedChat([AIMessageChunk(f"it is {key}"), ValueError(key)], name=f"model {key}")
    with stream_to(view), pytest.raises(ValueError, match="…"):
        model.invoke(f"my key is {key}", {"tags": [key], "metadata": {key: key}})
    view._settle()
    said = [json.dumps(frames), json.dumps(view.get_state(), default=str), view.trace.to_jsonl()]
    said += [str(view._repr_mimebundle_())]
    for name in ("a.html", "a.md", "a.txt", "a.jsonl"):
        said.append(view.export(tmp_path / name).read_text(encoding="utf-8"))
    assert not [text for text in said if key in text]


class WordsItselfError(Exception):
    def __str__(self):
        return f"no such file: {os.environ['OPENAI_API_KEY']}"


def test_a_key_in_what_an_error_says_goes_nowhere(wire, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"a-key-{uuid.uuid4().hex}")
    view = StreamView()
    frames = wire(view)

    def read(_):
        raise WordsItselfError

    with stream_to(view), pytest.raises(WordsItselfError):
        RunnableLambda(read).invoke("x")
    view._settle()
    said = [json.dumps(frames), json.dumps(view.get_state(), default=str), view.trace.to_jsonl()]
    said += [str(view._repr_mimebundle_())]
    assert not [text for text in said if os.environ["OPENAI_API_KEY"] in text]


def test_a_key_in_a_conversation_goes_nowhere(tmp_path, key):
    chat = ChatView(ScriptedChat([f"it is {key}"]))
    chat.ask(f"my key is {key}")
    said = [json.dumps(chat.get_state(), default=str), str(chat._repr_mimebundle_())]
    for name in ("a.html", "a.md", "a.txt", "a.json"):
        said.append(chat.export(tmp_path / name).read_text(encoding="utf-8"))
    said.append(chat.conversation.to_json())
    assert not [text for text in said if key in text]


def test_what_has_no_end_is_not_read(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(InputError, match="no regular file"):
            image_of(path)
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(10_000_000_000)  # sparse: it takes no room, but whoever reads it all does
    with pytest.raises(InputError, match="5,000,000 bytes"):
        image_of(large)


def test_a_stored_conversation_without_end_is_not_read(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="no regular file"):
        Conversation.load(pipe)
