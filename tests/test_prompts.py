import asyncio
import datetime

import pytest

from nbstream import (
    AIMessage,
    ChatPromptTemplate,
    HumanMessage,
    InputError,
    MessagesPlaceholder,
    PromptTemplate,
    ScriptedChat,
    StringPromptValue,
    SystemMessage,
)


def test_variables_are_filled_and_braces_can_be_written():
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Be {tone}."), HumanMessage("{literal}"), ("ai", "{{ok}}"), "{question}"]
    )
    assert prompt.input_variables == ["question", "tone"]
    assert prompt.invoke({"tone": "kind", "question": "Why?"}).to_messages() == [
        SystemMessage("Be kind."),
        HumanMessage("{literal}"),
        AIMessage("{ok}"),
        HumanMessage("Why?"),
    ]


def test_a_value_is_not_read_as_a_template():
    prompt = ChatPromptTemplate.from_template("{x}")
    assert prompt.invoke({"x": "{y}"}).messages == [HumanMessage("{y}")]


def test_one_variable_needs_no_dict():
    prompt = ChatPromptTemplate.from_template("About {topic}")
    assert prompt.invoke("cats").to_string() == "Human: About cats"


HISTORY = [("human", "Hi"), AIMessage("Ho")]


def test_a_placeholder_takes_messages():
    prompt = ChatPromptTemplate([MessagesPlaceholder("history"), ("human", "{question}")])
    assert prompt.input_variables == ["history", "question"]
    assert prompt.format_messages(history=HISTORY, question="Hm") == [
        HumanMessage("Hi"),
        AIMessage("Ho"),
        HumanMessage("Hm"),
    ]


@pytest.mark.parametrize(
    "placeholder",
    [
        MessagesPlaceholder("history", optional=True),
        ("placeholder", "{history}"),
        ("placeholder", ["{history}", True]),
    ],
)
def test_a_placeholder_may_be_left_out(placeholder):
    prompt = ChatPromptTemplate([("system", "x"), placeholder])
    assert prompt.input_variables == []
    assert prompt.optional_variables == ["history"]
    assert prompt.invoke({}).messages == [SystemMessage("x")]
    assert prompt.invoke({"history": []}).messages == [SystemMessage("x")]
    assert len(prompt.invoke({"history": HISTORY}).messages) == 3


def test_a_placeholder_takes_the_last_messages():
    prompt = ChatPromptTemplate([MessagesPlaceholder("history", n_messages=1)])
    assert prompt.invoke({"history": HISTORY}).messages == [AIMessage("Ho")]
    assert prompt.invoke(HISTORY).messages == [AIMessage("Ho")]


def test_some_values_can_be_given_early():
    calls = []

    def day():
        calls.append(1)
        return "Monday"

    whole = ChatPromptTemplate([("human", "{day} {topic} {tone}")], partial_variables={"day": day})
    prompt = whole.partial(tone="kind")
    assert (whole.input_variables, prompt.input_variables) == (["tone", "topic"], ["topic"])
    assert calls == []
    assert prompt.invoke("cats").to_string() == "Human: Monday cats kind"
    assert prompt.invoke({"topic": "cats", "tone": "cross", "day": "x"}).messages == [
        HumanMessage("x cats cross")
    ]
    assert calls == [1]
    with pytest.raises(InputError, match="'tone'"):
        whole.invoke({"topic": "x"})


def test_prompts_join():
    first = ChatPromptTemplate([("system", "{a}")]).partial(a="A")
    prompt = first + "{b}" + AIMessage("{c}") + [("human", "{d}")] + ChatPromptTemplate(["{a}{e}"])
    assert prompt.input_variables == ["b", "d", "e"]
    assert prompt.format_messages(b=1, d=2, e=3) == [
        SystemMessage("A"),
        HumanMessage("1"),
        AIMessage("{c}"),
        HumanMessage("2"),
        HumanMessage("A3"),
    ]
    assert first.input_variables == []
    assert len(first.messages) == 1


def test_blocks_are_templates_too():
    blocks = [
        {"type": "text", "text": "{x}"},
        {"type": "image_url", "image_url": {"url": "https://x.example/{y}.png"}},
    ]
    prompt = ChatPromptTemplate([("human", blocks)])
    assert prompt.input_variables == ["x", "y"]
    assert prompt.format_messages(x="Look", y="cat")[0].content == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://x.example/cat.png"}},
    ]
    assert blocks[0]["text"] == "{x}"


