"""Prompts and messages."""

from .pages import page


@page("prompts")
def partial_by_a_function(lc):
    prompt = lc.PromptTemplate(
        template="Tell me a {adjective} joke about the day {date}",
        input_variables=["adjective"],
        partial_variables={"date": lambda: "today"},
    )
    return prompt.format(adjective="funny")


@page("prompts")
def partial_by_a_value(lc):
    prompt = lc.PromptTemplate.from_template("{foo}{bar}")
    return prompt.partial(foo="foo").format(bar="baz")


@page("prompts")
def compose_texts(lc):
    prompt = (
        lc.PromptTemplate.from_template("Tell me a joke about {topic}")
        + ", make it funny"
        + "\n\nand in {language}"
    )
    return prompt.format(topic="sports", language="spanish")


@page("prompts")
def compose_messages(lc):
    prompt = lc.SystemMessage(content="You are a nice pirate")
    new = prompt + lc.HumanMessage(content="hi") + lc.AIMessage(content="what?") + "{input}"
    return new.format_messages(input="i said hi")


@page("prompts")
def messages_by_role(lc):
    prompt = lc.ChatPromptTemplate(
        [("system", "You are {name}."), ("human", "Hello"), ("ai", "Hi!"), ("human", "{input}")]
    )
    return prompt.invoke({"name": "Bob", "input": "What is your name?"})


@page("prompts")
def a_placeholder(lc):
    prompt = lc.ChatPromptTemplate(
        [("system", "Be kind."), lc.MessagesPlaceholder("msgs", optional=True), ("human", "{q}")]
    )
    return [prompt.invoke({"q": 1}), prompt.invoke({"q": 1, "msgs": [lc.HumanMessage("hi!")]})]


@page("prompts")
def a_placeholder_by_role(lc):
    prompt = lc.ChatPromptTemplate.from_messages([("system", "s"), ("placeholder", "{msgs}")])
    return prompt.invoke({"msgs": [("human", "hi!"), ("ai", "yo")]})


@page("prompts")
def an_image_in_a_prompt(lc):
    block = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,{data}"}}
    prompt = lc.ChatPromptTemplate.from_messages(
        [("system", "Describe it."), ("human", [{"type": "text", "text": "{what}"}, block])]
    )
    return prompt.invoke({"data": "AAAA", "what": "this"})


@page("prompts")
def few_shot_with_langchains_own(lc):
    from langchain_core.prompts import FewShotPromptTemplate, PromptTemplate

    few = FewShotPromptTemplate(
        examples=[{"input": "2+2", "output": "4"}],
        example_prompt=PromptTemplate.from_template("{input} = {output}"),
        suffix="{question} =",
        input_variables=["question"],
    )
    chain = lc.RunnablePassthrough() | few | lc.chat("6") | lc.StrOutputParser()
    return [few.invoke({"question": "3+3"}).to_string(), chain.invoke({"question": "3+3"})]


@page("prompts")
def mustache_with_langchains_own(lc):
    from langchain_core.prompts import ChatPromptTemplate

    prompt = ChatPromptTemplate.from_messages([("human", "{{x}}!")], template_format="mustache")
    seen = lc.RunnableLambda(lambda value: value.to_messages()[0].content)
    return (lc.RunnablePassthrough() | prompt | seen).invoke({"x": "hi"})


@page("messages")
def trim_with_langchains_own(lc):
    from langchain_core.messages import trim_messages

    trimmer = trim_messages(max_tokens=2, strategy="last", token_counter=len, include_system=True)
    history = [lc.SystemMessage("s"), lc.HumanMessage("a"), lc.AIMessage("b"), lc.HumanMessage("c")]
    seen = lc.RunnableLambda(lambda messages: [m.content for m in messages])
    return (lc.RunnablePassthrough() | trimmer | seen).invoke(history)


@page("messages")
def filter_with_langchains_own(lc):
    from langchain_core.messages import filter_messages

    keep = filter_messages(include_types=["human"])
    seen = lc.RunnableLambda(lambda messages: [m.content for m in messages])
    messages = [lc.SystemMessage("s"), lc.HumanMessage("a"), lc.AIMessage("b")]
    return (lc.RunnablePassthrough() | keep | seen).invoke(messages)


@page("messages")
def merge_with_langchains_own(lc):
    from langchain_core.messages import merge_message_runs

    messages = [lc.HumanMessage("a"), lc.HumanMessage("b"), lc.AIMessage("c")]
    seen = lc.RunnableLambda(lambda messages: [m.content for m in messages])
    return (lc.RunnablePassthrough() | merge_message_runs() | seen).invoke(messages)


@page("messages")
def print_a_message(lc):
    return lc.HumanMessage("Hi", name="me").pretty_repr()


@page("messages")
def standard_blocks(lc):
    message = lc.AIMessage(
        [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Hi"}]
    )
    return [[b["type"] for b in message.content_blocks], str(message.text)]


@page("messages")
def copy_a_message(lc):
    return lc.AIMessage("a", id="1").model_copy(update={"content": "b"})


@page("messages")
def dicts_as_messages(lc):
    prompt = lc.ChatPromptTemplate.from_messages([lc.MessagesPlaceholder("m")])
    return prompt.invoke(
        {"m": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    )
