"""Voilà and marimo, as they are, in Chromium."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from .lab import SHOTS
from .servers import Server

EXAMPLES = Path(__file__).parents[2] / "examples"

SETUP = """from nbstream import *
import nbstream
slow = ScriptedChat(["so ", "it ", "goes "] * 2_000, delay=0.05)
bot = ScriptedChat(["Hello", ", ", "fish"])"""

CELLS = [
    SETUP,
    "show(slow, 'Hi')",
    # All of it is over before its view can be drawn.
    "view = StreamView()\nwith stream_to(view):\n    message = bot.invoke('Hi')\nview",
    "chat = ChatView(bot)\nanswer = chat.ask('First')\nchat",
    "print(nbstream.host())",
]

# A cell's names come in and go out by its function's arguments.
NAMES = "ChatView, StreamView, bot, nbstream, show, slow, stream_to"
MARIMO = f"""import marimo

app = marimo.App()

@app.cell
def _():
    from nbstream import ChatView, ScriptedChat, StreamView, show, stream_to
    {{setup}}
    return {NAMES}
{{cells}}
if __name__ == "__main__":
    app.run()
"""


def marimo_app():
    indent = "\n    "
    made = []
    for code in CELLS[1:]:
        made.append(
            f"\n@app.cell\ndef _({NAMES}):{indent}{code.replace(chr(10), indent)}\n    return\n"
        )
    setup = indent.join(SETUP.splitlines()[1:])
    return MARIMO.format(setup=setup, cells="".join(made))


@contextmanager
def served(words, folder, browser, path="/"):
    server = Server(words, folder)
    page = browser.new_page(viewport={"width": 1100, "height": 1200})
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    try:
        server.wait(path)
        page.goto(server.url, timeout=60_000)
        yield page
    finally:
        page.close()
        server.stop()


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def check(page, name):
    """A view streams and stops, one that is late has all of it, and a chat is answered."""
    # By locators alone: marimo draws each widget in a shadow of its own.
    live = page.locator(".nbstream[data-status=streaming]").first
    live.wait_for()
    expect(live).not_to_have_attribute("data-shown", live.get_attribute("data-shown"))
    done = page.locator(".nbstream[data-status=done]", has=page.get_by_text("Hello, fish"))
    done.first.wait_for()

    chat = page.locator(".nbs-chat")
    chat.get_by_text("First", exact=True).wait_for()
    chat.locator("textarea").last.fill("Second")
    chat.locator("textarea").last.press("Enter")
    chat.get_by_text("Second", exact=True).wait_for()
    expect(chat.locator(".nbstream[data-status=done]")).to_have_count(2)
    assert done.count() == 3

    live.get_by_role("button", name="Stop").click()
    page.locator(".nbstream[data-status=stopped]").wait_for()
    shot(page, name)


def test_voila_draws_views_and_a_chat(browser, tmp_path):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "app.ipynb")
    words = ["voila", "app.ipynb", "--no-browser", "--port={port}"]
    with served(words, tmp_path, browser, "/voila/static/voila.js") as page:
        page.get_by_text("Voilà").wait_for()
        check(page, "voila")


def test_the_chat_app_is_an_app_in_voila(browser, tmp_path):
    shutil.copy(EXAMPLES / "chat_app.ipynb", tmp_path)
    words = ["voila", "chat_app.ipynb", "--no-browser", "--port={port}"]
    with served(words, tmp_path, browser, "/voila/static/voila.js") as page:
        page.locator(".nbs-chat textarea").fill("Hello")
        page.locator(".nbs-chat textarea").press("Enter")
        page.locator(".nbs-chat .nbstream[data-status=done]").wait_for()
        shot(page, "voila-chat-app")


@pytest.mark.promise("docs/hosts.md", "the cell is done at once, and its view streams")
@pytest.mark.parametrize("mode", ["run", "edit"])
def test_marimo_draws_views_and_a_chat(browser, tmp_path, mode):
    (tmp_path / "app.py").write_text(marimo_app())
    words = ["marimo", mode, "app.py", "--headless", "--no-token", "--port={port}"]
    if mode == "edit":
        words.append("--skip-update-check")
    with served(words, tmp_path, browser, "/health") as page:
        if mode == "edit":
            page.get_by_test_id("run-button").nth(4).wait_for()
            page.keyboard.press("Control+Shift+r")  # all that has not been run
        check(page, f"marimo-{mode}")
