"""Chromium, Firefox and WebKit, driven alike: by JavaScript, the mouse, the keyboard and pictures.

Firefox takes WebDriver's commands on a socket of its own (Marionette), without geckodriver, which
Debian lacks; WebKit takes them over HTTP from WebKitWebDriver, and needs a display.
"""

import base64
import itertools
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 60
SIZE = (1000, 900)
SPECIAL = {"Enter": "\ue007", "Tab": "\ue004", "Shift": "\ue008", "Escape": "\ue00c"}
SPECIAL |= {"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014"}
SPECIAL |= {"ArrowDown": "\ue015", "Home": "\ue011", "End": "\ue010"}


class Engine:
    """A browser with one page.

    A subclass gives ``goto``, ``js``, ``press``, ``_click`` and ``_picture``.
    """

    name: str

    def wait(self, expression, *args):
        """Wait until a JavaScript expression is truthy, and return its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.js(f"return {expression}", *args)):
            if time.monotonic() > deadline:
                seen = self.js("return document.body.innerText")
                raise AssertionError(f"{self.name}: not {expression} {args}\n{seen}")
            time.sleep(0.05)
        return value

    def click(self, selector):
        """Press the mouse in the middle of the first element that a selector finds in sight."""
        at = self.wait(
            "(() => { const found = [...document.querySelectorAll(arguments[0])].find("
            "one => one.checkVisibility()); if (!found) return null;"
            " found.scrollIntoView({block: 'nearest'}); const r = found.getBoundingClientRect();"
            " return [Math.round(r.x + r.width / 2), Math.round(r.y + r.height / 2)]; })()",
            selector,
        )
        self._click(*at)

    def type(self, text):
        for key in text:
            self.press(key)

    def shot(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._picture())


class Chromium(Engine):
    name = "chromium"

    def __init__(self, browser):
        width, height = SIZE
        self._page = browser.new_page(viewport={"width": width, "height": height})

    def goto(self, url):
        self._page.goto(url)

    def js(self, body, *args):
        return self._page.evaluate(f"args => (function () {{ {body} }}).apply(null, args)", args)

    def press(self, key):
        self._page.keyboard.press(key)

    def _click(self, x, y):
        self._page.mouse.click(x, y)

    def _picture(self):
        return self._page.screenshot(full_page=True)


class Driven(Engine):
    """One that takes WebDriver's commands; a subclass sends them."""

    def goto(self, url):
        self._command("Navigate", "url", {"url": url})

    def js(self, body, *args):
        script = {"script": body, "args": list(args)}
        return self._command("ExecuteScript", "execute/sync", script)

    def press(self, key):
        value = SPECIAL.get(key, key)
        does = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._act("key", does)

    def _click(self, x, y):
        move = {"type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": "viewport"}
        does = [move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self._act("pointer", does, parameters={"pointerType": "mouse"})

    def _act(self, kind, does, **more):
        source = {"type": kind, "id": kind, "actions": does, **more}
        self._command("PerformActions", "actions", {"actions": [source]})

    def _picture(self):
        return base64.b64decode(self._command("TakeScreenshot", "screenshot", None))


class Firefox(Driven):
    name = "firefox"

    def __init__(self, sock):
        self._file = sock.makefile("rwb")
        self._ids = itertools.count(1)
        self._read()  # who it is
        self._command("NewSession", "", {})
        self._command("SetWindowRect", "", {"width": SIZE[0], "height": SIZE[1]})

    def _read(self):
        length = b"".join(iter(lambda: self._file.read(1), b":"))
        return json.loads(self._file.read(int(length)))

    def _command(self, name, _, parameters):
        parameters = {"full": False} if name == "TakeScreenshot" else parameters
        data = json.dumps([0, next(self._ids), f"WebDriver:{name}", parameters]).encode()
        self._file.write(b"%d:%s" % (len(data), data))
        self._file.flush()
        _, _, error, result = self._read()
        assert not error, error
        return result.get("value")


class WebKit(Driven):
    name = "webkit"

    def __init__(self, url, binary):
        self._url = url + "/session"
        options = {"binary": str(binary), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        made = self._ask("POST", "", {"capabilities": wanted})
        self._url += "/" + made["sessionId"]
        self._ask("POST", "/window/rect", {"width": SIZE[0], "height": SIZE[1]})

    def _ask(self, method, path, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def _command(self, _, path, parameters):
        return self._ask("GET" if parameters is None else "POST", "/" + path, parameters)

    def close(self):
        self._ask("DELETE", "", None)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def started(*command, **more):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet, **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def connected(port):
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        assert time.monotonic() < deadline, f"nobody listens at {port}"
        time.sleep(0.05)


@contextmanager
def firefox(folder):
    port = free_port()
    wants = {"marionette.port": port, "browser.shell.checkDefaultBrowser": False}
    wants |= {"datareporting.policy.dataSubmissionEnabled": False, "app.update.enabled": False}
    lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in wants.items())
    (folder / "user.js").write_text("\n".join(lines))
    binary = shutil.which("firefox-esr") or shutil.which("firefox")
    assert binary, "no Firefox: run `make engines`"
    command = [binary, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
    with started(*command, env=os.environ | {"HOME": str(folder)}), connected(port) as sock:
        yield Firefox(sock)


@contextmanager
def webkit(folder):
    port = free_port()
    binary = next(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"), None)
    assert binary, "no WebKit: run `make engines`"
    # There are no namespaces for its sandbox in a container; the pages are our own.
    env = os.environ | {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "HOME": str(folder)}
    driver = ["WebKitWebDriver", f"--port={port}"]
    screen = "-screen 0 1280x1024x24"
    with started("xvfb-run", "-a", "-s", screen, *driver, env=env, start_new_session=True) as run:
        connected(port).close()
        engine = WebKit(f"http://127.0.0.1:{port}", binary)
        try:
            yield engine
        finally:
            engine.close()
            with suppress(ProcessLookupError):
                os.killpg(run.pid, 15)


DRIVEN = {"firefox": firefox, "webkit": webkit}
