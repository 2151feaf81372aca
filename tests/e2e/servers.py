"""Servers other than JupyterLab, each with one file that it shows."""

import os
import socket
import subprocess
import sys
import time
import urllib.request


class Server:
    """A program that serves one notebook or app; ``{port}`` in its words is where."""

    def __init__(self, words, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        env = {k: v for k, v in os.environ.items() if k != "ANTHROPIC_API_KEY"}
        own = {"JUPYTER_CONFIG_DIR": str(folder / "config"), "XDG_CONFIG_HOME": str(folder / "xdg")}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *(word.format(port=port) for word in words)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**env, **own},
            )

    def wait(self, path="/"):
        """Wait until it answers, whatever it says."""
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(self.url + path, timeout=60):
                    return self
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
