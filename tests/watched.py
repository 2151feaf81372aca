"""What the tests of `watch` run: unchanged programs, and what is seen of them."""

import threading

import anthropic
import httpx

ASKED = {"model": "fish", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
KEY = "sk-a-key-that-nobody-may-see-1234"


clients = []  # closed at the end of the test, else the garbage collector warns of their sockets


def client_of(endpoint, **options):
    clients.append(
        anthropic.Anthropic(api_key=KEY, base_url=endpoint.url, max_retries=0, **options)
    )
    return clients[-1]


def texts(client):
    """Return what an unchanged program makes of a stream."""
    with client.messages.stream(**ASKED) as stream:
        return [*stream.text_stream]


def ends(trace):
    """Return each run's name, text and last event."""
    last = {event.run.index: event.kind for event in trace.events}
    return [(run.name, text_of(trace.output(run)), last[run.index]) for run in trace.runs]


def text_of(output):
    return "" if output is None else output.text


def wait_for(trace, kind):
    """Return what is set once an event of this kind has been logged."""
    seen = threading.Event()
    trace.subscribe(lambda event: event.kind == kind and seen.set())
    if any(event.kind == kind for event in trace.events):
        seen.set()
    return seen


BLUB = ("Anthropic-compatible", "Blub.", "end")


def url(endpoint):
    return f"{endpoint.url}/v1/messages?key={KEY}"


def by_httpx(endpoint, library=httpx):
    with library.Client() as client, client.stream("POST", url(endpoint), json=ASKED) as answer:
        return [*answer.iter_lines()]


def stop_at_first_token(view):
    view.trace.subscribe(
        lambda event: event.kind == "chunk" and threading.Thread(target=view.stop).start()
    )
