"""The ruler: the files and data that measure, apart from the code that is measured.

Declared by patterns (``leadline measure protect``). Where nothing is declared, it is the files that
a command names, if these load other code of the repository; a program that is one file measures
itself.

>>> matcher("data/val/**")("data/val/a/b.csv"), matcher("*.py")("sub/bench.py")
(True, False)
>>> words_of(["sh", "-c", "python bench.py --set=conf/a.toml"])
['sh', '-c', 'python', 'bench.py', '--set', 'conf/a.toml']
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from leadline.core.patterns import later
from leadline.core.record.run import Run
from leadline.core.tree_path import OUTPUT_OPTION, may_be_written
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import NullFacts, RulerBody, RulerFacts

AREA = "ruler"
MOST_WORDS = 200  # of a command, and of what a file seems to load
_CONFIG = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf")
_MAGIC = later(r"[*?\[]")
_BETWEEN = later(r"[\s'\"=;|&<>(),`$]+")
_REDIRECTED = later(r">+\s*\S+")
_IMPORT = later(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)|import[ \t]+([\w., \t]+))",
    re.M,
)
_BY_NAME = later(
    r"(?:import_module|__import__|run_module)\(\s*[\"']([.\w]+)[\"']|[\s\"']-m[\s\"',]+([.\w]+)"
)
_PROGRAM = later(
    r"(?<![\w./-])(?:\.{0,2}/)?[\w-]+(?:/[\w-]+)+(?![\w/.*-])|(?<![\w./-])\./[\w-]+(?![\w/.*-])"
)
_SEARCHED = later(r"(?:sys\.path\.(?:insert|append|extend)|addsitedir)\(([^\n]*)")
_QUOTED = later(r"[\"']([^\"'\n]+)[\"']")
_PART = later(r"[\w.@+-][\w./@+-]{0,199}|/[\w./@+-]{1,199}")
_PATH = later(r"[\w./@+-]{0,199}[./][\w./@+-]{1,199}")
_JOINED = later(r"join|Path|[\"']\s*/|/\s*[\"']")
_WORDS_BETWEEN = later(r"[\s'\"=:,;{}\[\]()]+")
_MAKERS = {"make": ("GNUmakefile", "makefile", "Makefile"), "just": ("justfile", "Justfile")}
_CHANGES_FOLDER = later(r"(?:^|[;&|({\s])(?:cd|pushd)\s+(?:--\s+)?([^\s;&|)]+)")
_VARIABLE = later(r"(?:environ(?:\.\w+)?\s*[\[(]|getenv\s*\()\s*[\"'](\w+)[\"']")
_FILE = later(
    r"[\w./-]+\.(?:py|sh|js|ts|mjs|c|cc|cpp|cxx|h|hh|hpp|cu|cuh|rs|go|jl|r|R|lua|pl|rb|java|scala|so|m|f90|mk|bash|tcl|awk)\b|(?<![\w./-])[\w./-]*Makefile\b"
)


def prefix_of(pattern: str) -> str:
    """The folder that a pattern names before its first wildcard; "" for the top of the work tree."""
    found = _MAGIC.search(pattern)
    head = pattern if found is None else pattern[: found.start()]
    return head.rpartition("/")[0]


def is_literal(pattern: str) -> bool:
    return _MAGIC.search(pattern) is None


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a path below the top of the work tree matches: ``*`` and ``?`` within a name, ``**``
    over folders."""
    if is_literal(pattern):
        return lambda path: path == pattern
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(wild.get(part) or _class_or_words(part) for part in parts)
    matches = re.compile(text, re.S).fullmatch
    return lambda path: matches(path) is not None


def _class_or_words(part: str) -> str:
    if not part.startswith("["):
        return re.escape(part)
    from fnmatch import translate  # noqa: PLC0415  start-up: 0.2 ms, and few patterns have a class

    return "(?!/)" + translate(part.replace("[^", "[!", 1))[len("(?s:") : -len(r")\Z")]


def words_of(argv: Sequence[str]) -> list[str]:
    """The words of a command that may name a file that it reads, those of a shell's line too."""
    words = [w for token in argv for w in _BETWEEN.split(_REDIRECTED.sub(" ", token)) if w]
    read = [
        w for w, before in zip(words, ["", *words], strict=False) if not OUTPUT_OPTION.match(before)
    ]
    return list(dict.fromkeys(w.partition("::")[0] for w in read))[:MOST_WORDS]


