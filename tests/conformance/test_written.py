"""What people type: the names, keywords and operators of LangChain's pages, on both sides."""

import json
import warnings

import pytest
from pydantic import BaseModel, ValidationError

import nbstream
from nbstream.conversation._turn import text_of_answer
from nbstream.magics._render import _as_json

from .sides import langchain, ours, run
from .test_tools import schema

PROMPTS = {
    "keywords": lambda lc: lc.PromptTemplate(template="{a} {b}", input_variables=["a", "b"]).invoke(
        {"a": 1, "b": 2}
    ),
    "early values": lambda lc: lc.PromptTemplate(
        template="{a} {b}", input_variables=["a"], partial_variables={"b": "B"}
    ).invoke({"a": 1}),
    "a function for a value": lambda lc: lc.PromptTemplate(
        template="{a} {b}", input_variables=["a"], partial_variables={"b": lambda: "now"}
    ).format(a=1),
    "the format named": lambda lc: lc.PromptTemplate.from_template(
        "{a}", template_format="f-string"
    ).invoke({"a": 1}),
    "text added to a text": lambda lc: (
        lc.PromptTemplate.from_template("a {x}") + ", b {y}" + "\n\nc"
    ).invoke({"x": 1, "y": 2}),
    "a prompt added to a prompt": lambda lc: (
        lc.PromptTemplate.from_template("a {x}", partial_variables={"x": 5})
        + lc.PromptTemplate.from_template(" {y}")
    ).invoke({"y": 2}),
    "variables of a sum": lambda lc: (
        (lc.PromptTemplate.from_template("{b} {a}") + " {c}").input_variables
    ),
    "the same value twice": lambda lc: (
        lc.PromptTemplate.from_template("{x}", partial_variables={"x": 1})
        + lc.PromptTemplate.from_template("{x}", partial_variables={"x": 2})
    ),
    "a message's prompt": lambda lc: lc.SystemMessagePromptTemplate.from_template("Be {x}.").format(
        x="kind"
    ),
    "its messages": lambda lc: lc.HumanMessagePromptTemplate.from_template("{x}?").format_messages(
        x="Why"
    ),
    "its variables": lambda lc: lc.AIMessagePromptTemplate.from_template("{y} {x}").input_variables,
    "of a prompt": lambda lc: lc.HumanMessagePromptTemplate(
        prompt=lc.PromptTemplate.from_template("{x}?")
    ).format(x=1),
    "messages' prompts in a prompt": lambda lc: lc.ChatPromptTemplate.from_messages(
        [
            lc.SystemMessagePromptTemplate.from_template("Be {x}."),
            lc.HumanMessagePromptTemplate.from_template("{q}"),
            lc.AIMessagePromptTemplate.from_template("{a}"),
        ]
    ).invoke({"x": "kind", "q": "Why?", "a": "So."}),
    "a message's prompt with an early value": lambda lc: lc.ChatPromptTemplate.from_messages(
        [
            lc.SystemMessagePromptTemplate.from_template(
                "Be {x}.", partial_variables={"x": "kind"}
            ),
            ("human", "{q}"),
        ]
    ).invoke({"q": "Why?"}),
    "blocks": lambda lc: lc.HumanMessagePromptTemplate.from_template(
        [{"type": "text", "text": "{x}"}, {"type": "image_url", "image_url": "{u}"}]
    ).format(x="What?", u="https://a.example/b.png"),
    "a text added to a conversation": lambda lc: (
        lc.ChatPromptTemplate.from_messages([("system", "s")]) + "x {y}"
    ).invoke({"y": 1}),
    "a message's prompt added": lambda lc: (
        lc.SystemMessagePromptTemplate.from_template("Be {x}.")
        + lc.HumanMessage("Hi")
        + lc.AIMessage("What?")
        + "{input}"
    ).invoke({"x": "kind", "input": "Why?"}),
    "a message added to a message": lambda lc: (
        lc.SystemMessage("s") + lc.HumanMessage("Hi") + "{x}"
    ).invoke({"x": 1}),
    "a list added to a message": lambda lc: (
        lc.HumanMessage("Hi").__add__([("ai", "{x}"), "{y}"]).invoke({"x": 1, "y": 2})
    ),
    "a placeholder in a sum": lambda lc: (
        lc.ChatPromptTemplate.from_messages([lc.MessagesPlaceholder("h")]) + lc.HumanMessage("Hi")
    ).invoke({"h": [lc.AIMessage("a")]}),
    "a prompt of one text": lambda lc: lc.ChatPromptTemplate.from_template(
        "{x}", template_format="f-string"
    ).invoke({"x": 1}),
    "a conversation's keywords": lambda lc: lc.ChatPromptTemplate(
        messages=[("human", "{x}")], input_variables=["x"], partial_variables={"x": 2}
    ).invoke({}),
    "format_prompt": lambda lc: (
        lc.PromptTemplate.from_template("{x}").format_prompt(x=1).to_string()
    ),
    **{
        f"mustache, {name}": lambda lc, text=text: lc.PromptTemplate.from_template(
            text, template_format="mustache"
        ).invoke({"x": "<b>'", "l": [{"n": 1}, {"n": 2}], "m": 0, "p": {"q": 5}, "e": []})
        for name, text in {
            "a variable": "a {{x}} b",
            "unescaped": "{{{x}}} {{& x }}",
            "a section": "{{#l}}{{n}},{{/l}}",
            "an empty one": "{{#e}}no{{/e}}{{^e}}none{{/e}}{{^m}}zero{{/m}}",
            "a dict's": "{{p.q}} {{#p}}{{q}}{{/p}}",
            "a comment": "a{{! never }}b",
            "nothing": "{{y}}",
            "not closed": "{{x}",
            "a section that is not closed": "{{#l}}x",
            "braces": "{x} { }",
        }.items()
    },
    "mustache, its variables": lambda lc: (
        lc.PromptTemplate.from_template(
            "{{b}} {{#l}}{{n}}{{/l}} {{p.q}}", template_format="mustache"
        ).input_variables
    ),
    "mustache, a conversation": lambda lc: lc.ChatPromptTemplate.from_messages(
        [("system", "Be {{x}}."), ("human", "{{q}} {not}")], template_format="mustache"
    ).invoke({"x": "kind", "q": "Why?"}),
    "mustache, a sum": lambda lc: (
        lc.PromptTemplate.from_template("{{x}}", template_format="mustache") + " {{y}}"
    ).invoke({"x": 1, "y": 2}),
    "formats that differ": lambda lc: (
        lc.PromptTemplate.from_template("{{x}}", template_format="mustache")
        + lc.PromptTemplate.from_template("{y}")
    ),
    "an unknown format": lambda lc: lc.PromptTemplate.from_template("{x}", template_format="no"),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts(name):
    async def program(lc):
        return PROMPTS[name](lc)

    assert run(program, ours()) == run(program, langchain())


def parsed(lc):
    @lc.tool(parse_docstring=True)
    def look(place: str, days: int = 3, *, unit: str = "C") -> str:
        """Look at the weather.

        In any place.

        Args:
            place: Where to look,
                a town.
            days (int): How many days.
            unit: The unit.

        Returns:
            Words.
        """
        return f"{place} {days} {unit}"

    return look


def failing(handle):
    def make(lc):
        def look(place: str) -> str:
            """Look."""
            raise lc.ToolException(f"no {place}")

        return lc.StructuredTool.from_function(look, handle_tool_error=handle)

    return make


def with_artifact(value):
    def make(lc):
        @lc.tool(response_format="content_and_artifact")
        def look(place: str) -> tuple:
            """Look."""
            return value

        return look

    return make


def direct(lc):
    return lc.StructuredTool.from_function(
        func=lambda place: place * 2,
        name="Twice",
        description="Says it twice.",
        return_direct=True,
    )


def described(lc):
    schema = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}

    @lc.tool("look", args_schema=schema, description="Look.")
    def other(place):
        return place.upper()

    return other


