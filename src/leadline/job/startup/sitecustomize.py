# Says which interpreter a job started, for the record; Python imports this when it starts.
#
# Only where nobody could tell beforehand (a launcher of several processes or one that makes
# environments, a shell script). It runs in any Python, in processes that are not ours: it imports
# nothing that is not loaded by then, never fails, and gives way to the sitecustomize that would have
# been imported without it.


def _leadline_started():  # type: () -> None
    import os
    import sys

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]

    def number(path):  # type: (str) -> str
        try:
            return str(os.stat(path).st_ino)
        except OSError:
            return ""

    told = os.environ.get("LEADLINE_STARTED")
    if told and getattr(sys, "executable", None):
        places = list(sys.path)
        places.insert(0, sys.executable)
        words = [
            ".".join(map(str, sys.version_info[:3])),
            getattr(getattr(sys, "implementation", None), "name", "cpython"),
            sys.executable,
            "\x1f".join(getattr(sys, "orig_argv", [])[:4]),
            "\x1f".join(sys.path),
            str(os.getpid()),
            os.environ.get("LEADLINE_STARTED_BY", ""),
            "\x1f".join(map(number, places)),
        ]
        os.environ["LEADLINE_STARTED_BY"] = str(os.getpid())
        line = "\x1e".join(words).replace("\n", " ") + "\n"
        handle = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line.encode("utf-8", "surrogateescape"))
        finally:
            os.close(handle)


def _leadline_ranks():  # type: () -> None
    import os

    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(os.path.dirname(here), "rank_output.py")
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), {"__name__": "leadline_rank_output"})


def _leadline_give_way():  # type: () -> None
    import sys

    mine = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        if mine is not None:
            sys.modules["sitecustomize"] = mine


for _leadline_step in (_leadline_started, _leadline_ranks):
    try:
        _leadline_step()
    except Exception:
        pass
_leadline_give_way()
