"""The whole path, seen from the page: the embedded model, JupyterLab, Chromium."""

import json

import pytest

LOAD = "%load_ext nbstream"
# With no chance in it the answer has 87 tokens: long enough for the page to be seen at it.
SONG = """%%chat --model local --temperature 0 --as answer
Write me a 1 verse song about goldfish on the moon"""
SCRIPT = "from nbstream import ProviderError, ScriptedChat, show"

# Keeps, in each frame of the page, how many tokens it shows while a cell is running. The model's
# answers differ in length, and the shortest are over before a test has looked twice.
WATCH = """() => {
    window.seen = [];
    const look = () => {
        const prompts = [...document.querySelectorAll('.jp-InputPrompt')];
        const busy = prompts.some(prompt => prompt.textContent.includes('[*]'));
        const count = document.querySelectorAll('.nbs-token').length;
        if (busy && count > 0 && count !== window.seen.at(-1)) window.seen.push(count);
        requestAnimationFrame(look);
    };
    look();
}"""

GEOMETRY = """el => ({
    scrolls: el.scrollHeight > el.clientHeight,
    sideways: el.scrollWidth > el.clientWidth,
    at_end: el.scrollHeight - el.scrollTop - el.clientHeight < 24,
})"""


def view(notebook, index=-1):
    return notebook.page.locator(".nbstream").nth(index)


def text(notebook):
    return view(notebook).locator(".nbs-tokens").text_content()


def wait_for_status(notebook, status):
    notebook.page.wait_for_selector(f".nbstream[data-status={status}]", timeout=60_000)


@pytest.mark.promise(
    "README.md", "The answer appears below the cell word by word, with a bar between tokens"
)
@pytest.mark.promise("README.md", "copying leaves them out")
def test_a_prompt_streams_into_the_page_while_its_cell_runs(notebook):
    nb = notebook("song", [LOAD, SONG, "print('stored:', answer.text)"])
    nb.run(1)
    nb.wait_idle()
    nb.page.evaluate(WATCH)
    nb.run(1)

    # Tokens appear, and more of them, while the cell still runs.
    nb.page.wait_for_function("() => window.seen.length > 0", timeout=60_000)
    nb.wait_idle()
    seen = nb.page.evaluate("() => window.seen")
    assert len(set(seen)) > 3, seen

    wait_for_status(nb, "done")
    assert view(nb).locator(".nbs-word").text_content() == "Done"
    assert "SmolLM2-135M-Instruct (embedded)" in view(nb).locator(".nbs-model").text_content()
    assert "tokens/s" in view(nb).locator(".nbs-metrics").text_content()
    nb.shot("done-light")

    # Delimiters are drawn before every token but the first, and are not in the text.
    drawn = view(nb).evaluate(
        """root => [...root.querySelectorAll('.nbs-token')]
            .map(token => getComputedStyle(token, '::before').content)"""
    )
    assert drawn[0] == "none"
    assert len(drawn) > 5
    assert set(drawn[1:]) == {'"|" / ""'}
    shown = text(nb)
    assert "|" not in shown

    # What is copied is the text, by the keyboard and by the button.
    read = "() => navigator.clipboard.readText()"
    view(nb).locator(".nbs-tokens").click()
    view(nb).evaluate("root => getSelection().selectAllChildren(root.querySelector('.nbs-tokens'))")
    nb.page.keyboard.press("Control+c")
    assert nb.page.evaluate(read) == shown
    nb.page.evaluate("() => navigator.clipboard.writeText('')")
    view(nb).get_by_label("Copy the text").click()
    assert nb.page.evaluate(read) == shown

    # The message is there for the next cell.
    nb.page.click(".jp-Cell .cm-content >> nth=2")
    nb.run(1)
    nb.wait_idle()
    assert nb.output().text_content().strip() == ("stored: " + shown).strip()


