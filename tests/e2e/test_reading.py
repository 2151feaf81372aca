"""Markdown as it is read: formulas, sources, code and tables; and what axe-core says of it all."""

import re
from pathlib import Path

import pytest

from .test_jupyterlab import view, wait_for_status
from .test_views import AGENT, SHOW

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"

TEXT = r'''The roots of $ax^2 + bx + c = 0$, for \$5 or $5 to $10, are known [1][al]:

\[
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
\]

where \(\Delta = b^2 - 4ac\) says how many[^n] there are,
and $$\int_0^1 f(x)\,dx$$ is not \(\oops\).

$$
\begin{pmatrix} a & b \\ c & d \end{pmatrix} \begin{pmatrix} x \\ y \end{pmatrix} = \sum_{i=1}^n x_i
$$

| $n$ | what, "quoted" |
|---|---|
| 1 | a, b |
| =2 | c |

```python
import math

def roots(a: float, b: float, c: float) -> tuple[float, float]:
    """Both roots, and a line that is long enough for every window to be too narrow for it all."""
    d = math.sqrt(b * b - 4 * a * c)
    return (
        (-b + d) / (2 * a),
        (-b - d) / (2 * a),
    )


one, two = roots(1, -3, 2)
assert one == 2
assert two == 1
print(one, two)
```

[al]: https://example.com/algebra
[other]: https://example.com/other "Nobody leads here"
[^n]: Two, one or none.
'''
PIECES = re.findall(r"\S+\s*", TEXT)
ANSWER = f"from nbstream import *\nshow({PIECES!r}, view='markdown')"


def finished(nb):
    nb.run_all()
    wait_for_status(nb, "done")
    nb.page.wait_for_selector(".nbs-markdown math")
    nb.page.wait_for_function("document.querySelectorAll('.nbs-markdown math').length === 6")


@pytest.mark.parametrize(
    ("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 620), ("dark", 620)]
)
def test_an_answer_with_formulas_sources_and_code(notebook, theme, width):
    name = f"reading-{theme}-{width}"
    nb = notebook(name, [ANSWER], theme=theme, width=width)
    finished(nb)
    markdown = view(nb).locator(".nbs-markdown")
    assert markdown.locator("a", has_text="1").first.get_attribute("href") == (
        "https://example.com/algebra"
    )
    said = markdown.text_content()
    assert "$5 or $5 to $10" in said
    assert r"\(\oops\)" in said
    sources = markdown.locator(".nbs-md-source").all_text_contents()
    assert sources == ['[other]: https://example.com/other "Nobody leads here"']
    assert markdown.locator(".nbs-md-mark").get_attribute("title") == "Two, one or none."
    markdown.evaluate("el => { el.style.maxHeight = 'none'; }")
    nb.page.set_viewport_size({"width": width, "height": 1500})
    view(nb).scroll_into_view_if_needed()
    nb.shot(name)
    markdown.locator(".nbs-md-mark").click()
    assert nb.page.evaluate("document.activeElement.textContent") == "[n] Two, one or none."


def clipboard(nb):
    return nb.page.evaluate("navigator.clipboard.readText()")


def test_code_tables_and_formulas_are_taken_out_of_the_page(notebook):
    nb = notebook("taking", [ANSWER])
    finished(nb)
    markdown = view(nb).locator(".nbs-markdown")

    code = markdown.locator(".nbs-md-code")
    assert code.locator("pre").get_attribute("data-lines").splitlines()[-1] == "15"
    code.get_by_label("Wrap long lines").click()
    pre = code.locator("pre")
    assert pre.evaluate("el => el.scrollWidth <= el.clientWidth")
    code.get_by_label("Copy the code").click()
    nb.page.wait_for_function("document.querySelector('.nbs-md-copy').textContent === 'Copied'")
    copied = clipboard(nb)
    assert copied.startswith("import math\n\ndef roots(")
    assert copied.endswith("print(one, two)")

    code.get_by_label("Insert the code as a cell below").click()
    nb.page.wait_for_function("document.querySelectorAll('.jp-CodeCell').length === 3")
    inserted = nb.page.locator(".jp-CodeCell").nth(1)
    assert "def roots(" in inserted.locator(".cm-content").text_content()
    assert inserted.locator(".jp-InputPrompt").text_content() == "[ ]:"

    markdown.get_by_label("Copy the table as CSV").click()
    nb.page.wait_for_function("document.querySelector('.nbs-md-csv').textContent === 'Copied'")
    assert clipboard(nb).replace("\r\n", "\n") == ('$n$,"what, ""quoted"""\n1,"a, b"\n\'=2,c\n')

    nb.page.evaluate(
        """() => {
            document.querySelector('.nbs-markdown').focus();
            const range = document.createRange();
            range.selectNodeContents(document.querySelector('.nbs-markdown p'));
            document.getSelection().removeAllRanges();
            document.getSelection().addRange(range);
        }"""
    )
    nb.page.keyboard.press("Control+c")
    nb.page.wait_for_function(
        """async said => (await navigator.clipboard.readText()).trim() === said""",
        arg="The roots of $ax^2 + bx + c = 0$, for $5 or $5 to $10, are known 1:",
    )


def violations(nb, root):
    """What axe-core has to say of a part of the page."""
    found = nb.page.evaluate(
        """async (root) => {
            const { violations } = await axe.run(root, { resultTypes: ['violations'] });
            return violations.flatMap(({ id, nodes }) =>
                nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
        }""",
        root,
    )
    return [one[:600] for one in found]


def looked_at(nb):
    """Run the only cell: those far away would not be on the page."""
    nb.run(1)
    nb.page.wait_for_selector(".nbstream[data-status=done], .nbs-chat", timeout=60_000)
    nb.page.add_script_tag(path=AXE)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view_of_a_run(notebook, theme):
    nb = notebook(f"axe-run-{theme}", [AGENT + SHOW], theme=theme)
    looked_at(nb)
    run, found = view(nb), {}
    ready = {
        "Tokens": ".nbs-token",
        "Markdown": ".nbs-md table",
        "Transcript": ".nbs-tr-said table",
        "Events": ".nbs-event",
        "Timeline": "tr[data-type=tool]",
    }
    for name, part in ready.items():
        run.get_by_role("tab", name=name).click()
        run.locator(part).first.wait_for()
        if name == "Events":
            run.locator(".nbs-event").first.click()
        if name == "Timeline":
            run.locator(part).click()
            run.locator(".nbs-figures-button").click()
        found[name] = violations(nb, ".nbstream")
    run.get_by_label("Play it again").click()
    run.locator(".nbs-replay").wait_for()
    found["replay"] = violations(nb, ".nbstream")
    assert not any(found.values()), found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_formulas_and_code(notebook, theme):
    nb = notebook(f"axe-formulas-{theme}", [ANSWER], theme=theme)
    looked_at(nb)
    nb.page.wait_for_selector(".nbs-markdown math")
    assert violations(nb, ".nbstream") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_conversation(notebook, theme):
    chat = "from nbstream import *\nChatView(ScriptedChat(['Hello **you**']))"
    nb = notebook(f"axe-chat-{theme}", [chat], theme=theme)
    looked_at(nb)
    box = nb.page.get_by_label("Message")
    box.fill("Hi")
    box.press("Enter")
    nb.page.wait_for_selector(".nbs-chat .nbstream[data-status=done] .nbs-md strong")
    assert violations(nb, ".nbs-chat") == []
