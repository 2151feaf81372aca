"""Stream from the embedded model: no key, no network."""

from nbstream import ChatLocal

for chunk in ChatLocal().stream("Write me a 1 verse song about goldfish on the moon"):
    print(chunk.content, end="|", flush=True)
print()