def said_in(argv: Sequence[str]) -> str:
    """The code that a command says itself, and the modules that it runs, as the text of a program.

    >>> said_in(["python", "-c", "import a"]), said_in(["python", "-m", "b.c", "x"])
    ('import a', 'import b.c\\nimport b.c.__main__')
    """
    modules = [after for word, after in pairwise(words_of(argv)) if word == "-m"]
    code = [after for word, after in pairwise(argv) if word == "-c"]
    return "\n".join([*code, *(f"import {name}\nimport {name}.__main__" for name in modules)])


def loaded_by(text: str) -> list[str]:
    """Paths that the text of a program seems to load, without saying relative to what: modules in
    the way of Python, names of source files, and programs named by a path."""
    found = dict.fromkeys(imported_by(text))
    for match in _BY_NAME.finditer(text):
        name = (match[1] or match[2]).lstrip(".").replace(".", "/")
        found.update(dict.fromkeys((*_files_of(name), f"{name}/__main__.py")))
    for pattern in (_FILE, _PROGRAM):
        found.update(dict.fromkeys(match[0] for match in pattern.finditer(text)))
    return list(found)[:MOST_WORDS]


def imported_by(text: str) -> list[str]:
    """Those of the paths that are modules which the text imports.

    >>> imported_by("from a import b")
    ['a.py', 'a/__init__.py', 'a/b.py', 'a/b/__init__.py']
    """
    found: dict[str, None] = {}
    for match in _IMPORT.finditer(text):
        if match[1]:
            module = match[1].lstrip(".").replace(".", "/")
            names = [each.split()[0] for each in match[2].strip("() \t").split(",") if each.split()]
            parts = [f"{module}/{name}".lstrip("/") for name in names if name.isidentifier()]
            modules = [*([module] if module else []), *parts]
        else:
            named = (each.strip().partition(" ")[0] for each in match[3].split(","))
            modules = [name.replace(".", "/") for name in named if name]
        found.update(dict.fromkeys(path for name in modules for path in _files_of(name)))
    return list(found)


def files_in(text: str, quoted: bool) -> list[str]:
    """What the text of a program, or of a config file, where nothing need be ``quoted``, may name as a
    file that is read: by one word, or by parts that stand in one line and are joined.

    >>> files_in("open('data/val.csv')", True), files_in("np.load(os.path.join('data', 'x.npy'))", True)
    (['data/val.csv'], ['data', 'x.npy', 'data/x.npy'])
    >>> files_in("data: data/val.bin  # 'as before'", False)
    ['data/val.bin']
    """
    found: dict[str, None] = {}
    if not quoted:
        found.update(dict.fromkeys(_WORDS_BETWEEN.split(text)))
        return [name for name in found if _PATH.fullmatch(name)][:MOST_WORDS]
    for line in text.splitlines():
        parts = [name for name in _QUOTED.findall(line) if _PART.fullmatch(name)]
        found.update(dict.fromkeys(parts))
        if len(parts) > 1 and _JOINED.search(line):
            found.update(dict.fromkeys("/".join(parts[at:]) for at in range(len(parts) - 1)))
    return list(found)[: 2 * MOST_WORDS]


def is_source(path: str) -> bool:
    """Whether a file is text that is run, not data."""
    return _FILE.fullmatch(path) is not None


def searched_by(text: str) -> list[str]:
    """Folders that the text of a program lets Python look in, without saying relative to what.

    >>> searched_by("sys.path.insert(0, os.path.join(HERE, '..', 'lib'))")
    ['../lib']
    """
    named = (_QUOTED.findall(match[1]) for match in _SEARCHED.finditer(text))
    return list(dict.fromkeys("/".join(parts) for parts in named if parts))


def _files_of(module: str) -> list[str]:
    """A module, and the packages that are loaded before it."""
    packages = [at for at in range(len(module)) if module[at] == "/"]
    above = [f"{module[:at]}/__init__.py" for at in packages]
    return [f"{module}.py", f"{module}/__init__.py", *above]


def makefiles_of(argv: Sequence[str]) -> list[str]:
    """What a command runs that names none of it: the rules of ``make``."""
    named = (_MAKERS.get(os.path.basename(word), ()) for word in words_of(argv))
    return [name for names in named for name in names]


