"""`ChatView` in a real page: by keyboard, after a reload, with images, errors, long talk."""

import base64
import json
import struct
import zlib

import pytest

from .lab import SHOTS

MODEL = """import time
from nbstream import *

class Fish(BaseChatModel):
    \"\"\"Says how often it was asked, then what it heard, in words without end or a few.\"\"\"
    asked = 0
    model_label = "fish-1"

    def _stream_messages(self, messages, **_):
        self.asked += 1
        text = messages[-1].text
        yield AIMessageChunk(f"Answer {self.asked} ")
        if "fail" in text:
            raise ProviderError("The pond is frozen. Wait for spring, then ask again.")
        for word in ["to ", "that. "] * (2_000 if "long" in text else 10):
            time.sleep(0.02)
            yield AIMessageChunk(word)

chat = ChatView(Fish(), system="Be a fish.")
chat"""
SEEN = "import json\nprint(json.dumps([[m.type, m.content] for m in chat.messages]))"
WHO = """() => {
    const el = document.activeElement;
    return el.getAttribute('aria-label') || el.textContent;
}"""
LONGER = """length => {
    const last = [...document.querySelectorAll('.nbs-turn .nbs-markdown')].at(-1);
    return last?.textContent.length > length;
}"""


def png(width, height, colour):
    """Return a picture in one colour."""

    def part(kind, data):
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    rows = (b"\0" + bytes(colour) * width) * height
    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


PNG = png(60, 40, (240, 140, 40))


class Chat:
    """What is done with a chat, and what is seen of it."""

    def __init__(self, nb):
        self.nb, self.page = nb, nb.page
        self.root = nb.page.locator(".nbs-chat").first
        self.box = self.root.get_by_label("Message")
        self.turns = self.root.locator(".nbs-turn")

    def wait(self, status, text=""):
        """Wait until the last turn is as it should be."""
        self.page.wait_for_function(
            """([status, text]) => {
                const turn = [...document.querySelectorAll('.nbs-chat .nbs-turn')].at(-1);
                const shown = turn?.querySelector('.nbs-markdown').textContent ?? '';
                const { status: now } = turn?.querySelector('.nbstream').dataset ?? {};
                return now === status && shown.startsWith(text);
            }""",
            arg=[status, text],
        )

    def who(self):
        return self.page.evaluate(WHO)

    def go(self, label, key="Shift+Tab"):
        """Go on until the keyboard is where it should be."""
        passed = []
        for _ in range(25):
            self.page.keyboard.press(key)
            passed.append(self.who())
            if passed[-1].startswith(label):
                return
        raise AssertionError(f"no {label!r} among {passed}")

    def enter(self):
        """Go from wherever the notebook is to the first cell's chat."""
        self.page.keyboard.press("Escape")
        for _ in range(4):
            self.page.keyboard.press("k")
        self.go("Message", "Tab")

    def says(self, text, turn=-1):
        """Wait until a turn's answer begins like this: a page that just opened draws it soon."""
        self.page.wait_for_function(
            """([text, turn]) => {
                const found = document.querySelectorAll('.nbs-chat .nbs-turn');
                const shown = [...found].at(turn)?.querySelector('.nbs-markdown');
                return shown?.textContent.startsWith(text);
            }""",
            arg=[text, turn],
        )

    def text(self, turn=-1):
        return self.turns.nth(turn).locator(".nbs-markdown").text_content()

    def prompts(self):
        return self.turns.locator(".nbs-prompt-text").all_text_contents()

    def is_at(self, label):
        """Wait until the keyboard is there; it is given back a frame after it was lost."""
        self.page.wait_for_function(f"label => ({WHO})() === label", arg=label, timeout=3_000)

    def seen(self, cell):
        """Return the messages as Python has them."""
        prompt = self.page.locator(".jp-CodeCell .jp-InputPrompt").nth(cell)
        before = prompt.text_content()
        self.nb.run_cell(cell)
        self.page.wait_for_function(
            "([el, before]) => el.textContent !== before && /[0-9]/.test(el.textContent)",
            arg=[prompt.element_handle(), before],
        )
        self.nb.wait_idle()
        return json.loads(self.nb.output().text_content())