def test_delimiters_can_be_switched_in_the_page_and_set_from_python(notebook):
    nb = notebook(
        "switch",
        [
            SCRIPT + "\nv = show(['a', 'b', 'c'])",
            "v.borders, v.delimiter = 'none', ' / '",
            "v.borders = 'delimiter'",
        ],
    )
    nb.run(1)
    nb.wait_idle()
    wait_for_status(nb, "done")
    before = "root => getComputedStyle(root.querySelectorAll('.nbs-token')[1], '::before').content"
    assert view(nb).evaluate(before) == '"|" / ""'
    view(nb).get_by_label("Borders between chunks").select_option("none")
    assert view(nb).evaluate(before) == "none"
    nb.page.click(".jp-Cell .cm-content >> nth=1")
    nb.run(2)
    nb.wait_idle()
    nb.page.wait_for_function(f"() => ({before})(document.querySelector('.nbstream')) != 'none'")
    assert view(nb).evaluate(before) == '" / " / ""'


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chunk_under_the_pointer_says_what_it_is(notebook, theme):
    song = "show(ScriptedChat(['Gold', 'fish', ' \U0001f41f', ' swims'], 0.01), 'x')"
    nb = notebook(f"card-{theme}", [f"{SCRIPT}\n{song}"], theme=theme)
    nb.run_all()
    wait_for_status(nb, "done")
    card = view(nb).locator(".nbs-card")
    assert not card.is_visible()
    view(nb).locator(".nbs-token").nth(2).hover()
    nb.shot(f"card-{theme}")
    assert card.is_visible()
    assert "U+0020 U+1F41F#3 of 4 · " in card.text_content()
    # All of it is on the page, though it is larger than the output it belongs to.
    seen = "el => { const r = el.getBoundingClientRect(); return r.height > 50 && r.width > 200 &&"
    seen += " document.elementsFromPoint(r.left + 5, r.bottom - 5) !== null; }"
    assert card.evaluate(seen)
    assert nb.output().evaluate("el => el.scrollHeight <= el.clientHeight + 1")
    view(nb).locator(".nbs-header").hover()
    assert not card.is_visible()


@pytest.mark.promise("README.md", "or by interrupting the kernel: the text received so far is kept")
def test_interrupting_keeps_the_partial_text(notebook):
    slow = "for_ever = ScriptedChat(['so ', 'it ', 'goes '] * 1000, delay=0.03)"
    nb = notebook("interrupt", [f"{SCRIPT}\n{slow}\nshow(for_ever, 'x', block=True)"])
    nb.run(1)
    wait_for_status(nb, "streaming")
    nb.page.keyboard.press("Escape")
    nb.page.keyboard.press("i")
    nb.page.keyboard.press("i")
    nb.wait_idle()
    wait_for_status(nb, "stopped")
    assert text(nb).startswith("so it goes")
    assert view(nb).locator(".nbs-word").text_content() == "Stopped"


