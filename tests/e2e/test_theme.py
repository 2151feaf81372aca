"""What a page has set up: the size of its letters, and which way it is read."""

RUN = """from nbstream import *
def last(text):
    import time
    time.sleep(0.2)  # so that there is a bar to the left of the next one
    return text
chain = RunnableLambda(last) | ScriptedChat(["goldfish "] * 30)
v = show(chain, "x", view="timeline", block=True)"""
SIZES = """() => Object.fromEntries(
    [".nbs-tokens", ".nbs-header", ".nbs-list", ".nbs-event"].map(name => {
        const el = document.querySelector(".nbstream " + name);
        return [name, [parseFloat(getComputedStyle(el).fontSize), el.offsetHeight]];
    })
)"""
LARGER = """() => {
    for (const [name, size] of [["content", 28], ["ui", 26]]) {
        document.body.style.setProperty(`--jp-${name}-font-size1`, `${size}px`);
    }
}"""
PLACES = """() => {
    const middle = el => {
        const { left, width } = el.getBoundingClientRect();
        return left + width / 2;
    };
    const [begin, end] = document.querySelectorAll(".nbs-ruler span");
    const [, first, second] = document.querySelectorAll(".nbs-bar");
    return [begin, first, second, end].map(middle);
}"""


def test_views_are_as_large_as_the_pages_letters_and_read_its_way(notebook):
    nb = notebook("theme", [RUN])
    nb.run_all()
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    nb.wait_left()
    view = nb.page.locator(".nbstream").first
    begin, first, second, end = nb.page.evaluate(PLACES)
    assert begin < min(first, end)
    assert first < second

    view.get_by_role("tab", name="Events").click()
    nb.page.wait_for_selector(".nbs-event")
    before = nb.page.evaluate(SIZES)
    assert [size for size, _ in before.values()] == [14, 12, 12, 12]
    nb.page.evaluate(LARGER)
    # In the list the last line is where it belongs, so the next one is not drawn over it.
    nb.page.wait_for_function(
        """() => {
            const lines = document.querySelectorAll(".nbs-event");
            const space = document.querySelector(".nbs-space").offsetHeight;
            return lines[0].offsetHeight === 48 && space % 48 === 0 && space > 48 * 32;
        }"""
    )
    after = nb.page.evaluate(SIZES)
    assert [size for size, _ in after.values()] == [28, 24, 24, 24]
    nb.shot("theme-larger-events")
    view.get_by_role("tab", name="Tokens").click()
    nb.shot("theme-larger")

    nb.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    view.get_by_role("tab", name="Timeline").click()
    nb.drawn()
    begin, first, second, end = nb.page.evaluate(PLACES)
    assert begin > max(first, end)
    assert first > second
    nb.shot("theme-right-to-left")
