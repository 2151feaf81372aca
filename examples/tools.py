"""A tool loop, and a typed object that grows: on the embedded model, with no key and no network.

The model is tiny: what it says is nonsense, and always of the right form.
"""

from typing import Literal

from pydantic import BaseModel, Field

from nbstream import ChatLocal, HumanMessage, Tool


def weather(city: Literal["Oslo", "Lima", "Hanoi"]) -> str:
    """Say what the weather is like."""
    return f"It rains in {city}."


tools = {"weather": Tool(weather)}
caller = ChatLocal(max_tokens=64).bind_tools(list(tools.values()), tool_choice="any")
answerer = ChatLocal(max_tokens=32)

conversation = [HumanMessage("What is the weather like in Lima?")]
message = caller.invoke(conversation)
while message.tool_calls:
    conversation.append(message)
    for call in message.tool_calls:
        result = tools[call["name"]].invoke(call)
        print(f"{call['name']}({call['args']['city']!r}) -> {result.content}")
        conversation.append(result)
    message = answerer.invoke(conversation)
print(message.text)


class Fish(BaseModel):
    """A fish."""

    name: str = Field(max_length=16)
    colour: Literal["red", "gold", "blue"]
    size: int = Field(ge=1, le=99)


question = "Invent a fish for an aquarium."
model = ChatLocal(max_tokens=96)
for fish in model.with_structured_output(Fish.model_json_schema()).stream(question):
    print(fish)
print(repr(model.with_structured_output(Fish).invoke(question)))