@pytest.mark.promise("README.md", "Stop with the button, also while the cell keeps the kernel busy")
def test_the_stop_button_works_while_the_cell_is_busy(notebook):
    slow = "ScriptedChat(['so ', 'it ', 'goes '] * 5000, delay=0.02)"
    stuck = "RunnableLambda(lambda x: time.sleep(60))"
    nb = notebook(
        "stop",
        [
            f"import time\n{SCRIPT}, RunnableLambda\nv = show({slow}, 'x', block=True)",
            f"w = show({stuck}, 'x', block=True)",
            "print('went on:', v.status, w.status, v.text[:10])",
        ],
    )
    nb.run(1)
    nb.page.wait_for_function("() => document.querySelectorAll('.nbs-token').length > 20")
    nb.shot("stop-light")
    view(nb, 0).get_by_label("Stop", exact=True).click()
    nb.page.wait_for_selector(".nbstream[data-status=stopped]", timeout=5_000)
    nb.wait_idle()
    assert not view(nb, 0).locator(".nbs-stop").is_visible()
    nb.page.click(".jp-Cell .cm-content >> nth=1")
    nb.run(1)  # a run that gives no chunk to stop at
    nb.page.wait_for_function("() => document.querySelectorAll('.nbstream').length == 2")
    nb.page.wait_for_timeout(500)
    nb.drawn()
    assert nb.busy()
    view(nb, 1).get_by_label("Stop", exact=True).click()
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=stopped]').length == 2"
    )
    nb.page.click(".jp-Cell .cm-content >> nth=2")
    nb.run(1)
    nb.wait_idle()
    assert nb.output().text_content().strip() == "went on: stopped stopped so it goes"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_states_in_one_notebook(notebook, theme):
    failure = (
        "ProviderError('claude-sonnet-5-5 answered 529: Overloaded. The provider is overloaded: "
        "run this again in a moment.', status=529)"
    )
    nb = notebook(
        f"states-{theme}",
        [
            LOAD + "\n" + SCRIPT,
            "%%chat --model local --max-tokens 40 --delimiter ' · '\nName three fish.",
            f"""try:
    show(ScriptedChat(["Here", " is", " a", " start", {failure}]), "x", block=True)
except ProviderError:
    pass""",
            "show([''])",
            "%%chat --model nothing\nHi",
        ],
        theme=theme,
    )
    nb.run_all()
    wait_for_status(nb, "failed")
    nb.shot(f"states-{theme}")
    failed = nb.page.locator(".nbstream[data-status=failed]")
    assert failed.locator(".nbs-tokens").text_content() == "Here is a start"
    assert "run this again" in failed.locator(".nbs-error").text_content()
    assert "gave no text" in view(nb, 2).text_content()
    assert nb.output().text_content().startswith("Unknown model 'nothing'")


