"""A page that is loaded again while a cell keeps the kernel busy."""

CELLS = [
    """%load_ext nbstream
from nbstream import *
import pathlib, time
class Gated(ScriptedChat):
    def _stream_messages(self, messages, **options):
        for i, chunk in enumerate(super()._stream_messages(messages, **options)):
            while i == 3 and not pathlib.Path('open-busy').exists():
                time.sleep(0.02)
            yield chunk
bot = Gated(["goldfish ", "on ", "the ", "moon"])
slow = ScriptedChat(["round ", "it ", "goes "] * 2_000, delay=0.05)""",
    "v = show(slow, 'x')",
    "%%chat -m bot\nHi",
]


def test_the_transcript_is_there_until_the_kernel_can_be_asked(notebook, lab):
    gate = lab.folder / "open-busy"
    gate.unlink(missing_ok=True)
    nb = notebook("reload-busy", CELLS)
    nb.run(3)
    nb.page.get_by_text("goldfish on the").last.wait_for()
    nb.page.locator(".nbstream .nbs-tokens").get_by_text("round it goes").first.wait_for()
    nb.save()
    nb.reload()
    for i, text in ((1, "round it goes"), (2, "goldfish on the")):
        out = nb.page.locator(".jp-CodeCell").nth(i).locator(".jp-OutputArea-output").first
        out.get_by_text(text).first.wait_for()
        assert "Saved while streaming" in out.inner_text()
    assert nb.page.get_by_text("Loading widget").count() == 0
    nb.shot("reload-busy")
    gate.touch()
    nb.page.locator(".nbstream[data-status=done]").get_by_text("moon").first.wait_for()
    nb.page.locator(".nbstream[data-status=streaming]").first.wait_for()
