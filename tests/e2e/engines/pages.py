"""Real widgets on a page without a notebook: what a kernel would send goes over HTTP."""

import json
import queue
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>nbstream</title>
<style>body { margin: 1em; font: 14px sans-serif; color-scheme: light dark; }</style>
<body><script type="module" src="/host.js"></script></body></html>"""
SCRIPT = Path(__file__).with_name("host.js")


class Pages:
    """Serves widgets by name; what they send is kept for the pages that listen."""

    def __init__(self, url):
        self.url = url
        self.widgets = {}
        self.listening = {}

    def add(self, widget):
        """Let a page have a widget; return the address of a page with only that."""
        name = str(len(self.widgets))
        self.widgets[name] = widget
        self.listening[name] = []

        def publish(kind, data=None, **_):
            if kind == "comm_msg":
                for one in list(self.listening[name]):
                    one.put(data)

        widget.comm.publish_msg = publish
        return f"{self.url}/?widget={name}"


@contextmanager
def serving():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            what, _, name = self.path.strip("/").partition("/")
            if what == "host.js":
                self.answer("text/javascript", SCRIPT.read_text())
            elif what == "state":
                state = pages.widgets[name].get_state()
                self.answer("application/json", json.dumps(state, default=str))
            elif what == "messages":
                self.stream(pages.listening[name])
            else:
                self.answer("text/html; charset=utf-8", HTML)

        def do_POST(self):
            content = json.loads(self.rfile.read(int(self.headers["content-length"])))
            widget = pages.widgets[self.path.rpartition("/")[2]]
            widget._handle_custom_msg(content, [])
            self.answer("text/plain", "")

        def answer(self, kind, text):
            body = text.encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def stream(self, listening):
            own = queue.SimpleQueue()
            listening.append(own)
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            try:
                self.wfile.write(b":\n\n")
                while (data := own.get()) is not None:
                    self.wfile.write(f"data: {json.dumps(data, default=str)}\n\n".encode())
                    self.wfile.flush()
            except OSError:  # the page is gone
                pass
            finally:
                listening.remove(own)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pages = Pages(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield pages
    finally:
        for waiting in pages.listening.values():
            for one in list(waiting):
                one.put(None)
        server.shutdown()
        server.server_close()
