"""LCEL."""

from operator import itemgetter

from .pages import page


@page("lcel")
def chain_with_a_pipe(lc):
    prompt = lc.ChatPromptTemplate.from_template("tell me a joke about {topic}")
    return (prompt | lc.chat("ha") | lc.StrOutputParser()).invoke({"topic": "bears"})


@page("lcel")
def chain_of_chains(lc):
    chain = lc.ChatPromptTemplate.from_template("{topic}") | lc.chat("ha") | lc.StrOutputParser()
    analysis = lc.ChatPromptTemplate.from_template("is this funny? {joke}")
    composed = {"joke": chain} | analysis | lc.chat("yes") | lc.StrOutputParser()
    return composed.invoke({"topic": "bears"})


@page("lcel")
def chain_with_a_lambda(lc):
    chain = lc.ChatPromptTemplate.from_template("{topic}") | lc.chat("ha") | lc.StrOutputParser()
    composed = chain | (lambda text: {"joke": text}) | itemgetter("joke") | str.upper
    return composed.invoke({"topic": "beets"})


@page("lcel")
def chain_with_pipe_method(lc):
    chain = lc.RunnableParallel({"joke": lc.chat("ha") | lc.StrOutputParser()})
    return chain.pipe(lambda d: d["joke"], lc.RunnableLambda(len)).invoke("x")


@page("lcel")
def pass_through(lc):
    chain = lc.RunnableParallel(passed=lc.RunnablePassthrough(), modified=lambda x: x["num"] + 1)
    return chain.invoke({"num": 1})


@page("lcel")
def assign_values(lc):
    chain = lc.RunnableParallel(
        extra=lc.RunnablePassthrough.assign(mult=lambda x: x["num"] * 3),
        modified=lambda x: x["num"] + 1,
    )
    return chain.invoke({"num": 1})


@page("lcel")
def assign_in_a_stream(lc):
    chain = {"context": lambda x: f"about {x}", "question": lc.RunnablePassthrough()}
    answer = itemgetter("question") | lc.chat("yes") | lc.StrOutputParser()
    chain = lc.RunnableParallel(chain).assign(answer=answer)
    return [c for c in chain.stream("it") if c.get("answer") != ""]


@page("lcel")
def pick_values(lc):
    chain = lc.RunnableParallel(a=lambda x: x, b=lambda x: x + 1) | (lambda d: d)
    return [chain.pick("a").invoke(1), chain.pick(["b"]).invoke(1)]


@page("lcel")
def retrieve_and_answer(lc):
    retriever = lc.RunnableLambda(lambda q: [f"harrison worked at kensho ({q})"])
    prompt = lc.ChatPromptTemplate.from_template("Context: {context}\nQuestion: {question}")
    steps = {"context": retriever, "question": lc.RunnablePassthrough()} | prompt
    return steps.invoke("where?").to_messages()[0].content


@page("lcel")
def item_getters(lc):
    def length(text):
        return len(text)

    chain = {
        "a": itemgetter("foo") | lc.RunnableLambda(length),
        "b": {"x": itemgetter("foo"), "y": itemgetter("bar")}
        | lc.RunnableLambda(lambda d: d["x"] + d["y"]),
    } | lc.ChatPromptTemplate.from_template("what is {a} + {b}")
    return chain.invoke({"foo": "bar", "bar": "gah"}).to_messages()[0].content


@page("lcel")
def a_function_with_the_config(lc):
    def fix(text, config):
        return [text, config["tags"], config["configurable"]]

    config = {"tags": ["my-tag"], "configurable": {"user": "me"}}
    return lc.RunnableLambda(fix).invoke("{foo}", config)


@page("lcel")
def the_chain_decorator(lc):
    @lc.chain
    def custom(text):
        joke = (lc.chat("ha") | lc.StrOutputParser()).invoke(text)
        return f"{joke}!"

    return [custom.invoke("bears"), type(custom).__name__]


