"""`colab:NAME`, against the documented form of `google.colab.ai`, which is in Colab only."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from nbstream import InputError, SetupError, init_chat_model

NAME = "google/gemini-2.5-flash"


def of_openai(text):
    return SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(content=text))])


@pytest.fixture(params=[str, of_openai], ids=["texts", "chunks of OpenAI's SDK"])
def asked(request, monkeypatch):
    asked = []

    def generate_text(prompt, model_name="google/gemini-2.0-flash", stream=False):
        asked.append((prompt, model_name, stream))
        yield from map(request.param, ["so ", "", "it"])

    module = ModuleType("google.colab.ai")
    module.generate_text = generate_text
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "google.colab.ai", module)
    return asked


@pytest.mark.promise("docs/models.md", "is a model of Colab's own, with no key: text only")
def test_it_streams_texts(asked):
    model = init_chat_model(f"colab:{NAME}")
    assert [chunk.text for chunk in model.stream("Hi")] == ["so ", "it"]
    assert model.invoke([("system", "Be brief."), ("human", "Hi")]).text == "so it"
    assert asked == [("Hi", NAME, True), ("system: Be brief.\n\nhuman: Hi", NAME, True)]


def test_elsewhere_it_says_what_to_use():
    with pytest.raises(SetupError, match=r"in Colab's notebooks only. Elsewhere use 'local'"):
        init_chat_model(f"colab:{NAME}").invoke("Hi")


def test_it_takes_no_settings():
    with pytest.raises(InputError, match=r"takes no max_tokens.*Leave it out"):
        init_chat_model(f"colab:{NAME}", max_tokens=3)


def test_a_call_takes_no_settings_either(asked):
    model = init_chat_model(f"colab:{NAME}")
    with pytest.raises(InputError, match=r"takes no stop: .*Leave it out"):
        model.bind(stop=["."]).invoke("Hi")
    assert asked == []
