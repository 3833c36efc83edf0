"""Runs that Python code makes itself: ``ll.run()`` around a block, ``@ll.run`` on a function.

A face like the command line. Inside a job of Leadline the work is that job's run already: nothing
further is recorded, and what a function returns is logged for the job.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from _thread import allocate_lock
from contextvars import ContextVar
from traceback import format_exception_only

from leadline.job.call import words
from leadline.job.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any

    from leadline.services.run.in_process import InProcessRun
    from leadline.services.run.outcome import RunOutcome

# The run that this process is inside, as its number and whose it is: a fork has none of its own.
_open, _count, _claiming = (0, 0), 0, allocate_lock()
# The same as it is seen by the code that the run called, the tasks that it began among it. Another thread or
# another task sees none.
_inside = ContextVar("inside", default=0)


class Run:
    """What ``run()`` gives: enter it, or put it on a function. ``outcome``: what was recorded of the
    last one that ended (``id``, ``state``, ``metrics``, ``wall_s``, …); None inside a job."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        self._terms = dict(terms)
        self._open: InProcessRun | None = None
        self._pid = 0
        self._within = 0  # how often it was entered again before it was left
        self._last: dict[str, RunOutcome] = {}  # by what was called
        self._key = ""
        self.outcome: RunOutcome | None = None

    def __enter__(self) -> Run:
        self._begin(list(sys.orig_argv), self._terms.get("config") or {}, "")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._end(error)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, each of whose calls is a run. Calls alike are repeats of one experiment."""
        if isinstance(function, functools.partial):
            made = functools.partial(self(function.func), *function.args, **function.keywords)
            made.run = self  # type: ignore[attr-defined]
            return made
        if _outlasts_its_call(function):
            raise TypeError(f"{_name(function)}() is not over when it returns: use `with ll.run()`")
        signature = inspect.signature(function)

        @functools.wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            title = self._terms.get("title") or ""
            self._begin(*_command(function, signature, bound.arguments), title)
            try:
                returned = function(*args, **kwargs)
                _log_returned(function, returned)
            except BaseException as error:
                self._end(error)
                raise
            self._end(None)
            return returned

        recorded.run = self  # type: ignore[attr-defined]
        return recorded

    def _begin(self, argv: list[str], config: Mapping[str, Any], title: str) -> None:
        if _is_within():
            self._within += 1
            return
        try:
            self._record(argv, config, title)
        except BaseException:
            _leave()
            raise

    def _record(self, argv: list[str], config: Mapping[str, Any], title: str) -> None:
        from leadline.bootstrap import open_context
        from leadline.core.config import flatten
        from leadline.services.run.in_process import InProcessRun
        from leadline.services.run.request import Command, RunRequest, Terms

        terms = self._terms
        context = open_context(terms.get("path"), _say)
        request = RunRequest(
            topic=context.topic(terms.get("thread")),
            command=Command(argv, flatten(dict(config))),
            terms=Terms(
                inputs=list(terms.get("inputs") or ()), artifacts=list(terms.get("artifacts") or ())
            ),
            experiment=terms.get("experiment"),
            title=title or terms.get("title") or "",
            hypotheses=list(terms.get("hypotheses") or ()),
            expected=terms.get("why") or "",
        )
        self._key = repr((argv, request.command.config))
        before = None if terms.get("experiment") else self._last.get(self._key)
        self._open = InProcessRun(context, request, before)
        self._pid = os.getpid()

    def _end(self, error: BaseException | None) -> None:
        """Whatever it meets, the caller gets its value or its own exception."""
        if self._within:
            self._within -= 1
            return  # of a job's run, of another's, of its own
        if self._open is None or self._pid != os.getpid():
            return  # a fork's, which its parent ends
        open_, self._open = self._open, None
        from leadline.core.errors import LeadlineError

        try:
            self.outcome = open_.end(*_ending(error))
            self._last.setdefault(self._key, self.outcome)
        except (LeadlineError, OSError) as problem:
            what = getattr(problem, "what", None) or str(problem)
            _say(f"the end of this run is not recorded yet, the next command does: {what}")
        finally:
            _leave()


def _is_within() -> bool:
    """Whether this is a part of a run that is open: of a job's, of another's of this process. If not,
    the process is inside one from here on. Raises LeadlineError(conflict): it is inside one of which
    this is no part."""
    global _open, _count
    with _claiming:
        number, pid = _open
        if number and pid == os.getpid():
            if _inside.get() == number:
                return True
            from leadline.core.errors import conflict

            raise conflict(
                "run-in-run",
                "another thread or task of this process is inside a run",
                why="what is logged would belong to either",
                do="leadline sweep -- python FILE",
            )
        if os.environ.get("LEADLINE_RUN_DIR"):
            return True
        _count += 1
        _open = (_count, os.getpid())
        _inside.set(_count)
        return False


def _leave() -> None:
    global _open
    _open = (0, 0)
    _inside.set(0)


def _outlasts_its_call(function: Callable[..., Any]) -> bool:
    kinds = (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    )
    return any(is_one(function) for is_one in kinds)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def run(
    function: Callable[..., Any] | None = None,
    /,
    *,
    config: Mapping[str, Any] | None = None,
    title: str = "",
    experiment: str | None = None,
    hypotheses: Iterable[str] = (),
    why: str = "",
    inputs: Iterable[str] = (),
    artifacts: Iterable[str] = (),
    thread: str | None = None,
    path: str | None = None,
) -> Any:
    """A run of this process: ``with ll.run(config={"n": 64}) as run:``, or ``@ll.run`` (also
    ``@ll.run(title=…)``) on a function, whose arguments are the config and whose returned numbers
    are metrics, beside what ``ll.log`` writes.

    It is on record before the work starts. An exception is recorded as a failure, in its own words,
    and raised again. The other words are those of ``leadline run``; ``path``: a folder of the
    repository (default: the current one).

    Raises LeadlineError where nothing can be recorded (no thread, no repository, another thread or
    task of this process in a run): then the work is not done.
    """
    made = Run(
        {
            "config": config,
            "title": title,
            "experiment": experiment,
            "hypotheses": hypotheses,
            "why": why,
            "inputs": inputs,
            "artifacts": artifacts,
            "thread": thread,
            "path": path,
        }
    )
    return made if function is None else made(function)


def _command(
    function: Callable[..., Any], signature: inspect.Signature, given: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """The command that makes this call again, or the one that this process was started by where
    none does; and the config."""
    values: dict[str, Any] = {}
    name = _name(function)
    by_name = name == getattr(function, "__qualname__", "") and name.isidentifier()
    for parameter, value in given.items():
        kind = signature.parameters[parameter].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            values |= value
        elif kind is not inspect.Parameter.VAR_POSITIONAL or value:
            values[parameter] = value
            by_name &= kind not in (
                inspect.Parameter.VAR_POSITIONAL,
                inspect.Parameter.POSITIONAL_ONLY,
            )
    config = {name: _plain(value) for name, value in values.items()}
    code = getattr(inspect.unwrap(function), "__code__", None)
    path = os.path.relpath(os.path.realpath(code.co_filename)) if code is not None else ""
    if by_name and os.path.isfile(path) and not path.startswith(os.pardir):
        try:
            again = words(values)
        except (TypeError, ValueError):
            pass
        else:
            return [
                sys.executable,
                "-m",
                "leadline.job.call",
                path,
                name,
                *again,
            ], config
    return list(sys.orig_argv), config


def _plain(value: Any) -> Any:
    """A value as a config has it; of what is no number, text or collection of such, its type."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return f"<{type(value).__name__}>"


def _log_returned(function: Callable[..., Any], returned: Any) -> None:
    """The numbers among the returned values; what else is there is the caller's."""
    if not isinstance(returned, dict):
        return
    for name, value in returned.items():
        if isinstance(name, str) and not isinstance(value, str):
            try:
                log({name: value})
            except TypeError:
                _say(f"{_name(function)}() returned {name}, which is no number: not recorded")


def _ending(error: BaseException | None) -> tuple[str, str]:
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "done", ""
    parts = format_exception_only(error)  # of a syntax error the place first, else the notes last
    said = next((part for part in parts if not part.startswith("  ")), parts[0])
    return ("cancelled" if isinstance(error, KeyboardInterrupt) else "failed"), _one_line(said)


def _one_line(text: str) -> str:
    from leadline.core.plain import one_line

    return one_line(text)


def _say(line: str) -> None:
    sys.stderr.write(f"leadline: {_one_line(line)}\n")
