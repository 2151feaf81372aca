"""Prompts: content blocks with gaps in them, and what parsers say for a prompt."""

import pytest
from pydantic import BaseModel, Field

from .sides import langchain, ours, run, same

BLOCKS = {
    "an image's text": [{"type": "image_url", "image_url": "https://x.example/{a}"}],
    "an image's dict": [{"type": "image_url", "image_url": {"url": "{a}", "detail": "{b}"}}],
    "an image without a type": [{"image_url": "{a}"}],
    "a text without a type": [{"text": "{a}"}],
    "a text": ["{a}", {"type": "text", "text": "{b}"}],
    "a type": [{"type": "{a}", "x": "{b}"}],
    "a type inside": [{"type": "image", "source": {"type": "{a}", "data": "{b}"}}],
    "a type in a list": [{"type": "x", "y": ["{a}", {"type": "{b}"}, 5]}],
    "a tuple": [{"type": "x", "y": ("{a}", {"z": "{b}"})}],
    "more than an image": [{"type": "image_url", "image_url": "{a}", "index": 0}],
    "more than a text": [{"type": "text", "text": "{a}", "cache_control": {"type": "{b}"}}],
    "a number for an image": [{"type": "image_url", "image_url": 5}],
    "a file for an image": [{"type": "image_url", "image_url": {"path": "{a}"}}],
    "a number": [5],
}


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS)
def test_blocks(blocks):
    async def program(lc):
        made = []
        for role in ("human", "system", "ai"):
            prompt = lc.ChatPromptTemplate.from_messages([(role, blocks)])
            values = prompt.invoke({"a": "A", "b": "B"})
            made.append([prompt.input_variables, values.messages[0].content])
        return made

    assert run(program, ours()) == run(program, langchain())


class Fish(BaseModel):
    name: str = Field(description="Wie er hei\u00dft, \u9c7c")


@same
async def test_format_instructions_keep_other_scripts(lc):
    parsers = [
        lc.JsonOutputParser(pydantic_object=Fish),
        lc.PydanticOutputParser(pydantic_object=Fish),
    ]
    return [Fish.model_fields["name"].description in p.get_format_instructions() for p in parsers]
