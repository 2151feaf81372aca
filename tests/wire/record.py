"""Record what the embedded server sends, in each dialect it speaks.

``python -m tests.wire.record`` writes the fixtures whose names begin with the dialect and
``embedded``; read their diff.
"""

import json
import re
import urllib.request

from nbstream.models._engine import Setup, server_of

from .streams import FOLDER

ASKED = [{"role": "user", "content": "Count from one to five."}]
BODIES = {
    "anthropic": ("/v1/messages", {"messages": ASKED, "max_tokens": 12}),
    "openai_chat": (
        "/v1/chat/completions",
        {
            "messages": ASKED,
            "max_tokens": 12,
            "logprobs": True,
            "top_logprobs": 3,
            "stream_options": {"include_usage": True},
        },
    ),
    "openai_responses": ("/v1/responses", {"input": ASKED, "max_output_tokens": 12}),
}


def ask(path, body):
    """Return the bytes that the embedded server answers."""
    server = server_of(Setup())
    request = urllib.request.Request(
        server.url + path,
        data=json.dumps({"model": "SmolLM2-135M-Instruct", **body}).encode(),
        headers={
            "Authorization": f"Bearer {server.key.reveal()}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        return response.read()


def main():
    for dialect, (path, body) in BODIES.items():
        for name, stream in (("embedded.sse", True), ("embedded.json", False)):
            data = ask(path, {**body, "stream": stream}).decode()
            # Times are no part of the format, and differ each time.
            data = re.sub(r',"timings":\{[^}]*\}', "", data)
            (FOLDER / f"{dialect}.{name}").write_text(data)


if __name__ == "__main__":
    main()
