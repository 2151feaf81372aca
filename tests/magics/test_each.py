"""``%%chat --each``: the cell's prompt for each row of a table."""

import pytest
from IPython.core.completer import provisionalcompleter

from nbstream import PromptTemplate, ScriptedChat
from nbstream.magics._errors import CellError

from .conftest import Recorder

ROWS = [{"animal": "fish", "n": 2}, {"animal": "cat", "n": 3}]


def frame(rows):
    return pytest.importorskip("pandas").DataFrame(rows)


def asked(model):
    return sorted(messages[-1][1] for messages in model.asked)


def rows_of(table):
    return table.to_dict("records") if hasattr(table, "to_dict") else table


@pytest.mark.promise("docs/batch.md", "Other names are the notebook's variables")
def test_each_row_is_asked_with_its_columns_and_the_notebooks_variables(ip):
    ip.user_ns.update(df=ROWS, bot=Recorder(), place="on the moon")
    ip.run_cell_magic("chat", "--each df -m bot --as songs", "{n} songs on a {animal} {place}")
    assert asked(ip.user_ns["bot"]) == [
        "2 songs on a fish on the moon",
        "3 songs on a cat on the moon",
    ]
    found = rows_of(ip.user_ns["songs"])
    assert [row["animal"] for row in found] == ["fish", "cat"]
    assert {row["status"] for row in found} == {"done"}
    assert all(row["output"].text.startswith("answer") for row in found)


def test_a_data_frame_gives_its_rows(ip):
    ip.user_ns.update(df=frame(ROWS), bot=Recorder())
    ip.run_cell_magic("chat", "-E df -m bot", "About a {animal}: {n + 1:>2}")
    assert asked(ip.user_ns["bot"]) == ["About a cat:  4", "About a fish:  3"]


@pytest.mark.promise("docs/batch.md", "none of the conversation's turns")
def test_standing_instructions_go_along_and_the_conversation_does_not(ip):
    ip.user_ns.update(df=ROWS, bot=Recorder())
    ip.run_cell_magic("chat", "-m bot", "First.")
    ip.run_cell_magic("chat", "--each df -m bot -s 'Be brief.'", "A {animal}.")
    _, *each = ip.user_ns["bot"].asked
    assert {tuple(messages[0]) for messages in each} == {("system", "Be brief.")}
    assert [len(messages) for messages in each] == [2, 2]
    ip.run_cell_magic("chat", "-m bot", "Last.")
    assert [said for _, said in ip.user_ns["bot"].asked[-1]] == ["First.", "answer 1", "Last."]


def test_a_chain_gets_each_text(ip):
    chain = PromptTemplate.from_template("<{text}>") | Recorder()
    ip.user_ns.update(df=ROWS, chain=chain)
    ip.run_cell_magic("chat", "--each df --chain chain --as out", "A {animal}.")
    assert len(rows_of(ip.user_ns["out"])) == 2


def test_in_the_background_it_is_stored_when_all_is_over(ip):
    ip.user_ns.update(df=ROWS, bot=ScriptedChat(["Blub"]))
    ip.run_cell_magic("chat", "--each df -m bot --bg --as songs", "A {animal}.")
    assert len(rows_of(ip.user_ns["songs"])) == 2  # a terminal waits


@pytest.mark.promise("docs/batch.md", "A column that is missing is named before anything is sent")
@pytest.mark.parametrize(
    ("table", "cell", "said"),
    [
        (ROWS, "A {anmal}.", "df has no column 'anmal'. Did you mean 'animal'? df has: animal, n."),
        (ROWS, "{a} {b}", "df has no columns 'a', 'b'. df has: animal, n."),
        (
            ROWS,
            "A song.",
            "The prompt uses no column of df, so all would be the same. Write one as",
        ),
        ([], "A {animal}.", "'df' has no rows"),
        ("fish", "A {animal}.", "--each needs a DataFrame or a list of dicts, and 'df' is str"),
        (["fish"], "A {animal}.", "For a list of texts: [{'text': one} for one in texts]."),
        ([{"a": 1, "b": 2}, {"a": 1}], "{a} {b}", "df has no column 'b'. df has: a."),
        (ROWS, "A {animal", "There is a { that is not closed"),
    ],
)
def test_what_is_no_table_or_lacks_a_column_is_said_before_anything_is_sent(ip, table, cell, said):
    ip.user_ns.update(df=table, bot=Recorder())
    with pytest.raises(CellError) as error:
        ip.run_cell_magic("chat", "--each df -m bot", cell)
    assert said in str(error.value)
    assert ip.user_ns["bot"].asked == []


@pytest.mark.parametrize("option", ["--to json", "--raw", "--replace 1", "--image fish.png"])
def test_an_option_for_one_answer_does_not_go_with_it(ip, option):
    ip.user_ns.update(df=ROWS, bot=Recorder())
    with pytest.raises(CellError, match="--each sends many"):
        ip.run_cell_magic("chat", f"--each df -m bot {option}", "A {animal}.")


def test_a_row_that_fails_is_told_and_takes_nothing_from_the_others(ip):
    ip.user_ns.update(df=[{"n": 1}, {"n": 0}], bot=Recorder())
    ip.run_cell_magic("chat", "--each df -m bot --as out", "{1 / n}")
    done, failed = rows_of(ip.user_ns["out"])
    assert (done["status"], failed["status"]) == ("done", "failed")
    assert "division by zero" in failed["error"]


def test_tab_completes_it_with_tables(ip):
    ip.user_ns.update(table_of_fish=frame(ROWS))
    line = "%%chat --each table_o"
    with provisionalcompleter():
        found = [one.text for one in ip.Completer.completions(line, len(line))]
    assert "table_of_fish" in found
