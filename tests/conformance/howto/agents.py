"""Agents."""

from .pages import add_tool, page


@page("agents")
def the_loop_by_hand(lc):
    add = add_tool(lc)
    call = {"name": "add", "args": '{"a": 1, "b": 2}', "id": "1", "index": 0}
    answers = [lc.chat(lc.AIMessageChunk(content="", tool_call_chunks=[call])), lc.chat("It is 3.")]
    messages = [lc.HumanMessage("What is 1 + 2?")]
    for model in answers:
        answer = model.bind_tools([add]).invoke(messages)
        messages.append(answer)
        messages += [add.invoke(one) for one in answer.tool_calls]
    return [messages[-2].content if messages[-1].type == "tool" else messages[-1].content]


@page("agents")
def a_model_of_langchains_own(lc):
    from langchain_core.language_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    model = GenericFakeChatModel(messages=iter([AIMessage("Hello there")]))
    chain = lc.ChatPromptTemplate.from_template("{x}") | model | lc.StrOutputParser()
    return list(chain.stream({"x": 1}))


@page("agents")
def a_chat_model_class_of_langchains(lc):
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

    class Parrot(BaseChatModel):
        """Says the last message again."""

        n: int

        @property
        def _llm_type(self) -> str:
            return "parrot"

        def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
            raise NotImplementedError

        def _stream(self, messages, stop=None, run_manager=None, **kwargs):
            for letter in messages[-1].content[: self.n]:
                yield ChatGenerationChunk(message=AIMessageChunk(content=letter))

    chain = lc.ChatPromptTemplate.from_template("{x}") | Parrot(n=3) | lc.StrOutputParser()
    return [c for c in chain.stream({"x": "Meow!"}) if c]


@page("agents")
def history_with_langchains_own(lc):
    from langchain_core.chat_history import InMemoryChatMessageHistory

    history = InMemoryChatMessageHistory()
    history.add_user_message("Hi, I am Bob.")
    history.add_ai_message("Hi Bob.")
    prompt = lc.ChatPromptTemplate.from_messages([lc.MessagesPlaceholder("h"), ("human", "{q}")])
    return [m.content for m in prompt.invoke({"h": history.messages, "q": "Who?"}).to_messages()]


@page("agents")
def a_retriever_of_langchains_own(lc):
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return [Document(page_content=f"about {query}")]

    def format_docs(docs):
        return "\n\n".join(doc.page_content for doc in docs)

    setup = lc.RunnableParallel(context=Shelf() | format_docs, q=lc.RunnablePassthrough())
    return setup.invoke("fish")


@page("agents")
def langchains_own_in_front(lc):
    from langchain_core.prompts import ChatPromptTemplate

    prompt = ChatPromptTemplate.from_template("{x}")
    return (prompt | lc.RunnableLambda(lambda value: value.to_messages()[0].content)).invoke("a")