@page("lcel")
def a_generator_of_lists(lc):
    def split(stream):
        buffer = ""
        for chunk in stream:
            buffer += chunk
            while "," in buffer:
                at = buffer.index(",")
                yield [buffer[:at].strip()]
                buffer = buffer[at + 1 :]
        yield [buffer.strip()]

    chain = lc.chat("lion, ti", "ger, wolf") | lc.StrOutputParser() | split
    return [list(chain.stream("x")), chain.invoke("x")]


@page("lcel")
def route_by_a_function(lc):
    classify = lc.RunnableLambda(lambda d: "LangChain" if "lang" in d["question"] else "Other")

    def route(info):
        if info["topic"] == "LangChain":
            return lc.RunnableLambda(lambda d: f"expert: {d['question']}")
        return lc.RunnableLambda(lambda d: f"general: {d['question']}")

    full = {"topic": classify, "question": lambda d: d["question"]} | lc.RunnableLambda(route)
    return [full.invoke({"question": "how lang"}), full.invoke({"question": "2 + 2"})]


@page("lcel")
def route_by_a_branch(lc):
    branch = lc.RunnableBranch(
        (lambda d: "anthropic" in d["topic"], lambda d: "a"),
        (lambda d: "lang" in d["topic"], lambda d: "l"),
        lambda d: "other",
    )
    return [branch.invoke({"topic": topic}) for topic in ("anthropic", "lang", "x")]


@page("lcel")
def bind_arguments(lc):
    def multiply(x, times=1):
        return x * times

    return lc.RunnableLambda(multiply).bind(times=3).invoke("ab")


@page("lcel")
def stop_sequences_are_bound(lc):
    chain = lc.chat("SOLUTION").bind(stop="SOLUTION") | lc.StrOutputParser()
    return chain.invoke("x")


@page("lcel")
def batch_in_order(lc):
    return lc.RunnableLambda(lambda x: x * 2).batch([1, 2, 3], config={"max_concurrency": 2})


@page("lcel")
async def abatch_as_completed(lc):
    step = lc.RunnableLambda(lambda x: x * 2)
    return sorted([one async for one in step.abatch_as_completed([1, 2, 3])])


@page("lcel")
def batch_with_errors(lc):
    def work(x):
        if x == 2:
            raise ValueError("two")
        return x

    return lc.RunnableLambda(work).batch([1, 2, 3], return_exceptions=True)


@page("lcel")
def retry_what_fails(lc):
    tries = []

    def flaky(x):
        tries.append(x)
        if len(tries) < 3:
            raise ValueError("no")
        return x

    step = lc.RunnableLambda(flaky).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return [step.invoke(1), len(tries)]


@page("lcel")
def fall_back(lc):
    bad = lc.ChatPromptTemplate.from_template("{x}") | lc.chat(ValueError("boom"))
    good = lc.PromptTemplate.from_template("{x}") | lc.chat("works")
    chain = bad.with_fallbacks([good]) | lc.StrOutputParser()
    return chain.invoke({"x": 1})


@page("lcel")
def fall_back_by_the_error(lc):
    def fails(d):
        raise ValueError("boom")

    step = lc.RunnableLambda(fails).with_fallbacks(
        [lc.RunnableLambda(lambda d: [d["x"], str(d["error"])])], exception_key="error"
    )
    return step.invoke({"x": 1})


@page("lcel")
def each_of_a_list(lc):
    return lc.RunnableLambda(lambda x: x + 1).map().invoke([1, 2])


@page("lcel")
def a_list_of_configs(lc):
    step = lc.RunnableLambda(lambda x, config: [x, config["tags"]])
    return step.batch([1, 2], [{"tags": ["a"]}, {"tags": ["b"]}])


@page("lcel")
def a_chain_that_depends_on_its_input(lc):
    @lc.chain
    def contextualize(d):
        if d.get("history"):
            return lc.RunnableLambda(lambda d: f"standalone: {d['question']}")
        return lc.RunnablePassthrough() | itemgetter("question")

    return [
        contextualize.invoke({"question": "q"}),
        contextualize.invoke({"question": "q", "history": ["h"]}),
    ]