def both(lc):
    async def later(place: str) -> str:
        return f"{place} later"

    def now(place: str) -> str:
        """Look."""
        return f"{place} now"

    return lc.StructuredTool.from_function(now, later)


def only_async(lc):
    async def look(place: str) -> str:
        """Look."""
        return place

    return lc.StructuredTool.from_function(coroutine=look)


def no_args(lc):
    @lc.tool(parse_docstring=True)
    def look(place: str) -> str:
        """Look."""
        return place

    return look


def other_args(lc):
    @lc.tool(parse_docstring=True)
    def look(place: str) -> str:
        """Look.

        Args:
            town: Where.
        """
        return place

    return look


TOOLS = {
    "a docstring of Google's": parsed,
    "one without arguments": no_args,
    "one of other arguments": other_args,
    "an error that is raised": failing(False),
    "an error that is told": failing(True),
    "an error's own words": failing("Try again."),
    "an error's function": failing(lambda error: f"got {error}"),
    "an artifact": with_artifact(("two", [1, 2])),
    "no artifact": with_artifact("two"),
    "ends the agent": direct,
    "a JSON schema": described,
    "one function for each side": both,
    "a coroutine function": only_async,
}


@pytest.mark.parametrize("name", TOOLS)
def test_tools(name):
    async def program(lc):
        made = TOOLS[name](lc)
        call = {"name": made.name, "args": {"place": "here"}, "id": "1", "type": "tool_call"}
        told = schema(lc, made)
        outcomes = [told, made.return_direct]
        for given in ({"place": "here"}, call):
            for way in ("ainvoke", *(["invoke"] if name != "a coroutine function" else [])):
                try:
                    value = getattr(made, way)(given)
                    value = await value if way == "ainvoke" else value
                except Exception as error:
                    if type(error).__name__ != "ToolException":
                        raise
                    value = str(error)
                more = [getattr(value, one, None) for one in ("status", "artifact")]
                outcomes.append([value, *more])
        return outcomes

    assert run(program, ours()) == run(program, langchain())


