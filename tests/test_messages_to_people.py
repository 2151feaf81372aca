"""What people are told when something is wrong: it names the value, and a step that helps.

Each entry is code as a newcomer types it, and words that its error has to have: of the value, and
of the step.
"""

import re

import pytest

from nbstream import NbstreamError

from .magics.conftest import alone, fails, ip  # noqa: F401  # fixtures

SETTING_UP = """
import asyncio
from nbstream import *
from nbstream import __all__ as _names

def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b

def undescribed(x):
    return x

class Parrot(BaseChatModel):
    def _stream_messages(self, messages, **_):
        yield AIMessageChunk("hello")

def numbers():
    yield "1"

async def anumbers():
    yield "1"

used = numbers(); list(used)
bot = ScriptedChat(["Hello"])
nowhere = "http://127.0.0.1:9"
step = RunnableLambda(len)
text = StrOutputParser()
talk = Conversation(bot)
asked = Conversation(bot); asked.ask("Hi").result()
prompt = ChatPromptTemplate.from_template("{animal} and {plant}")
adder = tool(add)
fish = {"title": "Fish", "properties": {"name": {"type": "string"}}}
"""

IN_PYTHON = [
    # Models and what they are given
    ("init_chat_model('fish-5')", "Unknown model 'fish-5'", "Use 'local'"),
    ("init_chat_model('')", "Unknown model ''", "'PROVIDER:NAME'"),
    ("init_chat_model('anthropic:')", "'anthropic:'", "'anthropic:claude-"),
    ("init_chat_model(3)", "not int 3", "such as 'local'"),
    ("init_chat_model(bot)", "not ScriptedChat(", "use it as it is"),
    ("ChatAnthropic(max_tokens=0)", "not 0", "a whole number from 1"),
    ("ChatAnthropic(max_tokens='many')", "'many'", "a whole number from 1"),
    ("ChatAnthropic('claude-x').invoke('Hi')", "claude-x", "Set ANTHROPIC_API_KEY"),
    (
        "ChatAnthropic('m', base_url='http://other.invalid').invoke('Hi')",
        "http://other.invalid",
        'api_key="none"',
    ),
    (
        "ChatAnthropic('m', base_url=nowhere, api_key='k', max_retries=0).invoke('Hi')",
        "could not be reached",
        "Check the network and base_url",
    ),
    ("ChatAnthropic('m', api_key='a\\nb').invoke('Hi')", "The API key for m", "Copy it again"),
    ("ChatLocal().bind_tools([3])", "int 3", "Pass"),
    ("ChatLocal('nowhere.gguf')", "'nowhere.gguf'", "path of a GGUF file"),
    (
        "ChatLocal().invoke([HumanMessage([{'type': 'image', 'source': {}}])])",
        "reads text only",
        "Leave that out",
    ),
    ("Parrot().bind_tools([add])", "Parrot cannot call tools", "Use ChatAnthropic"),
    ("Parrot().with_structured_output(fish)", "Parrot cannot call tools", "bind_tools()"),
    ("ScriptedChat('Hello')", "the text 'Hello'", "ScriptedChat(['Hello'])"),
    ("ScriptedChat([1])", "int 1", "Use a text"),
    ("bot.bind_tools(add)", "<function add", "bind_tools([…])"),
    ("ChatAnthropic().bind_tools(add)", "<function add", "bind_tools([…])"),
    ("ChatAnthropic().bind_tools('add')", "str 'add'", "bind_tools([…])"),
    ("ChatAnthropic().bind_tools([3])", "int 3 is no tool", "Pass a function with a docstring"),
    ("ChatAnthropic().bind_tools([undescribed])", "'undescribed'", "a docstring"),
    ("ChatAnthropic().bind_tools([int])", "The class int", "Use a pydantic model"),
    ("ChatAnthropic().bind_tools([{'a': 1}])", "{'a': 1}", "Give it a title"),
    ("ChatAnthropic().bind_tools([add], tool_choice='ad')", "'ad'", "'auto', 'any'"),
    ("bot.with_structured_output(3)", "int 3 is no schema", "Pass a pydantic model"),
    ("bot.with_structured_output({'a': 1})", "{'a': 1}", "Give it a title"),
    ("bot.with_structured_output(fish).invoke('Hi')", "'Hello'", "Ask for it in the prompt"),
    ("bot.invoke('')", "The prompt is empty", "Pass a text"),
    ("bot.invoke('  \\n')", "The prompt is empty", "Pass a text"),
    ("list(bot.stream(''))", "The prompt is empty", "Pass a text"),
    ("asyncio.run(bot.ainvoke(''))", "The prompt is empty", "Pass a text"),
    ("bot.invoke([])", "no messages", "at least one message"),
    ("bot.invoke(None)", "None", "Pass a text"),
    ("bot.invoke(3)", "int 3", "Pass a text"),
    ("bot.invoke({'question': 'Why?'})", "{'question': 'Why?'}", "Pass a text"),
    ("bot.invoke([('usr', 'Hi')])", "'usr'", "Did you mean 'user'?"),
    ("bot.invoke([{'role': 'bot', 'content': 'Hi'}])", "'bot'", "Use one of"),
    ("bot.invoke([{'role': 'tool', 'content': 'Hi'}])", "id of its call", "tool_call_id="),
    # Prompts
    ("prompt.invoke({'animl': 'a', 'plant': 'b'})", "'animal'", "Did you mean 'animl'?"),
    ("prompt.invoke('fish')", "str 'fish'", "a dict with its variables: animal, plant"),
    ("prompt.invoke({})", "given: none", "needs the variable 'animal'"),
    ("ChatPromptTemplate('Hello')", "the text 'Hello'", "from_template("),
    ("ChatPromptTemplate(3)", "int 3", "ChatPromptTemplate([…])"),
    ("ChatPromptTemplate([])", "at least one message", "as in ChatPromptTemplate(["),
    ("ChatPromptTemplate([('robot', 'Hi')])", "'robot'", "Use one of"),
    ("ChatPromptTemplate([3])", "int 3", "Pass a text"),
    ("ChatPromptTemplate.from_template('{a')", "'{a'", "Write a literal brace as {{ or }}"),
    ("ChatPromptTemplate.from_template('a }')", "'a }'", "Write a literal brace as {{ or }}"),
    ("ChatPromptTemplate.from_template('{\"a\": 1}')", '{"a"}', "Write a literal brace"),
    ("ChatPromptTemplate.from_template('{a.b}')", "{a.b}", "Write a literal brace"),
    ("ChatPromptTemplate.from_template('{}')", "{}", "Write a literal brace"),
    ("ChatPromptTemplate.from_template('{x:{y}}')", "{x}", "Write the format itself"),
    ("ChatPromptTemplate.from_template('{x:>99999999}')", "99999999", "at most"),
    ("PromptTemplate.from_template('{x:.2f}').invoke('a')", "'{x:.2f}'", "Check what follows"),
    ("ChatPromptTemplate([('placeholder', 'x')])", "'x'", "('placeholder', '{history}')"),
    ("ChatPromptTemplate([MessagesPlaceholder('h')]).invoke({'h': 3})", "3", "a list of messages"),
    ("ChatPromptTemplate([MessagesPlaceholder('h')]).invoke({})", "'h'", "given: none"),
    # Steps and chains
    ("bot | 42", "int 42", "as in: prompt | model"),
    ("42 | bot", "int 42", "as in: prompt | model"),
    ("bot | 'text'", "str 'text'", "Join Runnables, functions and dicts"),
    ("RunnableSequence(bot)", "not 1", "Join them with |"),
    ("RunnableParallel()", "at least one branch", "as in a="),
    ("RunnableParallel(a=1)", "int 1", "Join Runnables"),
    ("RunnableLambda(42)", "int 42", "Pass one that takes the input"),
    ("RunnableGenerator(len)", "<built-in function len>", "Use RunnableLambda"),
    ("RunnableBranch(len)", "pairs", "RunnableBranch((condition, step), default)"),
    ("RunnableBranch(len, len)", "<built-in function len>", "Write RunnableBranch("),
    ("step.with_retry(stop_after_attempt=0)", "not 0", "1 or more"),
    ("bot.with_fallbacks(bot)", "not ScriptedChat(", "with_fallbacks([…])"),
    ("step.with_fallbacks([step], exception_key='e').invoke([])", "list []", "leave exception_key"),
    ("step.batch('abc')", "str 'abc'", "batch([…])"),
    ("step.batch({'a': 1})", "dict {'a': 1}", "batch([…])"),
    ("step.batch(3)", "int 3", "batch([…])"),
    ("list(step.batch_as_completed('abc'))", "str 'abc'", "batch_as_completed([…])"),
    ("asyncio.run(step.abatch('abc'))", "str 'abc'", "abatch([…])"),
    ("step.batch(['a', 'b'], [{}])", "2 inputs and 1 configs", "one config for all"),
    ("step.batch(['a'], {'max_concurrency': 0})", "not 0", "Leave it out"),
    ("RunnablePassthrough.assign(a=len).invoke(3)", "int 3", "Make one first, as in"),
    ("(RunnableLambda(lambda x: 3) | RunnablePick('a')).invoke(1)", "int 3", "Make one first"),
    ("text.transform('abc')", "str 'abc'", "stream() for one input"),
    ("text.transform(anumbers())", "async_generator", "Use atransform()"),
    ("text.atransform(numbers())", "generator", "Use transform()"),
    ("list(step.stream_events('a', version='v9'))", "'v9'", "Use 'v2', 'v3' or 'v1'"),
    # Parsers and tools
    ("text.invoke(3)", "int 3", "Put it behind a model"),
    ("JsonOutputParser().invoke('Sorry.')", "'Sorry.'", "Ask for JSON in the prompt"),
    ("(bot | JsonOutputParser()).invoke('Hi')", "'Hello'", "with_structured_output()"),
    ("Tool(undescribed)", "'undescribed'", "a docstring"),
    ("Tool(lambda x: x, name='same')", "'same'", "a docstring"),
    ("adder.invoke({'a': 'x'})", "'add'", "It takes a, b"),
    ("adder.invoke({'a': 1, 'b': 'x'})", "b: Input should be a valid integer", "It takes a, b"),
    ("convert_to_tool(3)", "int 3", "Pass a function with a docstring"),
    # What is shown
    ("show(bot)", "ScriptedChat(", "Use show(chain, input)"),
    ("show(3)", "int 3", "such as model.stream(...)"),
    ("show('text')", "str 'text'", "Pass an iterator"),
    ("show({'a': 1})", "dict {'a': 1}", "Pass an iterator"),
    ("show([1], 'Hi')", "list [1]", "Pass a model or a chain and its input"),
    ("show(used)", "<generator object numbers", "Make a new one"),
    ("show(bot.ainvoke('Hi'))", "<coroutine object", "model.astream(...)"),
    ("show(bot, '')", "The prompt is empty", "Pass a text"),
    ("show(bot, 'Hi', delimeter='/')", "'delimeter'", "Did you mean 'delimiter'?"),
    ("show(bot, 'Hi', colour='red')", "'colour'", "There are: "),
    ("show(bot, 'Hi', view='tokns')", "str 'tokns'", "Did you mean 'tokens'?"),
    ("show(bot, 'Hi', delimiter=3)", "int 3", "delimiter is a text"),
    ("StreamView(heat='red')", "str 'red'", "one of 'none', 'gap', 'logprob', 'rank', 'entropy'"),
    ("StreamView(borders=None)", "None", "one of 'delimiter', 'bands', 'none'"),
    ("StreamView(whitespace='yes')", "str 'yes'", "True or False"),
    ("StreamView(max_height=300)", "int 300", "such as '30em'"),
    ("StreamView(price=3)", "int 3", "{'input': …, 'output': …}"),
    ("StreamView(price={'in': 1})", "'in'", "Give both prices"),
    ("StreamView(price={'input': 'a', 'output': 1})", "str 'a'", "Give a number"),
    ("v = StreamView(); v.view = 'event'", "str 'event'", "Did you mean 'events'?"),
    ("v = StreamView(); v.price = {'in': 1}", "'in'", "Give both prices"),
    ("StreamView().export('run.docx')", "'run.docx'", "end with one of: .jsonl"),
    ("StreamView.from_jsonl('nothing.jsonl')", "nothing.jsonl", "Check the path"),
    ("StreamView(bot)", "not ScriptedChat(", "show(chain, input)"),
    ("with stream_to(bot): pass", "not ScriptedChat(", "view = StreamView()"),
    ("Tool(3)", "int 3", "Put @tool above"),
    ("RunnableParallel('text')", "str 'text'", "Pass a dict"),
    ("RunnableAssign(3)", "int 3", "Pass a dict"),
    ("talk.ask(3)", "int 3", "A prompt is a text"),
    # Logs
    ("Trace().metrics()", "Nothing has run", "inside `with trace:`"),
    ("Trace.from_jsonl(3)", "int 3", "Pass what to_jsonl has returned"),
    ("Trace.from_jsonl('')", "empty", "Name a file that to_jsonl has written"),
    ("Trace.from_jsonl('{\"a\": 1}\\n')", "Line 1", "name another file"),
    ("Trace.from_jsonl('nothing.jsonl')", "nothing.jsonl", "Check the path"),
    ("Trace.from_jsonl('.\\x00')", "cannot be read", "Name a file"),
    ("with Trace(): dispatch_custom_event('tick', 1)", "'tick'", "Dispatch it in a function"),
    (
        "t = Trace()\nwith t: bot.invoke('Hi')\nt.metrics(price={'input': 1})",
        "'input'",
        "Give both prices",
    ),
    ("t = Trace()\nwith t: bot.invoke('Hi')\nt.metrics(price=3)", "int 3", "'output': …"),
    # Conversations
    ("Conversation(3)", "int 3", "a name such as 'local'"),
    ("Conversation('locl')", "'locl'", "Use 'local'"),
    ("ChatView(3)", "int 3", "a name such as 'local'"),
    ("ChatView(bot, colour='red')", "'colour'", "There are: "),
    ("BatchView(['Hi'])", "list ['Hi']", "show_batch(chain, inputs)"),
    ("show_batch(bot, ['Hi'], colour='red')", "'colour'", "There are: "),
    ("show_batch(bot, 'Hi')", "'Hi'", "For a single one"),
    ("show_batch(bot, [])", "no inputs", "Pass a list"),
    ("talk.ask('')", "The prompt is empty", "Write a text"),
    ("talk.ask('Hi', images=['nothing.png'])", "nothing.png", "Check the path"),
    ("talk.ask('Hi', images=[b'GIF?'])", "bytes b'GIF?'", "Save the image as one of these"),
    ("talk.undo()", "is empty", "ask() makes one"),
    ("talk.retry()", "no turn yet", "ask() makes one"),
    ("talk.switch(asked.turns[0])", "Turn", "all_turns lists them"),
    ("Conversation.load('nothing.json')", "nothing.json", "Check the path"),
    ("Conversation.from_json('{}')", "no conversation", "Name another file"),
    ("merge_chunks([AIMessageChunk([{'index': 0, 'a': 1}]), "
     "AIMessageChunk([{'index': 0, 'a': 'x'}])])", "'a'", "Give it one type"),
]  # fmt: skip

