"""`show` of what each library hands out as a stream."""

import openai

from nbstream import show


def test_openai_is_reached(url):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none")
    stream = client.chat.completions.create(model="m", messages=[], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream).startswith("It is")
    assert show(iter(["a"])).text == "a"
