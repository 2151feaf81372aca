"""A part of `tests/soak.py`; `make soak` runs all of it."""

import pytest

from . import soak


@pytest.mark.parametrize("seed", range(120))
def test_a_random_program_is_the_same_with_a_view_on_it(seed):
    soak.watch(seed)


@pytest.mark.parametrize("seed", range(120))
def test_a_random_program_that_is_stopped_ends_in_order(seed):
    soak.stop(seed)