IN_CELLS = [
    ("%%chat -m lokal\nHi", "'lokal'", "Did you mean 'local'?"),
    ("%%chat -m anthropic:\nHi", "'anthropic:'", "as in anthropic:claude-"),
    ("%%chat -m claude-x\nHi", "claude-x", "%chat key"),
    ("%%chat -m local\n ", "The cell is empty", "Write a prompt below"),
    ("%%chat --modle local\nHi", "--modle", "Did you mean '--model'?"),
    ("%%chat local\nHi", "'local'", "as in --model local"),
    ("%%chat -n few\nHi", "'few'", "a whole number from 1"),
    ("%%chat --each nothing\nHi {animal}", "'nothing'", "Run the cell that makes it"),
    ("%%chat --each In\nHi {animal}", "'In'", "For a list of texts"),
    ("%%chat -t hot\nHi", "'hot'", "such as 0.7"),
    ("%%chat --as 1x\nHi", "'1x'", "a variable's name"),
    ("%%chat --view tokns\nHi", "'tokns'", "Did you mean 'tokens'?"),
    ("%%chat -s Don't\nHi", "A quote is not closed", 'Use "'),
    ("%%chat -m local -s {nope}\nHi", "'nope'", "Write literal braces as {{ and }}"),
    ("%%chat -m local\n{nope}", "'nope'", "--raw"),
    ('%%chat -m local\n{"name": "x"}', '{"name": "x"}', "Write literal braces as {{ and }}"),
    ("%%chat -m local\n{Err[4711]}", "execution count 4711", "there are:"),
    ("%%chat -m local\n{opn}", "no variable 'opn'. Write", "--raw"),
    ("%%chat -m local --tools sum\nHi", "no variable 'sum'", "Run the cell that makes it first"),
    ("%%chat -m local -i nothing.png\nHi", "'nothing.png'", "Give a path"),
    ("%%chat -m local --bg --to text\nHi", "--to", "Leave one of them out"),
    ("%%chat --chain number\nHi", "of type int", "Use a chain, such as prompt | model"),
    ("%%chat -m local -R 3\nHi", "no turn 3", "%chat history"),
    ("%chat histry", "'histry'", "Did you mean 'history'"),
    ("%chat model locl", "'locl'", "Did you mean 'local'?"),
    ("%chat edit two", "'two'", "%chat history"),
    ("%chat reset all", "'all'", "Leave that out"),
    ("%chat undo", "is empty", "ask() makes one"),
    ("%chat last", "no answer yet", "Run a %%chat cell first"),
    ("%chat load nothing.json", "nothing.json", "Check the path"),
    ("%chat save", "a file's name", "%chat save talk.json"),
    ("%chat key sk-something", "Type no key into a cell", "%chat key alone"),
    ("%chat key nothing.env", "'nothing.env'", "Check the path"),
    ("%chat system {nope}", "'nope'", "Write literal braces"),
]


