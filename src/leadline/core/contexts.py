"""``contextmanager`` as in the standard library, without the start-up of ``contextlib``: eighteen
classes, of which a reading verb needs none. Type checkers see the standard one.
"""

from __future__ import annotations

from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import contextmanager
else:

    def contextmanager(generate):
        def context(*args, **kwargs):
            return _Context(generate(*args, **kwargs))

        context.__name__, context.__doc__ = generate.__name__, generate.__doc__
        return context

    class _Context:
        __slots__ = ("_steps",)

        def __init__(self, steps):
            self._steps = steps

        def __enter__(self):
            return next(self._steps)

        def __exit__(self, kind, error, trace):
            try:
                if error is None:
                    next(self._steps)
                else:
                    self._steps.throw(error)
            except StopIteration as ended:
                return ended is not error  # what was thrown in and not let out is dealt with
            except BaseException as raised:
                # A generator that lets a StopIteration out raises a RuntimeError from it.
                wrapped = isinstance(error, StopIteration) and raised.__cause__ is error
                if raised is error or wrapped:
                    error.__traceback__ = trace
                    return False
                raise
            raise RuntimeError("a context goes on behind its end")


__all__ = ["contextmanager"]