def goes_to(argv: Sequence[str], folder: str) -> str | None:
    """The folder that the words of a command name files of: a shell may go elsewhere. None where
    only the shell knows which that is.

    >>> goes_to(["sh", "-c", "cd sub && python a.py"], "/w"), goes_to(["sh", "-c", "cd $D; ./a"], "/w")
    ('/w/sub', None)
    """
    for token in argv:
        for match in _CHANGES_FOLDER.finditer(token):
            to = match[1].strip("'\"")
            if not to or "$" in to or "`" in to or to[0] in "~-":
                return None
            folder = os.path.normpath(os.path.join(folder, to))
    return folder


def variables_in(text: str) -> list[str]:
    """The variables of the environment that the text of a program reads."""
    return list(dict.fromkeys(match[1] for match in _VARIABLE.finditer(text)))[:MOST_WORDS]


def in_force(rulers: Iterable[RulerBody]) -> dict[str, RulerBody]:
    """By metric ("" for all that have none of their own) what was recorded last of its ruler."""
    return {str(said.get("metric") or ""): said for said in rulers if "null" not in said}


def null_of(rulers: Sequence[RulerBody], metric: str) -> NullFacts | None:
    """What came last of the baseline against itself by the ruler that is in force."""
    declared = in_force(rulers)
    ruler = declared.get(metric) or declared.get("")
    files = ruler.get("files", {}) if ruler else {}
    measured = [said for said in rulers if said.get("metric") == metric and "null" in said]
    if not measured or measured[-1].get("files", {}) != files:
        return None
    return measured[-1]["null"]


def resolution(null: NullFacts) -> float | None:
    """The largest difference that the interval of a null measurement holds, as a share where
    ``as_ratio``; None where it is not bounded. What is no larger, the ruler may find in nothing."""
    low, high = null["low"], null["high"]
    if low is None or high is None:
        return None
    if not null["as_ratio"]:
        return max(abs(low), abs(high))
    return (
        max(high, 1.0 / low) - 1.0 if low > 0.0 else None
    )  # a record from elsewhere may say anything


def null_text(null: NullFacts) -> str:
    """What a null measurement says of the ruler, in a sentence."""
    smallest = resolution(null)
    blocks = f"{null['blocks']} blocks in turns"
    if null["shown"]:
        return f"the ruler finds a difference between the baseline and itself, over {blocks}"
    if smallest is None:
        return f"{blocks} are too few to say what the ruler resolves"
    size = f"{100 * smallest:.3g} %" if null["as_ratio"] else f"{smallest:.3g}"
    return f"no difference found over {blocks}; one below {size} would not show for sure"


def below_resolution(null: NullFacts, reference: float | None, value: float | None) -> str:
    """Why a difference of two means says nothing by this ruler, in words; "" where it may."""
    where = f"{null['interleaving']}, {null['blocks']} blocks"
    if null["shown"]:
        return f"the ruler finds a difference between the baseline and itself ({where})"
    smallest = resolution(null)
    if smallest is None or reference is None or value is None:
        return ""
    if null["as_ratio"]:
        if reference <= 0 or value <= 0:
            return ""
        ratio = value / reference
        size = max(ratio, 1.0 / ratio) - 1.0
        told = f"{100 * size:.3g} % is less than the {100 * smallest:.3g} %"
    else:
        size = abs(value - reference)
        told = f"{size:.3g} is less than the {smallest:.3g}"
    if size >= smallest:
        return ""
    return f"{told} by which the baseline may differ from itself under this ruler ({where})"


def is_outdated(run: Run, rulers: Iterable[RulerBody], metric: str) -> bool:
    """Whether another ruler measured the metric of the run than the one that is in force."""
    declared = in_force(rulers)
    name = metric if metric in declared else ""
    known = (run.ruler.get("declared") or {}).get(name)
    return known is not None and name in declared and known != declared[name].get("files", {})


def loaded_otherwise(runs: Iterable[Run]) -> list[str]:
    """What the declared ruler of these runs loads, differs among them, and is not declared: what may be
    measured."""
    runs = list(runs)
    apart = {path for run in runs for path in run.ruler.get("own", ())}
    seen: dict[str, str] = {}
    loaded = ((p, d) for run in runs for p, d in run.ruler.get("loaded", {}).items())
    return list(
        dict.fromkeys(
            path for path, d in loaded if path not in apart and seen.setdefault(path, d) != d
        )
    )