URL = "https://a.example/b.png"
MESSAGES = {
    "a text": lambda lc: lc.AIMessage("Hi"),
    "nothing": lambda lc: lc.AIMessage(""),
    "a call": lambda lc: lc.AIMessage("Hi", tool_calls=[{"name": "a", "args": {}, "id": "1"}]),
    "blocks": lambda lc: lc.HumanMessage(["a", {"type": "text", "text": "b"}]),
    "an image": lambda lc: lc.HumanMessage([{"type": "image_url", "image_url": {"url": URL}}]),
    "an image's data": lambda lc: lc.HumanMessage(
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    ),
    "a provider's own": lambda lc: lc.HumanMessage([{"type": "other", "x": 1}]),
    "a standard image": lambda lc: lc.HumanMessage([{"type": "image", "url": URL}]),
    "reasoning": lambda lc: lc.AIMessage([{"type": "reasoning", "reasoning": "Hm"}, "Hi"]),
    "thinking": lambda lc: lc.AIMessage(
        [{"type": "thinking", "thinking": "Hm", "signature": "s"}, {"type": "text", "text": "Hi"}],
        response_metadata={"model_provider": "anthropic"},
    ),
    "a call's use": lambda lc: lc.AIMessage(
        [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "1", "name": "a", "input": {}}],
        tool_calls=[{"name": "a", "args": {}, "id": "1"}],
        response_metadata={"model_provider": "anthropic"},
    ),
    "a chunk": lambda lc: lc.AIMessageChunk("Hi"),
    "a chunk's call": lambda lc: lc.AIMessageChunk(
        "", tool_call_chunks=[{"name": "a", "args": '{"b": 1}', "id": "1", "index": 0}]
    ),
    "a tool's answer": lambda lc: lc.ToolMessage("3", tool_call_id="1", artifact=[1]),
    "a system's": lambda lc: lc.SystemMessage("s", id="1", name="me"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name):
    async def program(lc):
        made = MESSAGES[name](lc)
        blocks = [
            {k: v for k, v in block.items() if not (k == "id" and str(v).startswith("lc_"))}
            for block in made.content_blocks
        ]
        if name == "a chunk's call":  # its index goes along, or not
            blocks = [{k: block[k] for k in ("type", "name", "args", "id")} for block in blocks]
        dump = {k: v for k, v in made.model_dump().items() if k != "chunk_position"}
        return [blocks, dump, str(made.text), made.text(), json.loads(made.model_dump_json())["id"]]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LangChain's text() is deprecated
        assert run(program, ours()) == run(program, langchain())


