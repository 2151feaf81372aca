"""Variables in a prompt."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream import AIMessage, InputError
from nbstream.magics._template import fill


def filled(template, notices=None, /, **names):
    return fill(template, names, [] if notices is None else notices)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no braces at all", "no braces at all"),
        ("{name}", "Ada"),
        ("Dear {name}, {name}!", "Dear Ada, Ada!"),
        ("{{name}} {{}} }}{{", "{name} {} }{"),
        ("{{{name}}}", "{Ada}"),
        ("{ name }", "Ada"),
        ("{name!r}", "'Ada'"),
        ("{name!s:>5}", "  Ada"),
        ("{number:.2f}", "2.50"),
        ("{number:{width}.1f}", "     2.5"),
        ("{number != 2}", "True"),
        ("{data['a'][0]}", "1"),
        ('{data["}"]}', "brace"),
        ("{data['a'][1:]}", "[2]"),
        ("{name.upper()}", "ADA"),
        ("{len(name) + 1}", "4"),
        ("{', '.join(x * 2 for x in name)}", "AA, dd, aa"),
        ("{sorted({'b': 1, 'a': number})}", '["a","b"]'),
        ("{'''}''' + name}", "}Ada"),
        ("{'\\'}' + name}", "'}Ada"),
        ("{data}", '{"a":[1,2],"}":"brace"}'),
        ("{None or name}", "Ada"),
        ("{(lambda: name)()}", "Ada"),
        ("{message}", "Hello!"),
    ],
)
def test_values_take_the_place_of_expressions(template, text):
    names = {"name": "Ada", "number": 2.5, "width": 8, "data": {"a": [1, 2], "}": "brace"}}
    assert filled(template, **names, message=AIMessage("Hello!")) == text


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nam}", "no variable 'nam'. Did you mean 'name'?"),
        ("{ NAME }", "Did you mean 'name'?"),
        ("{zzz}", "no variable 'zzz'. Write literal braces"),
        ('{ "a": 1 }', "names no variable"),
        ('{"a": {"b": [1]}}', "names no variable"),
        ("[0-9]{2,3}", "{2,3} names no variable"),
        ("\\frac{1}{2}", "names no variable"),
        ("int main() { return 0; }", "no Python expression"),
        ("{}", "no Python expression"),
        ("{name", "not closed: '{name'"),
        ("{name[}", "not closed"),
        ("{don't}", "not closed"),
        ("name}", "a } with no { before it"),
        ("{name!x}", "none of r, s, a"),
        ("{name!rr}", "none of r, s, a"),
        ("{name:.2f}", "cannot be formatted: ValueError"),
        ("{name.nothing}", "cannot be worked out: AttributeError"),
        ("{1 / 0 if name else 0}", "cannot be worked out: ZeroDivisionError"),
        ("{fails()}", "cannot be worked out: NameError"),
        ("{import name}", "no Python expression"),
        ("{name = 1}", "no Python expression"),
        ("{await name}", "no Python expression"),
    ],
)
def test_what_cannot_be_filled_says_why_and_what_to_do(template, said):
    def fails():
        raise NameError("name 'inner' is not defined")

    with pytest.raises(InputError) as caught:
        filled(template, name="Ada", fails=fails)
    assert said in str(caught.value)
    assert "--raw" in str(caught.value) or "run the cell that it needs" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_else_is_executed():
    names = {"name": "Ada"}
    fill("{(name := 'Eve')} {{name.clear()}}", names, [])
    assert names == {"name": "Ada"}


def test_what_a_value_holds_is_not_filled_again():
    assert filled("{text}", text="{secret}", secret="s") == "{secret}"


def test_variables_of_the_notebook(ip, run, recorder):
    run("name = 'Ada'")
    run("%%chat -m bot\nDear {name}")
    assert recorder.asked == [[("human", "Dear Ada")]]


@pytest.mark.promise("README.md", "{Err[3]} the error of the cell with execution count 3")
def test_earlier_cells_by_their_number(ip, run, recorder):
    count = ip.execution_count
    run("20 + 22")
    ip.run_cell("1 / 0  # the culprit", store_history=True)
    run(f"%%chat -m bot\n{{In[{count}]}} is {{Out[{count}]}}; {{Err[{count + 1}]}}")
    ((_, text),) = recorder.asked[0]
    assert text.startswith("20 + 22 is 42; Traceback")
    assert "1 / 0  # the culprit" in text
    assert text.endswith("ZeroDivisionError: division by zero")
    assert "IPython" not in text


@pytest.mark.parametrize(
    ("name", "said"), [("Out", "gave no value"), ("Err", "raised no error"), ("In", "has not run")]
)
def test_a_cell_that_is_not_there(run, fails, name, said):
    run("None")
    assert said in fails(f"%%chat -m local\n{{{name}[4711]}}")


def test_a_variable_named_err_is_the_notebooks_own(run, recorder):
    run("Err = 'mine'")
    run("%%chat -m bot\n{Err}")
    assert recorder.asked == [[("human", "mine")]]


@given(st.text())
def test_doubled_braces_are_the_text_itself(text):
    assert fill(text.replace("{", "{{").replace("}", "}}"), {}, []) == text


@given(st.text("{}[]()'\"\\:!=ax1. \n", max_size=40))
def test_any_text_is_filled_or_refused(text):
    try:
        fill(text, {"a": "A", "x": [1]}, [])
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "text", ["{" + "-" * 50_000 + "a}", "{" + "(" * 300 + "a" + ")" * 300 + "}"]
)
def test_what_is_nested_too_deep_is_refused(text):
    with pytest.raises(InputError, match="no Python expression"):
        fill(text, {"a": 1}, [])


def test_failures_are_bounded(ip, magics, monkeypatch):
    from nbstream.magics import _cells

    monkeypatch.setattr(_cells, "MAX_FAILURES", 2)
    for _ in range(4):
        ip.run_cell("1 / 0", store_history=True)
    assert len(magics.session.cells.failures) == 2
    long = _cells.traceback_of(ValueError("x" * 10_000))
    assert len(long) <= _cells.MAX_TRACEBACK + 1


class Leaving:
    """Leaves the program when it is asked what it is."""

    def __str__(self):
        raise SystemExit(3)


class Failing:
    def __str__(self, *_):
        raise RuntimeError("look away")

    __repr__ = __format__ = __str__


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("{exit()}", "{exit()} cannot be worked out: SystemExit"),
        ("{leaving}", "{leaving} cannot be worked out: SystemExit: 3"),
        ("{failing}", "{failing} cannot be worked out: RuntimeError: look away"),
        ("{failing!r}", "{failing!r} cannot be formatted: RuntimeError: look away"),
        ("{failing:>3}", "{failing:>3} cannot be formatted: RuntimeError: look away"),
        ("{number:>999999999}", "{number:>999999999} asks for more characters"),
        ("{number:.999999999f}", "{number:.999999999f} asks for more characters"),
    ],
)
def test_no_value_ends_more_than_its_cell(ip, fails, prompt, said):
    ip.user_ns.update(leaving=Leaving(), failing=Failing(), number=1.5, exit=sys.exit)
    assert said in fails(f"%%chat -m local\n{prompt}")
