"""What the interop tests share."""

import os

import pytest

from .endpoint import Endpoint

# litellm asks the network for its prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


@pytest.fixture(scope="session")
def url():
    """The address of an endpoint that speaks every dialect."""
    with Endpoint() as endpoint:
        yield endpoint.url


@pytest.fixture
def endpoint():
    """An endpoint of this test's own."""
    with Endpoint() as endpoint:
        yield endpoint