def own_otherwise(runs: Iterable[Run], metrics: Iterable[str]) -> dict[str, list[str]]:
    """The files that only the declared ruler of these metrics loads, and that differ among the runs, with
    their digests, "" for none: they measure as it does."""
    wanted = list(metrics)
    known = [run for run in runs if "own" in run.ruler and declares(run, wanted)]
    written = {path for run in known for path in run.outputs.get("rewritten", ())}
    paths = dict.fromkeys(p for run in known for p in run.ruler["own"] if p not in written)
    digests = {
        path: list(dict.fromkeys(run.ruler.get("loaded", {}).get(path, "") for run in known))
        for path in paths
    }
    return {path: of for path, of in digests.items() if len(of) > 1}


def named_by(run: Run) -> dict[str, str]:
    """The files that the command of a run names, with their digests; but for its config, which is
    given to what is measured."""
    named = run.ruler.get("named", {})
    return {path: digest for path, digest in named.items() if not path.lower().endswith(_CONFIG)}


def ruler_facts(run: Run, metrics: Iterable[str]) -> dict[str, str]:
    """What measured these metrics of a run, as file or pattern to digest; nothing where that is not
    known, or nothing measures apart from the code."""
    known = run.ruler.get("declared") or {}
    wanted = {name: known.get(name, known.get("")) for name in metrics}
    facts: dict[str, str] = {}
    for files in wanted.values():
        facts.update(files or {})
    if any(files is None for files in wanted.values()) and run.ruler.get("loads"):
        facts = {**named_by(run), **facts}
    return facts


def of_several(runs: Iterable[Run], metrics: Iterable[str]) -> list[str]:
    """What measured these metrics, as far as the runs say, and is not the same in all of them."""
    wanted, known = list(metrics), list(runs)
    seen: dict[str, str] = {}
    found = []
    for run in known:
        for key, digest in ruler_facts(run, wanted).items():
            if seen.setdefault(key, digest) != digest and not is_written(run, key):
                found.append(key)
    return list(dict.fromkeys([*found, *own_otherwise(known, wanted)]))


def is_written(run: Run, key: str) -> bool:
    """Whether a file is a ruler only for being named by a command, and of a kind that runs write:
    where it differs from run to run it is an output."""
    declared = (run.ruler.get("declared") or {}).values()
    return may_be_written(key) and not any(key in files for files in declared)


def measures_itself(a: Iterable[Run], b: Iterable[Run], metrics: Iterable[str]) -> list[str]:
    """The files that were both measured and measuring: named by the command, changed between the
    sides, and nothing declared apart from them. Where they load other code on both sides they are the
    ruler, and a confound."""
    wanted = list(metrics)
    left, right = _named(a, wanted), _named(b, wanted)
    return sorted(
        path
        for path in left.keys() & right.keys()
        if left[path].keys() != right[path].keys()
        and not (all(left[path].values()) and all(right[path].values()))
    )


def _named(runs: Iterable[Run], metrics: Sequence[str]) -> dict[str, dict[str, bool]]:
    """File to its digests, each with whether it loads other code."""
    found: dict[str, dict[str, bool]] = {}
    for run in runs:
        if not declares(run, metrics):
            loads = bool(run.ruler.get("loads"))
            for path, digest in named_by(run).items():
                found.setdefault(path, {})[digest] = loads
    return found


def beside_of(run: Run) -> dict[str, str]:
    """What names the content of the files of a run's program that no code state holds, but of those
    that it wrote itself or that are declared as its inputs."""
    written = run.outputs.get("rewritten", {})
    inputs = [os.path.normpath(os.path.join(run.cwd, path)) for path in run.data_files]
    return {
        path: digest
        for path, digest in run.ruler.get("beside", {}).items()
        if path not in written
        and not any(path == given or path.startswith(f"{given}/") for given in inputs)
    }


def declares(run: Run, metrics: Iterable[str]) -> bool:
    """Whether a ruler of each of these metrics was declared for the run."""
    known = run.ruler.get("declared") or {}
    return all(metric in known or "" in known for metric in metrics)


def changed_between(before: RulerFacts, after: RulerFacts, metric: str) -> list[str]:
    """The patterns of a declared ruler whose files are others now; those that only one has say
    nothing."""
    old, new = (
        (facts.get("declared") or {}).get(metric) or dict[str, str]() for facts in (before, after)
    )
    return sorted(p for p in old.keys() & new.keys() if old[p] != new[p])


def other_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The paths of two lists of files that differ, those that were renamed, added or removed too."""
    names = before.keys() | after.keys()
    return sorted(path for path in names if before.get(path) != after.get(path))
