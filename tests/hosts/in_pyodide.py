"""What runs inside Pyodide, in one process: each function is a test of test_pyodide.py.

It prints one line of JSON for each: its name, and what went wrong or null.
"""

import asyncio
import contextlib
import io
import json
import os
import sys
import traceback

# The folders of the wheel and of its dependencies; pyodide.mjs sets them.
sys.path[:0] = FOLDERS  # noqa: F821
sys.dont_write_bytecode = True

from nbstream import (
    ChatAnthropic,
    ChatLocal,
    ChatView,
    InputError,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    ScriptedChat,
    SetupError,
    StrOutputParser,
    Trace,
    show,
    tool,
)
from nbstream._threads import has_threads

MODEL = ScriptedChat(["Here", " is", " a"])
CHAIN = MODEL | StrOutputParser()


def raised(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return str(error)
    raise AssertionError(f"{function} raised no {kind.__name__}")


async def later(value):
    await asyncio.sleep(0.001)
    return value + 1


async def counted(value):
    for number in range(value):
        await asyncio.sleep(0)
        yield [number]


def there_are_no_threads():
    assert not has_threads()


async def chains_run_on_both_sides():
    assert CHAIN.invoke("x") == await CHAIN.ainvoke("x") == "Here is a"
    assert list(CHAIN.stream("x")) == [text async for text in CHAIN.astream("x")]
    events = [event["event"] async for event in CHAIN.astream_events("x", version="v2")]
    assert events[0] == "on_chain_start"
    assert events.count("on_chat_model_stream") == 3
    with Trace() as trace:
        CHAIN.invoke("x")
    assert len(trace.runs) == 3


async def batches_run_one_after_the_other():
    ran = []

    def step(value):
        ran.append(value)
        if value == 2:
            raise ValueError("two")
        return value * 10

    runnable = RunnableLambda(step)
    assert raised(ValueError, runnable.batch, [1, 2, 3]) == "two"
    assert ran == [1, 2]  # the rest would only be waited for in vain
    assert runnable.batch([1, 3]) == [10, 30]
    kept = runnable.batch([1, 2, 3], return_exceptions=True)
    assert (kept[0], kept[2], type(kept[1])) == (10, 30, ValueError)
    assert list(runnable.batch_as_completed([3, 1])) == [(0, 30), (1, 10)]
    assert await runnable.abatch([1, 3]) == [10, 30]


async def branches_run_in_place():
    both = RunnableParallel(a=CHAIN, b=lambda x: x)
    assert both.invoke("x") == await both.ainvoke("x") == {"a": "Here is a", "b": "x"}
    assert [*both.stream("x")][:2] == [{"a": "Here"}, {"b": "x"}]
    assert len([chunk async for chunk in both.astream("x")]) == 4
    kept = RunnablePassthrough.assign(n=lambda d: len(d["a"]))
    assert (both | kept).invoke("x") == {"a": "Here is a", "b": "x", "n": 9}
    assert [*(both | kept).stream("x")][-1] == {"n": 9}


async def async_steps_run_under_invoke():
    assert RunnableLambda(later).invoke(1) == 2
    assert await RunnableLambda(later).ainvoke(1) == 2
    assert RunnableLambda(later).batch([1, 2]) == [2, 3]
    assert RunnableLambda(counted).invoke(3) == [0, 1, 2]
    assert list(RunnableLambda(counted).stream(3)) == [[0], [1], [2]]

    @tool
    async def add(a: int, b: int) -> int:
        "Add two numbers."
        return await later(a + b - 1)

    assert add.invoke({"a": 1, "b": 2}) == 3
    # The loop around goes on as before.
    assert asyncio.current_task() is not None
    assert await later(1) == 2


async def plain_steps_run_under_ainvoke():
    def shout(texts):
        for text in texts:
            yield text.upper()

    chain = CHAIN | RunnableGenerator(shout)
    assert [text async for text in chain.astream("x")] == ["HERE", " IS", " A"]
    assert await RunnableLambda(len).ainvoke("four") == 4


async def what_needs_the_page_says_so():
    ended = []

    def comes_by_the_page():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(0, future.set_result, "late")
        return future

    async def waits(future):
        try:
            return await future
        finally:
            ended.append(True)

    said = raised(InputError, RunnableLambda(waits).invoke, comes_by_the_page())
    assert "await" in said
    assert "ainvoke" in said
    assert ended == [True]
    assert await RunnableLambda(waits).ainvoke(comes_by_the_page()) == "late"
    # One that would wait for ever in the loop of its own.
    said = raised(InputError, RunnableLambda(lambda x: asyncio.Event().wait()).invoke, "x")
    assert "ainvoke" in said


async def show_prints_what_comes():
    for source in (iter(["a", "b"]), counted(2)):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            view = show(source)
        assert view.status == "done"
        assert view.delimiter in out.getvalue()


async def a_chat_answers():
    chat = ChatView(MODEL)
    turn = chat.ask("Hello")
    assert (await turn).content == "Here is a"
    assert [message.content for message in chat.messages] == ["Hello", "Here is a"]


async def claude_answers_by_the_pages_fetch():
    model = ChatAnthropic("m", base_url=os.environ["ENDPOINT"], api_key="k", max_retries=0)
    assert [chunk.content async for chunk in model.astream("x") if chunk.content] == ["Hel", "lo"]
    assert (await RunnableParallel(a=model).ainvoke("x"))["a"].content == "Hello"


def the_embedded_model_says_that_it_cannot_run():
    said = raised(SetupError, ChatLocal().invoke, "x")
    assert "Pyodide" in said
    assert "pip" not in said


class Lite:
    """JupyterLite's own kernel: runs cells, and keeps what goes to the page."""

    def __init__(self):
        import pyodide_kernel

        # It puts itself in their places.
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        self.kernel, shell = pyodide_kernel.kernel_instance, pyodide_kernel.ipython_shell
        self.shown, self.messages = [], []
        shell.send_comm = lambda kind, content, *_: self.messages.append((kind, content["data"]))
        shell.display_pub.display_data_callback = lambda data, *_: self.shown.append(data)
        shell.display_pub.update_display_data_callback = lambda data, *_: self.shown.append(data)
        shell.displayhook.publish_execution_result = lambda n, data, *_: self.shown.append(data)
        self.names = shell.user_ns

    async def run(self, code):
        reply = await self.kernel.run(code)
        if reply["status"] == "error":
            raise AssertionError("\n".join(reply["traceback"]))

    def frames(self):
        sent = [data.get("content", {}) for kind, data in self.messages if kind == "comm_msg"]
        return [content for content in sent if content.get("type") == "frame"]


async def jupyterlite_streams_below_the_cell():
    lite = Lite()
    await lite.run("import nbstream\nfrom nbstream import *\nwhere = nbstream.host().name")
    assert lite.names["where"] == "pyodide"
    lite.names["begun"] = begun = []

    def texts():
        for text in ("a", "b", "c"):
            begun.append(text)
            yield text

    lite.names["texts"] = texts
    await lite.run("view = show(texts())\nseen = (list(begun), view.status)")
    view = lite.names["view"]
    assert lite.names["seen"] == ([], "waiting")  # the cell is done before it begins
    await view
    assert (view.status, view.text) == ("done", "abc")
    assert lite.frames()
    assert lite.shown[-1]["text/plain"] == "abc"
    await lite.run("second = (await show(texts())).upper()")
    assert lite.names["second"] == "ABC"


async def jupyterlite_stops_a_run():
    lite = Lite()
    await lite.run(
        "from nbstream import show\ndef for_ever():\n    while True:\n        yield 'a'\n"
        "view = show(for_ever())"
    )
    view = lite.names["view"]
    while len(view.text) < 3:
        await asyncio.sleep(0)
    view.stop()
    await view
    assert view.status == "stopped"


async def jupyterlite_has_the_magics():
    lite = Lite()
    await lite.run("%load_ext nbstream\nfrom nbstream import ScriptedChat")
    await lite.run("model = ScriptedChat(['Here', ' is'])")
    await lite.run("%%chat --model model\nHello")
    assert lite.shown[-1]["text/plain"] == "Here is"
    lite.shown.clear()
    await lite.run("%%chat --model model --bg\nHello")
    while "Here is" not in [data.get("text/plain") for data in lite.shown]:
        await asyncio.sleep(0)


TESTS = (
    there_are_no_threads,
    chains_run_on_both_sides,
    batches_run_one_after_the_other,
    branches_run_in_place,
    async_steps_run_under_invoke,
    plain_steps_run_under_ainvoke,
    what_needs_the_page_says_so,
    show_prints_what_comes,
    a_chat_answers,
    claude_answers_by_the_pages_fetch,
    the_embedded_model_says_that_it_cannot_run,
    jupyterlite_streams_below_the_cell,
    jupyterlite_stops_a_run,
    jupyterlite_has_the_magics,
)

for test in TESTS:
    failure = None
    try:
        if (waiting := test()) is not None:
            await asyncio.wait_for(waiting, 60)  # noqa: F704
    except BaseException:
        failure = traceback.format_exc()
    print(json.dumps([test.__name__, failure]), file=sys.__stdout__)
