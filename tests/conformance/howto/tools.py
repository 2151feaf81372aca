"""Tools."""

from typing import Annotated

from pydantic import BaseModel, Field

from .pages import add_tool, page


@page("tools")
def a_tool_from_a_function(lc):
    @lc.tool
    def multiply(a: int, b: int) -> int:
        """Multiply two numbers."""
        return a * b

    return [multiply.name, multiply.description, multiply.invoke({"a": 2, "b": 3})]


@page("tools")
def described_arguments(lc):
    @lc.tool
    def multiply(a: Annotated[int, "scale"], b: Annotated[list[int], "values"]) -> int:
        """Multiply a by the largest of b."""
        return a * max(b)

    return [multiply.args["a"]["description"], multiply.invoke({"a": 2, "b": [1, 3]})]


@page("tools")
def a_name_and_a_schema(lc):
    class CalculatorInput(BaseModel):
        a: int = Field(description="first number")
        b: int = Field(description="second number")

    @lc.tool("multiplication-tool", args_schema=CalculatorInput, return_direct=True)
    def multiply(a: int, b: int) -> int:
        """Multiply two numbers."""
        return a * b

    return [multiply.name, multiply.args["a"]["description"], multiply.return_direct]


@page("tools")
def a_docstring_of_googles(lc):
    @lc.tool(parse_docstring=True)
    def foo(bar: str, baz: int) -> str:
        """The foo.

        Args:
            bar: The bar.
            baz: The baz.
        """
        return bar

    return [foo.description, foo.args["bar"]["description"]]


@page("tools")
async def a_structured_tool(lc):
    def multiply(a: int, b: int) -> int:
        """Multiply two numbers."""
        return a * b

    async def amultiply(a: int, b: int) -> int:
        """Multiply two numbers."""
        return a * b * 10

    calculator = lc.StructuredTool.from_function(func=multiply, coroutine=amultiply)
    return [calculator.invoke({"a": 2, "b": 3}), await calculator.ainvoke({"a": 2, "b": 5})]


@page("tools")
def an_error_that_the_model_reads(lc):
    def get_weather(city: str) -> int:
        """Get weather for the given city."""
        raise lc.ToolException(f"Error: There is no city by the name of {city}.")

    tool = lc.StructuredTool.from_function(func=get_weather, handle_tool_error=True)
    return tool.invoke({"city": "foobar"})


@page("tools")
def an_error_handled_by_a_function(lc):
    def get_weather(city: str) -> int:
        """Get weather for the given city."""
        raise lc.ToolException("no city")

    tool = lc.StructuredTool.from_function(
        func=get_weather, handle_tool_error=lambda error: f"said: {error.args[0]}"
    )
    return tool.invoke({"city": "foobar"})


@page("tools")
def content_and_artifact(lc):
    @lc.tool(response_format="content_and_artifact")
    def numbers(size: int) -> tuple[str, list[int]]:
        """Generate numbers."""
        return f"Generated {size}.", list(range(size))

    call = {"name": "numbers", "args": {"size": 2}, "id": "123", "type": "tool_call"}
    message = numbers.invoke(call)
    return [numbers.invoke({"size": 2}), message.content, message.artifact]


@page("tools")
def tool_calls_of_an_answer(lc):
    call = {"name": "add", "args": '{"a": 1, "b": 2}', "id": "1", "index": 0}
    answer = lc.AIMessageChunk(content="", tool_call_chunks=[call])
    model = lc.chat(answer).bind_tools([add_tool(lc)])
    return model.invoke("What is 1 + 2?").tool_calls


@page("tools")
def the_tools_answers_go_back(lc):
    tools = {"add": add_tool(lc)}
    call = {"name": "add", "args": '{"a": 1, "b": 2}', "id": "1", "index": 0}
    asks = lc.chat(lc.AIMessageChunk(content="", tool_call_chunks=[call])).bind_tools(
        [*tools.values()]
    )
    messages = [lc.HumanMessage("What is 1 + 2?")]
    messages.append(asks.invoke(messages))
    for one in messages[-1].tool_calls:
        messages.append(tools[one["name"].lower()].invoke(one))
    return [[m.type for m in messages], messages[-1].content, lc.chat("3").invoke(messages).content]


@page("tools")
def a_chain_of_model_and_tools(lc):
    call = {"name": "add", "args": '{"a": 1, "b": 2}', "id": "1", "index": 0}
    model = lc.chat(lc.AIMessageChunk(content="", tool_call_chunks=[call]))
    chain = model.bind_tools([add_tool(lc)]) | (lambda x: x.tool_calls[0]["args"]) | add_tool(lc)
    return chain.invoke("x")


@page("tools")
def several_calls(lc):
    calls = [
        {"name": "add", "args": f'{{"a": {at}, "b": 1}}', "id": str(at), "index": at}
        for at in range(2)
    ]
    model = lc.chat(lc.AIMessageChunk(content="", tool_call_chunks=calls))
    add = add_tool(lc)
    chain = model | (lambda m: m.tool_calls) | add.map()
    return [message.content for message in chain.invoke("x")]


@page("tools")
def the_config_in_a_tool(lc):
    @lc.tool
    def who(x: int, config: lc.RunnableConfig) -> str:
        """Who."""
        return f"{x} {config['configurable']['user']}"

    return [who.invoke({"x": 1}, {"configurable": {"user": "me"}}), sorted(who.args)]


@page("tools")
async def stream_from_inside_a_tool(lc):
    @lc.tool
    async def shout(text: str, config: lc.RunnableConfig) -> str:
        """Shout."""
        chain = lc.chat("he", "llo") | lc.StrOutputParser() | (lambda t: t.upper())
        return await chain.ainvoke(text, config)

    stream = shout.astream_events({"text": "x"}, version="v2")
    return [e["event"] async for e in stream if e["event"] in ("on_tool_start", "on_tool_end")]


@page("tools")
def a_tool_of_langchains_own(lc):
    from langchain_core.tools import tool

    @tool
    def double(x: int) -> int:
        """Double."""
        return 2 * x

    return (lc.RunnableLambda(lambda x: {"x": x}) | double).invoke(4)


@page("tools")
def a_tool_from_langchains_retriever(lc):
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import create_retriever_tool

    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [Document(page_content=f"about {query}")]

    tool = create_retriever_tool(Shelf(), "search", "Search.")
    return (lc.RunnableLambda(lambda x: {"query": x}) | tool).invoke("fish")