def test_a_conversation_by_keyboard_alone(notebook):
    cells = [MODEL, "print('ran while it was', chat.turns[-1].status)", SEEN]
    nb = notebook("keys", cells)
    chat, press, type_ = Chat(nb), nb.page.keyboard.press, nb.page.keyboard.type
    nb.run(1)
    chat.root.wait_for()
    assert chat.root.locator(".nbs-hint").text_content() == "Write below to begin."
    nb.wait_idle()

    # Write two lines and send them.
    chat.enter()
    press("Enter")  # there is nothing to send
    type_("Hello,")
    press("Shift+Enter")
    type_("fish. Be long.")
    assert chat.box.input_value() == "Hello,\nfish. Be long."
    press("Enter")
    chat.wait("streaming")
    assert chat.prompts() == ["Hello,\nfish. Be long."]
    assert chat.box.input_value() == ""
    chat.is_at("Message")

    # Another cell runs meanwhile.
    nb.page.locator(".jp-CodeCell .cm-content").nth(1).focus()
    press("Shift+Enter")
    nb.page.get_by_text("ran while it was streaming").wait_for()
    nb.page.wait_for_function(LONGER, arg=len(chat.text()) + 9)

    # Stop it. The keyboard is where the next message goes, though the notebook draws all anew.
    chat.enter()
    chat.go("Stop", "Tab")
    press("Enter")
    chat.wait("stopped")
    nb.page.wait_for_timeout(700)
    nb.drawn()
    chat.is_at("Message")
    type_("What?")
    press("Enter")
    chat.wait("done", "Answer 2 to that.")
    nb.page.wait_for_timeout(700)
    nb.drawn()
    chat.is_at("Message")
    assert len(chat.prompts()) == 2

    # What was said comes back, and what was being written, too.
    type_("draft")
    press("ArrowUp")  # to the beginning, as in any box
    press("ArrowUp")
    assert chat.box.input_value() == "What?"
    press("ArrowUp")
    assert chat.box.input_value() == "Hello,\nfish. Be long."
    press("ArrowDown")
    press("ArrowDown")
    assert chat.box.input_value() == "draft"
    press("Control+a")
    press("Delete")

    # Another answer is a branch beside the first.
    chat.go("Ask again")
    press("Enter")
    chat.is_at("Message")
    chat.wait("done", "Answer 3 ")
    nb.page.wait_for_timeout(700)
    nb.drawn()
    chat.go("Previous version")
    assert chat.turns.last.locator(".nbs-switch-place").text_content() == "2/2"
    press("Enter")
    chat.is_at("Next version")
    chat.wait("done", "Answer 2 ")
    press(" ")
    chat.is_at("Previous version")
    chat.wait("done", "Answer 3 ")

    # Another prompt in its place, after all.
    chat.go("Edit prompt", "Tab")
    press("Enter")
    chat.is_at("Another prompt")
    type_(" never")
    press("Escape")
    chat.is_at("Edit prompt")
    assert chat.prompts()[-1] == "What?"
    press("Enter")
    press("Control+a")
    type_("Who?")
    press("Shift+Enter")
    type_("You?")
    press("Enter")
    chat.wait("done", "Answer 4 ")
    nb.page.wait_for_timeout(700)
    nb.drawn()
    assert chat.prompts()[-1] == "Who?\nYou?"
    assert chat.turns.last.locator(".nbs-switch-place").text_content() == "3/3"
    chat.is_at("Message")

    # Arrow keys go from tab to tab, and not from cell to cell.
    chat.go("Markdown")
    press("ArrowLeft")
    chat.is_at("Tokens")
    chat.turns.last.locator(".nbs-tokens").wait_for()
    press("End")
    nb.page.wait_for_function(f"() => ({WHO})().startsWith('Timeline')")
    chat.turns.last.locator(".nbs-timeline").wait_for()
    assert nb.page.locator(".jp-Notebook .jp-Cell").first.get_attribute("class").count("selected")

    messages = chat.seen(2)
    assert [kind for kind, _ in messages] == ["system", "human", "ai", "human", "ai"]
    assert [text for _, text in messages][::3] == ["Be a fish.", "Who?\nYou?"]
    assert messages[-1][1].startswith("Answer 4 ")

    # The notebook drew the chat anew several times: the tab that was chosen is still on top.
    chat.turns.last.locator(".nbs-timeline").wait_for()
    chat.enter()
    chat.go("New conversation")
    press("Enter")
    chat.root.get_by_text("Write below to begin.").wait_for()
    assert chat.turns.count() == 0
    chat.is_at("Message")
    type_("Still there?")
    press("Enter")
    chat.wait("streaming")

    # No key went astray. Running the last cell has made one more.
    assert nb.page.locator(".jp-Cell").count() == len(cells) + 1
    sources = [cell.inner_text() for cell in nb.page.locator(".jp-Cell .cm-content").all()]
    assert sources[1:3] == cells[1:]