def fields(lc):
    class Said(BaseModel):
        last: lc.HumanMessage
        all: list[lc.AIMessage] = []

    said = Said(last=lc.HumanMessage("Hi"), all=[{"type": "ai", "content": "Yes"}])
    again = Said.model_validate(json.loads(said.model_dump_json()))
    refused = []
    for wrong in (lc.AIMessage("Hi"), 5):
        try:
            Said(last=wrong)
        except ValidationError:
            refused.append(True)
    return [said.last, said.all, said.model_dump()["last"]["content"], again == said, refused]


def last_chunk(lc):
    chunks = [lc.AIMessageChunk("a"), lc.AIMessageChunk("b")]
    return [chunk.chunk_position for chunk in chunks]


@pytest.mark.parametrize("made", [fields, last_chunk])
def test_messages_in_programs(made):
    async def program(lc):
        return made(lc)

    assert run(program, ours()) == run(program, langchain())


def test_the_last_chunk_says_so():
    ends = nbstream.AIMessageChunk("", response_metadata={"stop_reason": "end_turn"})
    *_, last = nbstream.ScriptedChat(["Hi", ends]).stream("x")
    assert last.chunk_position == "last"
    assert (nbstream.AIMessageChunk("a") + last).chunk_position == "last"


def listened(lc, way, fails):
    async def made():
        heard = []

        def note(what):
            def hear(run):
                given = [dict(run.inputs)] if way == "invoke" else []
                outcome = [*given, dict(run.outputs or {})]
                heard.append([what, run.name, *outcome, bool(run.error), run.end_time is None])

            return hear

        def act(x):
            if fails:
                raise ValueError("boom")
            return lc.RunnableLambda(str).invoke(x)

        step = lc.RunnableLambda(act).with_listeners(
            on_start=note("start"), on_end=note("end"), on_error=note("error")
        )
        chain = step | lc.RunnableLambda(lambda x: x)
        try:
            if way == "invoke":
                chain.invoke(1)
            elif way == "ainvoke":
                await chain.ainvoke(1)
            else:
                list(chain.stream(1))
        except ValueError:
            heard.append("raised")
        return heard

    return made()


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream"])
@pytest.mark.parametrize("fails", [False, True])
def test_listeners(way, fails):
    async def program(lc):
        return await listened(lc, way, fails)

    assert run(program, ours()) == run(program, langchain())


def yes_or_no(lc):
    class YesOrNo(lc.BaseOutputParser[bool]):
        """Reads an answer to a question."""

        yes: str = "YES"

        def parse(self, text: str) -> bool:
            if text.upper() not in (self.yes, "NO"):
                raise ValueError("boom")
            return text.upper() == self.yes

        @property
        def _type(self) -> str:
            return "yes_or_no"

    return YesOrNo


PARSERS = {
    "invoked": lambda lc: (lc.chat("y", "es") | yes_or_no(lc)()).invoke("x"),
    "streamed": lambda lc: list((lc.chat("y", "es") | yes_or_no(lc)()).stream("x")),
    "with a field": lambda lc: yes_or_no(lc)(yes="JA").invoke("ja"),
    "of a message": lambda lc: yes_or_no(lc)().invoke(lc.AIMessage("no")),
    "parse": lambda lc: yes_or_no(lc)().parse("no"),
    "that fails": lambda lc: (lc.chat("perhaps") | yes_or_no(lc)()).invoke("x"),
}


