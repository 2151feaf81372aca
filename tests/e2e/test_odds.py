"""The odds of tokens in a real JupyterLab, on the embedded model: looked at, and gone on from."""

from .test_jupyterlab import view

ASK = """from nbstream import *

v = show(ChatLocal(top_logprobs=5, max_tokens=24), "Tell me about fish.", heat="logprob")"""
TEXTS = """() => [...document.querySelectorAll('.nbs-tokens .nbs-token')].map(
    token => [token.textContent, token.dataset.branch ?? '']
)"""


def test_the_model_goes_on_from_another_token(notebook):
    nb = notebook("odds", [ASK])
    page = nb.page
    nb.run(1)
    page.wait_for_selector(".nbs-odds-strip path[d^=M]", timeout=60_000)
    page.wait_for_selector(".nbstream[data-status=done]", timeout=60_000)
    page.wait_for_selector(".nbs-token[data-heat]")
    before = [text for text, _ in page.evaluate(TEXTS)]
    # By the keyboard alone: to the third token, what else it might have been, and one of those.
    tokens = view(nb).locator(".nbs-tokens")
    tokens.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(".nbs-card:visible .nbs-odds-row")
    nb.shot("odds-card")
    page.keyboard.press("Enter")
    page.wait_for_selector(".nbs-odds-chooser:visible button:not([aria-disabled])")
    nb.shot("odds-choose")
    page.wait_for_function(
        """() => {
            const now = document.activeElement;
            if (now.matches('.nbs-odds-row:not([aria-current])')) return true;
            now.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}));
        }"""
    )
    row = page.locator(".nbs-odds-row:focus .nbs-odds-token")
    chosen = row.text_content().replace("␣", " ").replace("⏎", "\n")
    page.keyboard.press("Enter")
    # The branch is shown alone: what it shares, the token that was chosen, and what the model adds.
    page.wait_for_function(
        """() => document.querySelector('.nbs-token[data-branch=chosen]')
            && document.querySelectorAll('.nbs-token').length > 4
            && document.querySelector('.nbstream[data-status=done]')""",
        timeout=60_000,
    )
    nb.drawn()
    after = page.evaluate(TEXTS)
    assert [text for text, _ in after[:2]] == before[:2]
    assert after[2] == [chosen, "chosen"]
    assert [mark for _, mark in after[:4]] == ["shared", "shared", "chosen", ""]
    assert page.locator(".nbs-odds-answer").count() == 2
    nb.shot("odds-branch")
    page.locator(".nbs-odds-pick[aria-pressed=true]").click()
    page.wait_for_function(
        "() => document.querySelectorAll('.nbs-parts:not([hidden]) .nbs-part').length === 2"
    )
    nb.shot("odds-beside")
    page.set_viewport_size({"width": 480, "height": 820})
    nb.drawn()
    nb.shot("odds-narrow")
