import pytest

from nbstream import AIMessage, ChatPromptTemplate, HumanMessage, InputError, SystemMessage


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


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ChatPromptTemplate([]), "at least one message"),
        (lambda: ChatPromptTemplate.from_template("{a"), "stray brace"),
        (lambda: ChatPromptTemplate.from_template("a}"), "stray brace"),
        (lambda: ChatPromptTemplate.from_template("{}"), "not a variable's name"),
        (lambda: ChatPromptTemplate.from_template("{a.b}"), "not a variable's name"),
        (lambda: ChatPromptTemplate.from_template("{a!x}").invoke("1"), "cannot be filled"),
        (lambda: ChatPromptTemplate.from_template("{a:{w}}").invoke("1"), "cannot be filled"),
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