def test_a_text_prompt_gives_a_text():
    prompt = PromptTemplate.from_template("{a} and {b}")
    assert prompt.input_variables == ["a", "b"]
    value = prompt.partial(b="two").invoke({"a": "one"})
    assert value == StringPromptValue("one and two")
    assert value.to_string() == prompt.format(a="one", b="two") == "one and two"
    assert value.to_messages() == [HumanMessage("one and two")]
    assert (prompt | ScriptedChat(["x"])).invoke({"a": 1, "b": 2}).text == "x"


def test_a_prompt_is_part_of_a_chain_from_both_sides():
    chain = ChatPromptTemplate(["{a}"]) | ScriptedChat(["x"])
    assert asyncio.run(chain.ainvoke({"a": 1})).content == "x"


@pytest.mark.promise(
    "docs/errors.md", "InputError | a prompt's variable is missing, a model's name is unknown"
)
@pytest.mark.promise(
    "docs/langchain.md", "A missing variable, a step that is none, a model's name that is none"
)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ChatPromptTemplate([MessagesPlaceholder("h")]).invoke({}), "variable 'h'"),
        (
            lambda: ChatPromptTemplate([MessagesPlaceholder("h")]).invoke({"h": "Hi"}),
            "'h' needs a list of messages, not 'Hi'",
        ),
        (lambda: ChatPromptTemplate([("placeholder", "history")]), "is written"),
        (lambda: ChatPromptTemplate([("placeholder", "{a} {b}")]), "is written"),
        (lambda: PromptTemplate.from_template("{a} {b}").invoke("x"), "variables: a, b"),
        (lambda: ChatPromptTemplate([]), "at least one message"),
        (lambda: ChatPromptTemplate.from_template("{a"), "stray brace"),
        (lambda: ChatPromptTemplate.from_template("a}"), "stray brace"),
        (lambda: ChatPromptTemplate.from_template("{}"), "not a variable's name"),
        (lambda: ChatPromptTemplate.from_template("{a.b}"), "not a variable's name"),
        (lambda: ChatPromptTemplate.from_template("{a!x}").invoke("1"), "cannot be filled"),
        (lambda: ChatPromptTemplate([("robot", "x")]), "role 'robot'"),
        (lambda: ChatPromptTemplate([42]), "int 42"),
        (lambda: ChatPromptTemplate(["{a} {b}"]).invoke("x"), "variables: a, b"),
        (
            lambda: ChatPromptTemplate(["{topic}"]).invoke({"topik": 1}),
            r"'topic'; given: 'topik'. Did you mean 'topik'\?",
        ),
        (lambda: ChatPromptTemplate(["{topic}"]).invoke({}), "given: none"),
    ],
)
def test_bad_input_is_named(make, said):
    with pytest.raises(InputError, match=said):
        make()


MAKERS = [
    PromptTemplate.from_template,
    ChatPromptTemplate.from_template,
    lambda template: ChatPromptTemplate([("human", [{"type": "text", "text": template}])]),
]


@pytest.mark.parametrize("make", MAKERS, ids=["text", "chat", "blocks"])
@pytest.mark.parametrize(
    ("template", "said"),
    [
        # What Python would fill in after the colon could read an attribute.
        ("{cfg.api_key}", r"has \{cfg.api_key\}, which is not a variable's name"),
        ("{when:{cfg.api_key}}", r"has \{cfg.api_key\}, which is not a variable's name"),
        ("{when!r:{cfg.api_key}}", r"has \{cfg.api_key\}, which is not a variable's name"),
        ("{when:>{width:{cfg.api_key}}}", r"has \{cfg.api_key\}, which is not a variable's name"),
        ("{when:{cfg[api_key]}}", r"has \{cfg\[api_key\]\}, which is not"),
        ("{when:{}}", "which is not a variable's name"),
        ("{when:{width}}", r"has braces after the ':' of \{when\}"),
        ("{x:>999999999}", r"formats \{x\} with 999999999, which is too wide: use 10,000 at most"),
        ("{x!r:>999999999}", "too wide"),
        ("{x:.999999999f}", "too wide"),
        ("{x:>" + "9" * 5000 + "}", "too wide"),
        ("{x:>\u0669\u0669\u0669\u0669\u0669}", "too wide"),
    ],
)
def test_a_format_reads_no_attributes_and_is_bounded(make, template, said):
    with pytest.raises(InputError, match=said) as caught:
        make(template)
    assert len(str(caught.value)) < 300


def test_a_format_is_used():
    prompt = PromptTemplate.from_template("{a:>4}|{b:.2f}|{c!r:>5}|{d:%Y}")
    values = {"a": 1, "b": 2, "c": "x", "d": datetime.date(2026, 1, 2)}
    assert prompt.invoke(values).text == "   1|2.00|  'x'|2026"
    assert len(PromptTemplate.from_template("{x:>10000}").format(x="")) == 10_000