STEPS = """from nbstream import *
words = ["goldfish ", "on ", "the ", "moon "] * 4
def titled(x):
    return {"topic": x, "title": ScriptedChat(["A ", "title"], 0.05).invoke(x).content}
chain = (
    RunnableLambda(titled)
    | ChatPromptTemplate.from_template("{title}: {topic}")
    | RunnableParallel(
        song=ScriptedChat(words, 0.03) | StrOutputParser(),
        facts=RunnableLambda(lambda x: 1 / 0).with_fallbacks([ScriptedChat(["Round."], 0.2)]),
    )
    | (lambda d: d["song"] + d["facts"].text)
)
show(chain, "the moon")"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_steps_of_a_chain_stand_in_time(notebook, theme):
    nb = notebook(f"steps-{theme}", [STEPS], theme=theme)
    nb.run(1)
    nb.page.wait_for_selector(".nbstream")
    view(nb).get_by_role("tab", name="Timeline").click()
    nb.page.wait_for_selector(".nbs-timeline tbody tr")
    wait_for_status(nb, "done")
    nb.page.wait_for_timeout(300)
    nb.drawn()
    nb.shot(f"steps-{theme}")
    rows = view(nb).locator(".nbs-timeline tbody tr")
    names = [name.strip() for name in rows.locator(".nbs-step").all_text_contents()]
    assert names[:3] == ["RunnableSequence", "titled", "ScriptedChat"]
    tab = view(nb).get_by_role("tab", name="Timeline")
    assert tab.text_content() == f"Timeline{len(names)}"
    assert "failed · " in rows.nth(names.index("RunnableLambda")).text_content()
    assert "running" not in "".join(rows.all_text_contents())


def test_a_narrow_page_and_a_long_text(notebook):
    cell = (
        f"{SCRIPT}\nwords = ['goldfish ', 'on ', 'the ', 'moon', '.\\n'] * 300\n"
        "show(ScriptedChat(words, name='a-model-with-quite-a-long-name'), 'x')"
    )
    nb = notebook("narrow", [cell], width=560)
    nb.run_all()
    wait_for_status(nb, "done")
    nb.page.wait_for_selector(".nbstream[data-shown='1500']")
    nb.page.wait_for_timeout(500)
    nb.drawn()
    nb.shot("narrow-light")
    box = view(nb).locator(".nbs-tokens").evaluate(GEOMETRY)
    assert box == {"scrolls": True, "sideways": False, "at_end": True}


def test_the_end_stays_in_sight_until_the_reader_scrolls_up(notebook):
    slow = "ScriptedChat(['goldfish ', 'on ', 'the ', 'moon\\n'] * 250, delay=0.005)"
    nb = notebook("scroll", [f"{SCRIPT}\nshow({slow}, 'x')"])
    nb.run(1)
    nb.page.wait_for_function("() => document.querySelector('.nbstream')?.dataset.shown > 300")
    tokens = view(nb).locator(".nbs-tokens")
    assert tokens.evaluate(GEOMETRY)["at_end"]
    tokens.hover()
    nb.page.mouse.wheel(0, -200)
    nb.page.wait_for_timeout(300)
    nb.drawn()
    held = tokens.evaluate("el => el.scrollTop")
    nb.page.wait_for_timeout(700)
    nb.drawn()
    assert tokens.evaluate("el => el.scrollTop") == held
    assert view(nb).get_attribute("data-status") == "streaming"
    nb.page.mouse.wheel(0, 100_000)
    nb.page.wait_for_timeout(500)
    nb.drawn()
    assert tokens.evaluate(GEOMETRY)["at_end"]


def test_a_notebook_that_was_sent_reads_well(notebook, lab):
    """As a colleague gets it: no kernel that knows the widget, and not trusted."""
    chain = "show(ScriptedChat(['kept ', 'for ', 'ever']) | StrOutputParser(), 'x')"
    nb = notebook("saved", [f"from nbstream import *\n{chain}"])
    nb.run_all()
    wait_for_status(nb, "done")
    nb.wait_left()
    nb.save()

    saved = json.loads((lab.folder / "saved.ipynb").read_text())
    (output,) = saved["cells"][0]["outputs"]
    assert "".join(output["data"]["text/plain"]) == "kept for ever"
    assert "".join(output["data"]["text/markdown"]) == "kept for ever"

    saved["metadata"]["sent"] = True  # the signature no longer fits
    (lab.folder / "sent.ipynb").write_text(json.dumps(saved))
    sent = notebook("sent")
    sent.output().get_by_text("Done", exact=True).wait_for()
    assert sent.page.locator(".nbstream").count() == 0
    assert "kept |for |ever" in sent.output().text_content()
    sent.output().get_by_text("Timeline · 3 steps", exact=True).click()
    sent.shot("sent-light")


WAITS = """import pathlib, time
from nbstream import show

def answer():
    yield from ("A ", "goldfish ")
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.05)
    yield "is small."

view = show(answer())"""
SCROLL = "(at) => { window.jupyterapp.shell.currentWidget.content.scrollToItem(at); }"


def test_a_run_goes_on_in_a_cell_that_is_far_away(notebook, lab, tmp_path):
    plugin, go = "@jupyterlab/notebook-extension:tracker", tmp_path / "go"
    lab.set_plugin(plugin, {"windowingMode": "full"})
    try:
        nb = notebook("far", [WAITS.format(go=str(go)), *["x = 1\n" * 40] * 8])
        nb.run(1)
        nb.page.get_by_text("goldfish ", exact=True).wait_for()
        nb.page.evaluate(SCROLL, 8)
        # JupyterLab draws the cells in sight only.
        nb.page.wait_for_function("() => !document.querySelector('.nbstream').checkVisibility()")
        go.touch()
        nb.page.evaluate(SCROLL, 0)
        nb.page.locator(".nbs-token", has_text="is small.").wait_for()
        assert text(nb) == "A goldfish is small."
    finally:
        lab.set_plugin(plugin, {})
