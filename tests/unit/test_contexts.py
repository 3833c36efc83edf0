"""The stand-in for ``contextlib.contextmanager`` does what the standard one does."""

from __future__ import annotations

import contextlib

import pytest

from leadline.core import contexts

BOTH = pytest.mark.parametrize(
    "contextmanager", [contexts.contextmanager, contextlib.contextmanager]
)


@BOTH
def test_the_value_and_the_end(contextmanager):
    steps = []

    @contextmanager
    def held(name, end="end"):
        """A docstring."""
        steps.append(name)
        yield name.upper()
        steps.append(end)

    with held("a", end="z") as value:
        steps.append(value)
    assert steps == ["a", "A", "z"]
    assert (held.__name__, held.__doc__) == ("held", "A docstring.")


@BOTH
@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), StopIteration("x")])
def test_an_error_passes_through_it(contextmanager, error):
    steps = []

    @contextmanager
    def held():
        try:
            yield
        finally:
            steps.append("ended")

    with pytest.raises(type(error)) as raised, held():
        raise error
    assert raised.value is error and steps == ["ended"]


@BOTH
def test_an_error_is_dealt_with_or_becomes_another(contextmanager):
    @contextmanager
    def held(other=None):
        try:
            yield
        except ValueError as error:
            if other is not None:
                raise other from error

    with held():
        raise ValueError("dealt with")
    with pytest.raises(OSError, match="another") as raised, held(OSError("another")):
        raise ValueError("first")
    assert isinstance(raised.value.__cause__, ValueError)


@BOTH
def test_one_that_never_ends_is_a_fault(contextmanager):
    @contextmanager
    def held():
        yield 1
        yield 2

    with pytest.raises(RuntimeError), held():
        pass
