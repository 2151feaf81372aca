"""What values look like in a prompt: tables, images, and the rest."""

import base64
import io
import struct
import zlib

import pytest

from nbstream import InputError
from nbstream.magics._template import fill
from nbstream.magics._values import MAX_ROWS, attached, rendered


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    + chunk(b"IEND", b"")
)


class DataFrame:
    """Has of a polars table what is read of it."""

    def __init__(self, columns, rows):
        self.columns, self._rows = columns, rows

    def head(self, count):
        return DataFrame(self.columns, self._rows[:count])

    def rows(self):
        return self._rows

    def __len__(self):
        return len(self._rows)


def test_a_table_becomes_markdown_and_cannot_break_out_of_its_cells():
    notices = []
    table = DataFrame(["fish", "a|b"], [("koi\nred", 1.0), ("x|y", float("nan"))])
    assert fill("{t}", {"t": table}, notices) == (
        "| fish | a\\|b |\n| --- | --- |\n| koi red | 1 |\n| x\\|y |  |"
    )
    assert notices == []


def test_a_long_table_is_cut_with_a_notice():
    notices = []
    table = DataFrame([f"c{n}" for n in range(40)], [tuple(range(40))] * 1000)
    lines = rendered(table, "{t}", notices).split("\n")
    assert len(lines) == MAX_ROWS + 3
    assert lines[-1] == "(… 950 more rows and 10 more columns)"
    assert "950 more rows" in notices[0]
    wide = rendered(DataFrame(["a"], [("x" * 9999,)]), "{t}", [])
    assert len(wide) < 400


def test_the_notice_reaches_the_user(ip, run, recorder):
    ip.user_ns["t"] = DataFrame(["n"], [(n,) for n in range(60)])
    assert "10 more rows are left out" in run("%%chat -m bot\n{t}")


@pytest.mark.promise("README.md", "{df} becomes a table")
def test_pandas_tables():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"fish": ["koi", "carp"], "n": [1, 2.5]})
    assert rendered(frame, "", []) == "| fish | n |\n| --- | --- |\n| koi | 1 |\n| carp | 2.5 |"
    by_name = frame.set_index("fish")
    assert rendered(by_name, "", []).startswith("| fish | n |\n| --- | --- |\n| koi | 1 |")
    assert rendered(by_name["n"], "", []).startswith("| fish | n |\n| --- | --- |\n| koi | 1 |")
    notices = []
    rendered(pandas.DataFrame({"n": range(60)}), "{t}", notices)
    assert len(notices) == 1


def data_of(block):
    assert block["type"] == "image"
    assert block["source"]["type"] == "base64"
    return block["source"]["media_type"], base64.b64decode(block["source"]["data"])


@pytest.mark.promise("README.md", "a figure an attachment")
def test_figures_and_pillow_images():
    pytest.importorskip("matplotlib").use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    image = pytest.importorskip("PIL.Image")
    figure, axes = pyplot.subplots()
    for value in (figure, axes, image.new("RGB", (2, 2))):
        kind, data = data_of(rendered(value, "", []))
        assert kind == "image/png"
        image.open(io.BytesIO(data)).verify()
    pyplot.close(figure)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF1234WEBPrest", "image/webp"),
    ],
)
def test_bytes_of_image_files(data, kind):
    assert data_of(rendered(data, "", [])) == (kind, data)


def test_images_of_ipython():
    from IPython.display import Image

    assert data_of(rendered(Image(PNG), "", []))[0] == "image/png"


def test_an_image_stands_where_it_was_named():
    content = fill("Look: {a} and {a} and {b}{c}", {"a": PNG, "b": "text", "c": "!"}, [])
    kinds = [block["type"] for block in content]
    assert kinds == ["text", "image", "text", "image", "text"]
    assert content[-1]["text"] == " and text!"


def test_other_values():
    loop = []
    loop.append(loop)
    assert rendered(("a", None, 1), "", []) == '["a",null,1]'
    assert rendered({"é": {1, 2}}, "", []) == '{"é":"{1, 2}"}'
    assert rendered(loop, "", []) == "[[...]]"
    assert rendered({(1, 2): 3}, "", []) == "{(1, 2): 3}"
    assert rendered(b"abc", "", []) == "b'abc'"
    assert rendered(3, "", []) == "3"


def test_image_by_path_and_by_variable(ip, run, recorder, tmp_path):
    path = tmp_path / "a fish.png"
    path.write_bytes(PNG)
    ip.user_ns["photo"] = PNG
    ip.user_ns["where"] = path
    run(f"%%chat -m bot -i '{path}' --image photo -i where\nWhat is it?")
    ((_, content),) = recorder.asked[0]
    assert content[0] == {"type": "text", "text": "What is it?"}
    assert [data_of(block)[0] for block in content[1:]] == ["image/png"] * 3


def test_what_is_no_image(tmp_path):
    text = tmp_path / "fish.png"
    text.write_text("no image")
    with pytest.raises(InputError, match="is a file, and no image"):
        attached(str(text), {})
    with pytest.raises(InputError, match="is of type int, and no image"):
        attached("number", {"number": 1})
    with pytest.raises(InputError, match="is no variable, and"):
        attached("nothing.png", {})


def test_the_embedded_model_says_that_it_sees_no_images(ip, fails, talk):
    ip.user_ns["photo"] = PNG
    assert "image" in fails("%%chat -m local -n 4 --image photo\nWhat is it?")
    assert talk().turns == []


def test_a_chain_takes_no_image(ip, fails):
    from nbstream import ScriptedChat

    ip.user_ns.update(said=ScriptedChat(["x"]), photo=PNG)
    assert "this one has an image" in fails("%%chat --chain said -i photo\nHi")
