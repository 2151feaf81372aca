"""A page for a notebook's outputs as VS Code makes it (`js/tests/webview.ts`), on a real kernel."""

import subprocess
import sys
from pathlib import Path

from .lab import SHOTS

ROOT = Path(__file__).parents[2]
FILES = ROOT / "build" / "webview"
REQUIRE = ROOT / "js" / "node_modules" / "requirejs" / "require.js"
OWN = Path(sys.prefix)
"""Where the front ends of this Python's packages are."""

# What VS Code's notebooks lay around widgets: white, and the colours of JupyterLab's light theme.
AROUND_WIDGETS = """
:root { --jp-content-font-color1: black; --jp-layout-color1: white; --jp-border-color2: #e0e0e0;
  --jp-layout-color2: #eeeeee; --jp-brand-color1: #2196f3; --jp-code-font-family: monospace; }
.cell-output-ipywidget-background { background: white !important; }"""
THEMES = {
    "vscode-dark": AROUND_WIDGETS
    + """
html { --vscode-editor-foreground: #cccccc; --vscode-editor-background: #1f1f1f;
  --vscode-panel-border: #2b2b2b; --vscode-textLink-foreground: #4daafc;
  --vscode-list-hoverBackground: #2a2d2e; --vscode-font-family: system-ui;
  --vscode-editor-font-family: monospace; }
body { background: #1f1f1f; color: #cccccc; font-family: system-ui; }""",
    "vscode-light": AROUND_WIDGETS
    + """
html { --vscode-editor-foreground: #3b3b3b; --vscode-editor-background: #ffffff;
  --vscode-panel-border: #e5e5e5; --vscode-textLink-foreground: #005fb8;
  --vscode-list-hoverBackground: #f2f2f2; --vscode-font-family: system-ui;
  --vscode-editor-font-family: monospace; }
body { background: #ffffff; color: #3b3b3b; font-family: system-ui; }""",
    # It names no colour and no scheme: only its text tells that it is dark.
    "dark": "body { background: #181a1b; color: #dddddd; font-family: system-ui; }",
    "light": "body { background: #ffffff; color: #222222; font-family: system-ui; }",
}
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Outputs</title>
<style id="theme"></style></head><body>
<script src="/webview/require.js"></script><script src="/webview/page.js"></script></body></html>"""


class Webview:
    """A page with outputs. With ``kernel`` it is connected to one of that name."""

    def __init__(self, lab, browser, theme, *, kernel=None, version=8, prefix=OWN, draws_all=False):
        self.lab, self.prefix = lab, prefix
        self.page = browser.new_page(viewport={"width": 900, "height": 1000})
        self.page.route("**/webview/**", self._serve)
        # The server's own: Chromium lets no other page open a socket to this machine.
        self.page.goto(f"{lab.url}/login")
        self.page.set_content(PAGE)
        self.theme(theme)
        if kernel is None:
            return
        started = lab.request("POST", "api/kernels", {"name": kernel})
        settings = {"url": lab.url, "token": lab.token, "kernel": started["id"]}
        more = {"version": version, "drawsAll": draws_all}
        self.page.evaluate("(settings) => webview.connect(settings)", {**settings, **more})

    def _serve(self, route):
        path = route.request.url.partition("/webview/")[2].partition("?")[0]
        if path.startswith("nbextensions/"):
            return route.fulfill(path=self.prefix / "share" / "jupyter" / path)
        return route.fulfill(path=REQUIRE if path == "require.js" else FILES / path)

    def theme(self, name):
        style = "(text) => { document.querySelector('#theme').textContent = text; }"
        self.page.evaluate(style, THEMES[name])

    def run(self, code):
        """Run a cell to its end."""
        self.page.evaluate("(code) => webview.run(code)", code)

    def begin(self, code):
        """Run a cell, and do not wait for it."""
        self.page.evaluate("(code) => { void webview.run(code); }", code)

    def saved(self):
        return self.page.evaluate("() => webview.saved()")

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def build():
    """Make the page's script of what is there now."""
    assert (FILES / ".ready").exists(), "VS Code's managers are not here: make build/webview/.ready"
    esbuild = ROOT / "js" / "node_modules" / ".bin" / "esbuild"
    source = ROOT / "js" / "tests" / "webview.ts"
    made = f"--outfile={FILES / 'page.js'}"
    subprocess.run([esbuild, source, "--bundle", "--log-level=error", made], check=True)
