"""What the interop tests share."""

import pytest

from .endpoint import Endpoint


@pytest.fixture(scope="session")
def url():
    """The address of an endpoint that speaks every dialect."""
    with Endpoint() as endpoint:
        yield endpoint.url
