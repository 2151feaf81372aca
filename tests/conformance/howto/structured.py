"""Structured output."""

from typing import Annotated

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from .pages import page


class Joke(BaseModel):
    """Joke to tell user."""

    setup: str = Field(description="The setup of the joke")
    punchline: str = Field(description="The punchline to the joke")
    rating: int | None = Field(default=None, description="How funny the joke is, from 1 to 10")


JOKE = '{"setup": "Why?", "punchline": "Because."}'


def joke_call(lc, args=JOKE):
    call = {"name": "Joke", "args": args, "id": "1", "index": 0}
    return lc.AIMessageChunk(content="", tool_call_chunks=[call])


@page("structured output")
def a_pydantic_model(lc):
    model = lc.chat(joke_call(lc)).with_structured_output(Joke)
    return model.invoke("Tell me a joke about cats").punchline


@page("structured output")
def a_typed_dict(lc):
    class Told(TypedDict):
        """Joke to tell user."""

        setup: Annotated[str, ..., "The setup of the joke"]
        punchline: Annotated[str, ..., "The punchline"]

    call = {"name": "Told", "args": JOKE, "id": "1", "index": 0}
    model = lc.chat(lc.AIMessageChunk(content="", tool_call_chunks=[call]))
    return model.with_structured_output(Told).invoke("x")


@page("structured output")
def a_json_schema(lc):
    schema = {
        "title": "Joke",
        "description": "Joke to tell user.",
        "type": "object",
        "properties": {"setup": {"type": "string"}, "punchline": {"type": "string"}},
        "required": ["setup", "punchline"],
    }
    return lc.chat(joke_call(lc)).with_structured_output(schema).invoke("x")


@page("structured output")
def the_raw_answer_too(lc):
    model = lc.chat(joke_call(lc)).with_structured_output(Joke, include_raw=True)
    answer = model.invoke("x")
    return [sorted(answer), answer["parsed"].setup, answer["parsing_error"]]


@page("structured output")
def the_error_in_its_place(lc):
    model = lc.chat(joke_call(lc, '{"setup": 5}')).with_structured_output(Joke, include_raw=True)
    answer = model.invoke("x")
    return [answer["parsed"], bool(answer["parsing_error"])]


@page("structured output")
def one_of_several(lc):
    class Response(BaseModel):
        """A response."""

        response: str

    class Final(BaseModel):
        """The final answer."""

        output: Response | Joke

    call = {"name": "Final", "args": f'{{"output": {JOKE}}}', "id": "1", "index": 0}
    model = lc.chat(lc.AIMessageChunk(content="", tool_call_chunks=[call]))
    return type(model.with_structured_output(Final).invoke("x").output).__name__


@page("structured output")
def a_prompt_and_a_parser(lc):
    parser = lc.PydanticOutputParser(pydantic_object=Joke)
    prompt = lc.ChatPromptTemplate.from_messages(
        [("system", "Answer so:\n{format}"), ("human", "{query}")]
    ).partial(format=parser.get_format_instructions())
    return (prompt | lc.chat("```json\n", JOKE, "\n```") | parser).invoke({"query": "x"}).setup


@page("structured output")
def json_with_a_schema(lc):
    parser = lc.JsonOutputParser(pydantic_object=Joke)
    prompt = lc.PromptTemplate(
        template="Answer.\n{format}\n{query}\n",
        input_variables=["query"],
        partial_variables={"format": "as JSON"},
    )
    return (prompt | lc.chat(JOKE) | parser).invoke({"query": "x"})


@page("structured output")
def a_parser_of_ones_own(lc):
    def parse(message) -> str:
        return message.content.swapcase()

    return (lc.chat("Hello") | parse).invoke("x")


@page("structured output")
def a_parser_class_of_ones_own(lc):
    class Yes(lc.BaseOutputParser[bool]):
        """Yes or no."""

        word: str = "YES"

        def parse(self, text: str) -> bool:
            return text.strip().upper() == self.word

    return [(lc.chat("yes") | Yes()).invoke("x"), Yes(word="OKAY").invoke("okay")]


@page("structured output")
def lists_with_langchains_own(lc):
    from langchain_core.output_parsers import CommaSeparatedListOutputParser

    chain = lc.chat("red, ", "green, blue") | CommaSeparatedListOutputParser()
    return [chain.invoke("x"), list(chain.stream("x"))]


@page("structured output")
def numbered_lists_with_langchains_own(lc):
    from langchain_core.output_parsers import MarkdownListOutputParser, NumberedListOutputParser

    return [
        (lc.chat("1. a\n2. b") | NumberedListOutputParser()).invoke("x"),
        (lc.chat("- a\n- b\n") | MarkdownListOutputParser()).invoke("x"),
    ]


@page("structured output")
def xml_with_langchains_own(lc):
    from langchain_core.output_parsers import XMLOutputParser

    return (lc.chat("<a><b>1</b></a>") | XMLOutputParser(parser="xml")).invoke("x")


@page("structured output")
def tool_calls_with_langchains_own(lc):
    from langchain_core.output_parsers.openai_tools import PydanticToolsParser

    chain = lc.chat(joke_call(lc)) | PydanticToolsParser(tools=[Joke], first_tool_only=True)
    return chain.invoke("x").setup
