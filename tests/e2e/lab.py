"""A real JupyterLab in a real Chromium: what the browser tests and the screenshots drive."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
NAMES = [os.environ.get("CHROMIUM") or "chromium", "chromium-browser", "google-chrome"]
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# How many times slower than this machine the pages run: what counts on speed shows itself then.
SLOWDOWN = float(os.environ.get("SLOWDOWN") or 1)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def open_browser():
    """Start the Chromium that `make chromium` found or installed."""
    assert CHROMIUM, "no Chromium: run `make chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


# Whether the page's kernel takes cells: it does not at once, though the page says that it is idle.
READY = """async () => {
    const context = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
    const kernel = context?.session?.kernel;
    if (kernel?.connectionStatus !== "connected") return false;
    const late = new Promise(resolve => setTimeout(resolve, 2000, null));
    const future = kernel.requestExecute({ code: "", silent: true });
    const reply = await Promise.race([late, future.done]);
    return reply?.content.status === "ok" && context.session.kernel === kernel;
}"""


# Three frames: one may be under way, one draws, and what that asks for is drawn in the third.
DRAWN = """async () => {
    for (let i = 0; i < 3; i++) {
        await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    }
}"""


class Lab:
    """A JupyterLab server on a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.token = secrets.token_hex(8)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{s.getsockname()[1]}"
        self.log = folder.parent / "lab.log"
        port = self.url.rpartition(":")[2]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                    f"--ServerApp.port={port}",
                    f"--IdentityProvider.token={self.token}",
                    f"--ServerApp.root_dir={folder}",
                    "--LabApp.news_url=None",
                    "--LabApp.expose_app_in_browser=True",
                    "--JupyterNotebookApp.expose_app_in_browser=True",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder.parent,
                env={
                    **{k: v for k, v in os.environ.items() if k != "ANTHROPIC_API_KEY"},
                    "JUPYTERLAB_SETTINGS_DIR": str(folder.parent / "settings"),
                    "JUPYTERLAB_WORKSPACES_DIR": str(folder.parent / "workspaces"),
                    "JUPYTER_CONFIG_DIR": str(folder.parent / "config"),
                    "JUPYTER_PATH": str(folder.parent / "share"),
                },
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.request("GET", "api/status")
                break
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.2)
        # The question about news would lie over the screenshots.
        self.set("notification", {"fetchNews": "false", "checkForUpdates": False})

    def request(self, method, path, content=None):
        request = urllib.request.Request(
            f"{self.url}/{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def set(self, group, settings):
        self.set_plugin(f"@jupyterlab/apputils-extension:{group}", settings)

    def set_plugin(self, plugin, settings):
        self.request("PUT", f"lab/api/settings/{plugin}", {"raw": json.dumps(settings)})

    def theme(self, name):
        self.set("themes", {"theme": f"JupyterLab {name.capitalize()}"})

    def receive(self, name, content):
        """Put a notebook there as it comes by mail: its signature and its kernel are not here."""
        gone = {"name": "gone", "display_name": "Gone", "language": "gone"}
        metadata = {"kernelspec": gone, "language_info": {"name": "gone"}}
        (self.folder / f"{name}.ipynb").write_text(json.dumps({**content, "metadata": metadata}))

    def add_kernel(self, name, python, env=None):
        """Offer the kernel of another Python under this name."""
        folder = self.folder.parent / "share" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        argv = [
            python,
            "-Xfrozen_modules=off",
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ]
        spec = {"argv": argv, "display_name": name, "language": "python", "env": env or {}}
        (folder / "kernel.json").write_text(json.dumps(spec))

    def shut_down_kernels(self):
        deadline = time.monotonic() + 30
        while kernels := self.request("GET", "api/kernels"):
            assert time.monotonic() < deadline, f"still there: {kernels}"
            for kernel in kernels:
                # One that is gone, or that restarts just now, cannot be shut down.
                with suppress(urllib.error.HTTPError):
                    self.request("DELETE", f"api/kernels/{kernel['id']}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Notebook:
    """A notebook open in the page.

    ``app`` is "lab" or "notebook". ``kernel`` is one that `Lab.add_kernel` offers. ``is_dead`` says
    that the file names a kernel that is not there: it is then opened without any.
    """

    def __init__(
        self,
        lab,
        browser,
        name,
        cells=None,
        width=1280,
        scale=1,
        app="lab",
        kernel="python3",
        is_dead=False,
    ):
        self.lab, self.name = lab, name
        if cells is not None:
            spec = {"name": kernel, "display_name": kernel, "language": "python"}
            content = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
                metadata={"kernelspec": spec},
            )
            nbformat.write(content, lab.folder / f"{name}.ipynb")
        size = {"width": width, "height": 820}
        self.page = browser.new_page(viewport=size, device_scale_factor=scale)
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        if SLOWDOWN > 1:
            session = self.page.context.new_cdp_session(self.page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        # A workspace of its own, else another test's tab lies over this one.
        workspace = f"{name}-{secrets.token_hex(4)}"
        place = f"lab/workspaces/{workspace}/tree" if app == "lab" else "notebooks"
        self.page.goto(f"{lab.url}/{place}/{name}.ipynb?token={lab.token}")
        if is_dead:
            self.page.click(".jp-Dialog button:has-text('No Kernel')")
        else:
            self.wait_ready()
        if app == "lab":
            self.page.keyboard.press("Control+b")  # the file browser takes the room
        self.page.click(".jp-CodeCell .cm-content >> nth=0")

    def wait_ready(self):
        # The page says "idle" a moment before its kernel takes cells.
        deadline = time.monotonic() + 60
        while not self.page.evaluate(READY):
            assert time.monotonic() < deadline, "the kernel takes no cells"
            self.page.wait_for_timeout(100)
        self.wait_idle()

    def reload(self):
        """Load the page anew, as the reader would; the kernel goes on."""
        self.page.reload()
        self.page.wait_for_selector(".jp-CodeCell")

    def run(self, cells=1):
        for _ in range(cells):
            self.page.keyboard.press("Shift+Enter")

    def run_all(self):
        self.run(self.page.locator(".jp-CodeCell").count())
        self.wait_idle()

    def wait_idle(self):
        self.page.wait_for_selector(
            ".jp-Notebook-ExecutionIndicator[data-status=idle]",
            state="attached",  # a narrow toolbar hides it
            timeout=60_000,
        )

    def run_cell(self, index):
        """Run one cell, wherever the last one left the notebook."""
        self.page.click(f".jp-CodeCell .cm-content >> nth={index}")
        self.run()

    def busy(self):
        return self.page.locator(".jp-InputPrompt", has_text="[*]").count() > 0

    def save(self):
        file = self.lab.folder / f"{self.name}.ipynb"
        before = file.stat().st_mtime_ns
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        deadline = time.monotonic() + 20
        while file.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline, "the notebook was not saved"
            self.page.wait_for_timeout(100)
        self.page.wait_for_selector(".jp-mod-current .jp-DirtyIndicator", state="detached")
        self.page.wait_for_timeout(500)

    def drawn(self):
        """Wait until what was done is drawn, however long the page takes for its frames."""
        self.page.evaluate(DRAWN)

    def wait_left(self):
        """Wait until Python has left its transcript in each output, in the widget's place."""
        self.page.wait_for_function(
            "() => !document.querySelector('.jupyter-widgets .nbstream, [data-nbstream-page]')"
        )

    def output(self, index=-1):
        return self.page.locator(".jp-OutputArea-output").nth(index)

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")