def test_after_a_reload_in_the_midst_of_an_answer_all_is_there(notebook):
    nb = notebook("chat-reload", [MODEL, SEEN])
    chat = Chat(nb)
    nb.run(1)
    chat.box.fill("First")
    chat.box.press("Enter")
    chat.wait("done")
    chat.box.fill("A long one")
    chat.box.press("Enter")
    chat.wait("streaming")
    nb.page.wait_for_function(LONGER, arg=100)
    nb.page.click(".jp-CodeCell .cm-content >> nth=1")
    nb.save()
    before = chat.text()
    assert "that. to that." in before
    nb.reload()
    chat.wait("streaming")
    nb.page.wait_for_function(LONGER, arg=len(before) + 50)
    assert chat.root.count() == 1
    assert chat.prompts() == ["First", "A long one"]
    chat.says("Answer 1 to that.", 0)
    chat.says(before[:50])
    nb.shot("chat-reloaded")
    chat.root.get_by_label("Stop", exact=True).last.click()
    chat.wait("stopped")
    chat.box.fill("Go on")
    chat.box.press("Enter")
    chat.wait("done")
    chat.says("Answer 3 ")
    assert len(chat.prompts()) == 3
    assert [kind for kind, _ in chat.seen(1)] == ["system", *["human", "ai"] * 3]


