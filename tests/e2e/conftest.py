"""The server, the browser and the notebooks of the browser tests."""

import pytest

from .lab import Lab, Notebook, open_browser


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    folder.mkdir()
    server = Lab(folder)
    yield server
    server.stop()


# Not for the session: while Playwright is open, its event loop counts as running in this thread.
@pytest.fixture(scope="package")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def notebook(lab, browser):
    """Open a notebook: ``notebook(name, cells, theme="light", width=1280, …)``; see `Notebook`."""
    opened = []

    def open_(name, cells=None, theme="light", width=1280, **kwargs):
        lab.theme(theme)
        opened.append(Notebook(lab, browser, name, cells, width, **kwargs))
        return opened[-1]

    yield open_
    for one in opened:
        one.page.close()
    lab.shut_down_kernels()
