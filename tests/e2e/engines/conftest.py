"""The three engines, and the pages that they open."""

import os

import pytest

from .engines import DRIVEN, Chromium
from .pages import serving

NAMES = os.environ.get("ENGINES", "chromium firefox webkit").split()


@pytest.fixture(scope="package", params=NAMES)
def engine(request, tmp_path_factory):
    if request.param == "chromium":
        yield Chromium(request.getfixturevalue("browser"))
        return
    with DRIVEN[request.param](tmp_path_factory.mktemp(request.param)) as engine:
        yield engine


@pytest.fixture
def pages():
    with serving() as pages:
        yield pages