def test_images_errors_and_hostile_words(notebook, lab):
    nb = notebook("chat-more", [MODEL, SEEN])
    chat = Chat(nb)
    nb.run(1)
    files = chat.root.locator("input[type=file]")
    files.set_input_files({"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    chat.root.get_by_text("a.svg is no PNG, JPEG, GIF or WebP image.").wait_for()
    pictures = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": PNG} for n in "ab"]
    files.set_input_files(pictures)
    thumbs = chat.root.locator(".nbs-composer .nbs-thumb")
    thumbs.nth(1).wait_for()
    assert "a.svg" not in chat.root.text_content()
    thumbs.nth(0).click()
    hostile = "<img src=x onerror=\"document.title='HACKED'\"> [x](javascript:alert(1))"
    chat.box.fill(hostile)
    nb.shot("chat-attached")
    chat.box.press("Enter")
    chat.wait("done")
    assert thumbs.count() == 0
    shown = chat.turns.first.locator(".nbs-prompt img")
    assert [image.get_attribute("class") for image in shown.all()] == ["nbs-thumb"]
    assert chat.prompts() == [hostile]
    (_, (kind, content), _) = chat.seen(1)
    assert kind == "human"
    assert content[0]["source"]["media_type"] == "image/png"
    assert base64.b64decode(content[0]["source"]["data"]) == PNG
    assert content[1:] == [{"type": "text", "text": hostile}]

    chat.box.fill("fail, please")
    chat.box.press("Enter")
    chat.wait("failed")
    error = chat.turns.last.locator(".nbs-error")
    assert "The pond is frozen. Wait for spring, then ask again." in error.text_content()
    chat.box.fill("And now?")
    chat.box.press("Enter")
    chat.wait("done")
    chat.says("Answer 3 to that.")
    texts = [text for _, text in chat.seen(1)]
    assert len(texts) == 5
    assert "fail, please" not in texts
    assert "HACKED" not in nb.page.title()

    # What is left of it in the file reads well without any kernel, and does nothing either.
    nb.save()
    nb.page.close()
    lab.shut_down_kernels()
    lab.receive("chat-mail", json.loads((lab.folder / "chat-more.ipynb").read_text()))
    for name, is_dead in (("chat-more", False), ("chat-mail", True)):
        again = notebook(name, is_dead=is_dead)
        output = again.page.locator(".jp-OutputArea-output").first
        output.get_by_text("And now?").wait_for()
        again.page.wait_for_timeout(2_500 if not is_dead else 0)  # how long a widget is waited for
        assert "model not found" not in again.page.locator(".jp-Notebook").text_content()
        assert again.page.locator(".nbs-chat").count() == 0
        shown = output.text_content()
        told = (hostile, "[1 image]", "Answer 1", "fail, please", "frozen", "And now?", "Answer 3")
        places = [shown.find(text) for text in told]
        assert -1 not in places
        assert places == sorted(places)
        assert output.locator("img, a, script").count() == 0
        assert "HACKED" not in again.page.title()
        assert output.evaluate("el => el.scrollWidth <= el.clientWidth + 1")
        again.shot(f"chat-saved-{'mail' if is_dead else 'author'}")


LOOK = '''import base64, time
from nbstream import *

class Slow(BaseChatModel):
    model_label = "a-model-that-thinks"
    def _stream_messages(self, messages, **_):
        time.sleep(600)
        yield AIMessageChunk("")

CODE = """Of course:\\n\\n```python
def swim(fish, *, depth=3.5, where="the moon", how="in a line that goes on and on, and on"):
    for stroke in range(10):
        yield fish.move(stroke)
```

| Fish | Colour | Where |
|---|---|---|
| Goldfish | orange | **pond** |
| Koi | any | *garden* |

1. Look
2. Feed
3. Do not tap the glass: `tap()` is deprecated"""
'''
EMPTY = LOOK + 'ChatView(ScriptedChat(["Blub."]))'
TALK = f"""chat = ChatView(
    ScriptedChat([CODE[i:i + 9] for i in range(0, len(CODE), 9)], name="fish-1"),
    price={{"input": 3, "output": 15}},
)
png = base64.b64decode({base64.b64encode(PNG).decode()!r})
word = "Donaudampfschifffahrtsgesellschaft" * 8
chat.ask("What is on this picture? " + word, images=[png]).result()
chat.ask("How do I swim?\\n\\nWith code, please, and in three lines at the most.").result()
chat.retry().result()
chat._source = ScriptedChat(["Half a ", ProviderError("Overloaded. Run it again in a moment.")])
chat.ask("And now?")
chat"""
MANY = """messages = []
for n in range(30):
    messages += [("human", f"Question {n + 1}?"), ("ai", f"Answer {n + 1}. " * (1 + n % 7 * 20))]
many = ChatView(ScriptedChat(["x"]), messages=messages)
many"""
WAITING = "waiting = ChatView(Slow())\nwaiting.ask('Are you there?')\nwaiting"
OVERFLOWS = """chat => [chat, ...chat.querySelectorAll(
    '.nbs-turns, .nbs-turn, .nbs-prompt, .nbs-header, .nbs-compose, .nbs-tabbar, .nbs-markdown'
)].filter(el => el.offsetWidth && el.scrollWidth > el.clientWidth + 1).map(el => el.className)"""


def wait_opacity(turn, value):
    """Wait until a turn's tabs and buttons are all in sight, or all out of it."""
    turn.page.wait_for_function(
        """([turn, value]) => [...turn.querySelectorAll('.nbs-tabbar, .nbs-header .nbs-buttons')]
            .every(el => getComputedStyle(el).opacity === value)""",
        arg=[turn.element_handle(), value],
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_well(notebook, theme):
    """In each state, wide and narrow; the pictures are for people to look at."""
    nb = notebook(f"chat-look-{theme}", [EMPTY, TALK, MANY, WAITING], theme=theme)
    nb.run_all()
    chats = nb.page.locator(".nbs-chat")
    names = ["empty", "talk", "many", "waiting"]
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1280, 620):
        nb.page.set_viewport_size({"width": width, "height": 1000})
        for place, name in enumerate(names):
            nb.page.locator(".jp-CodeCell").nth(place).scroll_into_view_if_needed()
            chat = chats.nth(place)
            chat.wait_for()
            nb.page.wait_for_timeout(400)
            nb.drawn()
            assert chat.evaluate(OVERFLOWS) == [], (name, width)
            chat.screenshot(path=SHOTS / f"chat-{name}-{theme}-{width}.png")
            if name == "talk":
                chat.locator(".nbs-turns").hover()
                nb.page.mouse.wheel(0, -5_000)
                nb.page.wait_for_timeout(300)
                nb.drawn()
                chat.screenshot(path=SHOTS / f"chat-{name}-top-{theme}-{width}.png")
    # At rest a turn is its text and one quiet line; the pointer and the keyboard bring its panel.
    turn = chats.nth(2).locator(".nbs-turn").last
    nb.page.mouse.move(2, 2)
    wait_opacity(turn, "0")
    top = turn.locator(".nbs-markdown").bounding_box()["y"]
    turn.locator(".nbs-markdown").hover()
    wait_opacity(turn, "1")
    nb.shot(f"chat-pointed-{theme}")
    # Nothing jumps, and the tabs take no line of their own.
    assert turn.locator(".nbs-markdown").bounding_box()["y"] == top
    assert top - turn.locator(".nbs-header").bounding_box()["y"] < 60
    nb.page.mouse.move(2, 2)
    wait_opacity(turn, "0")
    turn.get_by_role("tab", name="Markdown").focus()
    wait_opacity(turn, "1")
    chats.nth(2).get_by_label("Message").focus()
    wait_opacity(turn, "0")
    # The last turn is in sight, in a list of turns that is no longer than a page.
    turns = chats.nth(2).locator(".nbs-turns")
    assert turns.locator(".nbs-turn").count() == 30
    assert turns.evaluate("el => el.scrollHeight > 3 * el.clientHeight")
    assert turns.evaluate("el => el.scrollHeight - el.scrollTop - el.clientHeight < 24")


@pytest.mark.promise("README.md", "%chat view opens the conversation to type into")
def test_the_notebooks_conversation_as_a_chat(notebook):
    cells = [
        "%load_ext nbstream\nfrom nbstream import *\nbot = ScriptedChat(['Blub', '.'])\n"
        "%config ChatMagics.model = 'bot'",
        "%%chat\nFrom a cell",
        "%chat view",
        "%chat history",
        "%chat undo",
        "%%chat\nAnother cell",
    ]
    nb = notebook("chat-magic", cells)
    nb.run(3)
    nb.wait_idle()
    chat = Chat(nb)
    nb.page.wait_for_selector(".nbs-chat .nbs-turn")
    assert chat.prompts() == ["From a cell"]

    # What is written there belongs to the notebook's conversation.
    chat.box.fill("From the box")
    chat.box.press("Enter")
    chat.wait("done", "Blub.")
    nb.page.wait_for_function("() => document.querySelectorAll('.nbs-chat .nbs-turn').length === 2")
    nb.run_cell(3)
    history = nb.page.locator(".jp-CodeCell").nth(3).locator(".jp-Cell-outputArea tbody tr")
    history.nth(1).wait_for()
    assert ["From a cell" in row for row in history.all_text_contents()] == [True, False]
    assert "From the box" in history.nth(1).text_content()

    # What a cell does to it is seen there, in the view that is open.
    nb.run_cell(4)
    nb.page.wait_for_function("() => document.querySelectorAll('.nbs-chat .nbs-turn').length === 1")
    nb.run_cell(5)
    nb.page.wait_for_function("() => document.querySelectorAll('.nbs-chat .nbs-turn').length === 2")
    assert chat.prompts() == ["From a cell", "Another cell"]
    nb.shot("chat-magic")