@pytest.mark.parametrize("name", PARSERS)
def test_parsers_of_ones_own(name):
    async def program(lc):
        return PARSERS[name](lc)

    assert run(program, ours()) == run(program, langchain())


def fallbacks_with_tools(lc):
    fails, works = lc.chat(ValueError("boom")), lc.chat("Hi")
    bound = fails.with_fallbacks([works]).bind_tools([])
    return [type(bound).__name__, bound.invoke("x").content, len(bound.fallbacks)]


def fallbacks_name(lc):
    step = lc.PromptTemplate.from_template("{x}").with_fallbacks([])
    return step.input_variables


@pytest.mark.parametrize("made", [fallbacks_with_tools, fallbacks_name])
def test_fallbacks(made):
    async def program(lc):
        return made(lc)

    assert run(program, ours()) == run(program, langchain())


class Fish(BaseModel):
    """A fish."""

    name: str


CALL = {"name": "Fish", "args": '{"name": "Goldie"}', "id": "1", "index": 0}


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (None, nbstream.AIMessageChunk(tool_call_chunks=[CALL])),
        ("function_calling", nbstream.AIMessageChunk(tool_call_chunks=[CALL])),
        ("json_mode", '{"name": "Goldie"}'),
    ],
)
def test_structured_output_by_a_method(method, answer):
    model = nbstream.ScriptedChat([answer])
    step = model.with_structured_output(Fish, method=method, strict=True)
    assert step.invoke("A fish.") == Fish(name="Goldie")


def test_a_method_that_there_is_none_of_is_refused():
    model = nbstream.ScriptedChat(["x"])
    with pytest.raises(nbstream.InputError, match="Use one of json_schema, function_calling"):
        model.with_structured_output(Fish, method="xml")
    with pytest.raises(nbstream.InputError, match="cannot hold an answer to a schema"):
        model.with_structured_output(Fish, method="json_schema")


@pytest.mark.parametrize("strict", [None, True, False])
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_openai_is_asked_as_the_method_says(method, strict):
    model = nbstream.ChatOpenAI(model="gpt-x", api_key="k", use_responses_api=False)
    step = model.with_structured_output(Fish, method=method, strict=strict)
    asked = step.first.kwargs if hasattr(step, "first") else step.steps[0].kwargs
    if method == "json_mode":
        assert asked == {"response_format": {"type": "json_object"}}
    elif method == "json_schema":
        assert asked["response_format"]["json_schema"]["strict"] is (strict is not False)
    else:
        assert asked["tools"][0]["function"].get("strict") is strict


def test_a_message_is_no_pydantic_model_to_what_shows_answers():
    message = nbstream.AIMessage('{"a": 1}')
    assert text_of_answer(message) == '{"a": 1}'
    assert _as_json(message) is None


def test_whole_messages_of_a_stream_do_not_add_up_to_a_prompt():
    def two(_):
        yield nbstream.AIMessage("a")
        yield nbstream.AIMessage("b")

    assert nbstream.RunnableGenerator(two).invoke(1) == nbstream.AIMessage("b")


class Secret:
    """What a template must not reach."""

    key = "sk-1"

    def __call__(self):
        raise AssertionError

    def __str__(self):
        return "hidden"


@pytest.mark.parametrize("text", ["{{x.key}}", "{{#x}}{{key}}{{/x}}", "{{x.__class__}}"])
def test_a_mustache_template_looks_into_no_object(text):
    made = nbstream.PromptTemplate(text, template_format="mustache")
    assert "sk-1" not in made.format(x=Secret())
    assert "class" not in made.format(x=Secret())


def test_a_mustache_template_reads_no_file(tmp_path, monkeypatch):
    (tmp_path / "secret.mustache").write_text("read")
    monkeypatch.chdir(tmp_path)
    made = nbstream.PromptTemplate("a{{> secret}}b", template_format="mustache")
    assert made.format() == "ab"


def test_jinja2_is_refused_with_the_reason():
    with pytest.raises(nbstream.InputError, match="can run code of whoever wrote them"):
        nbstream.PromptTemplate("{{ x }}", template_format="jinja2")
