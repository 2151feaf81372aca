"""A model that is an agent's part in tests: it says one list of chunks a turn."""

from nbstream import AIMessageChunk, BaseChatModel


def call(name, args, index=0):
    chunk = {"name": name, "args": args, "id": f"call_{index}", "index": index}
    return AIMessageChunk(tool_call_chunks=[chunk])


class Asking(BaseChatModel):
    """Says one list of chunks a turn, of the turns that an answer has been given to."""

    def __init__(self, *turns):
        self.turns = turns
        self.asked = []
        self.bound = []

    def bind_tools(self, tools, **settings):
        self.bound.append(([getattr(one, "name", None) or one["name"] for one in tools], settings))
        return self

    def _stream_messages(self, messages, **_):
        self.asked.append(list(messages))
        for chunk in self.turns[len(self.asked) - 1]:
            yield AIMessageChunk(chunk) if isinstance(chunk, str) else chunk.copy()