@pytest.fixture(scope="module")
def names():
    names = {}
    exec(SETTING_UP, names)
    return names


@pytest.mark.promise("docs/errors.md", "Everything nbstream raises on purpose is an NbstreamError")
@pytest.mark.promise("docs/errors.md", "Its message names the value at fault and the next step")
@pytest.mark.promise("docs/langchain.md", "One value where a list belongs")
@pytest.mark.parametrize(("code", "value", "step"), IN_PYTHON, ids=[one[0] for one in IN_PYTHON])
@pytest.mark.usefixtures("alone")
def test_in_python(names, tmp_path, monkeypatch, code, value, step):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NbstreamError) as caught:
        exec(code, dict(names))
    check(str(caught.value), value, step)


SETTINGS = [
    ("max_tokens = 'few'", "'few'", "a whole number from 1"),
    ("max_tokens = 0", "int 0", "max_tokens = 100"),
    ("max_tokens = True", "bool True", "max_tokens = 100"),
    ("temperature = 'hot'", "'hot'", "temperature = 0.2"),
    ("temperature = -1", "int -1", "a number from 0"),
    ("view = 'tokns'", "'tokns'", "Did you mean 'tokens'?"),
    ("model = 3", "int 3", 'model = "local"'),
    ("system = ['x']", "['x']", "system = "),
    ("delimiter = None", "None", 'delimiter = "/"'),
    ("history = 'off'", "'off'", "True or False"),
    ("price = 3", "int 3", 'price = {"input": 3, "output": 15}'),
    ("price = {'in': 1}", "'in'", "Give both prices"),
    ("price = {'input': 'x', 'output': 2}", "'x'", "Give a number"),
]


@pytest.mark.parametrize(("code", "value", "step"), SETTINGS, ids=[one[0] for one in SETTINGS])
def test_in_settings(ip, caplog, code, value, step):  # noqa: F811
    ip.run_line_magic("config", f"ChatMagics.{code}")  # it logs the error, and goes on
    (record,) = caplog.records
    said = record.getMessage()
    check(said, value, step)
    assert "For example: %config ChatMagics." in said


@pytest.mark.parametrize(("code", "value", "step"), IN_CELLS, ids=[one[0] for one in IN_CELLS])
def test_in_cells(ip, fails, tmp_path, monkeypatch, code, value, step):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    ip.user_ns["number"] = 1
    check(fails(code), value, step)


def check(said, value, step):
    assert value in said
    assert step in said
    assert len(said) < 500
    assert not re.search(r"\ba (int|object|NoneType|async|[aeiou]\w*\b)", said), said
    assert "instance expected" not in said  # traitlets' words
    assert not re.search(r"\b(\w+) \1\(", said), said  # "ScriptedChat ScriptedChat(…)"


def test_there_are_many_and_no_two_are_the_same():
    codes = [code for code, *_ in IN_PYTHON + IN_CELLS + SETTINGS]
    assert len(set(codes)) == len(codes) >= 120
