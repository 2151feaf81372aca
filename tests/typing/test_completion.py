"""What Tab shows in a notebook: IPython's own completer, on objects that are there."""

import pytest
from IPython import get_ipython
from IPython.core.completer import provisionalcompleter
from IPython.testing.globalipapp import get_ipython as start_ipython

from nbstream import ChatPromptTemplate, ScriptedChat, StrOutputParser

NAMES = {
    "model": ScriptedChat(["Here"]),
    "prompt": ChatPromptTemplate.from_template("{x}"),
    "parser": StrOutputParser(),
}


@pytest.mark.parametrize(
    ("code", "offered"),
    [
        ('model.invoke("x").', "usage_metadata"),
        ('(await model.ainvoke("x")).', "usage_metadata"),
        ('model.batch(["x"])[0].', "usage_metadata"),
        ('for chunk in model.stream("x"):\n    chunk.', "tool_call_chunks"),
        ('async for chunk in model.astream("x"):\n    chunk.', "tool_call_chunks"),
        ('model.bind(stop="x").invoke("x").', "usage_metadata"),
        ('model.bind_tools([]).invoke("x").', "usage_metadata"),
        ('model.with_retry().invoke("x").', "usage_metadata"),
        ('(prompt | model).invoke("x").', "usage_metadata"),
        ('prompt.invoke("x").', "to_messages"),
        ('parser.invoke("x").', "casefold"),
    ],
)
def test_what_comes_back_is_completed(
    monkeypatch: pytest.MonkeyPatch, code: str, offered: str
) -> None:
    start_ipython()  # type: ignore[no-untyped-call]
    shell = get_ipython()
    for name, value in NAMES.items():
        monkeypatch.setitem(shell.user_ns, name, value)
    with provisionalcompleter():
        found = [one.text for one in shell.Completer.completions(code, len(code))]
    assert offered in found
