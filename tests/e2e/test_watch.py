"""``%%watch`` over code that knows nothing of nbstream, in a real JupyterLab."""

import json

from .endpoint import chat_endpoint

SETUP = """%load_ext nbstream
import openai
client = openai.OpenAI(base_url="{url}/v1", api_key="sk-none-of-your-business-1")"""
LOOP = """%%watch
for question in ("First?", "Second?"):
    stream = client.chat.completions.create(
        model="goldfish", stream=True, messages=[{"role": "user", "content": question}]
    )
    answer = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
print("The loop is over.", len(answer))"""
