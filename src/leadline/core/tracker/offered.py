"""What the columns of a table seem to be, by name and content: offered, and never acted upon.

Whoever takes the offer types the command that it comes with, so that no guess stays unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from leadline.core.compare.reruns import is_seed
from leadline.core.extract.table import cell_number
from leadline.core.extract.written_number import before_spread
from leadline.core.metric.units import unit_of_name
from leadline.core.patterns import later
from leadline.core.plain import beginning
from leadline.core.record.run import MetricDef
from leadline.core.tracker.row_roles import renamed
from leadline.core.tracker.row_values import VALUE
from leadline.core.tracker.told_ending import NAMES as STATE_NAMES
from leadline.core.tracker.told_ending import says_no_value, tells_badly, tells_well, told_ending
from leadline.core.tracker.told_time import told_time
from leadline.core.typed import Any
from leadline.core.values import dataclass, field

EXAMPLES = 3
GIVEN = "by its name"  # why a number is config
SAID = "said of a row; no config"
Roles = dict[str, "str | list[str]"]  # by the field of a request


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SPLIT = later(  # f1 and r2 are words
    r"[^a-z0-9%]+|(?<=[a-z])(?<!^[fr])(?<![^a-z][fr])(?=\d)"
)
_ARROWS = {"\u2191": "higher", "\u2193": "lower"}
_UNIT_IN_CELL = later(r"[+-\u2212]?[\d.,']*\d(?:[eE][+-]?\d+)? ?([^\d\s.,+_-][^\d\s_]{0,15})")
_THOUSANDS = later(r"[+-]?[1-9]\d{0,2},\d{3}")  # or a fraction: its reader says so
_DURATION = later(r"(?:\d+ days?,? )?\d+:\d\d:\d\d(?:\.\d+)?")
_PER_SECOND = later(r"/s(?:ec(?:ond)?s?)?\b")
_SHARE = later(r"(?i)\s*(?:p(?:50|75|9\d)(?:\.\d+)?|\d{1,3}(?:\.\d+)?%)\s*")
_HEX = later(r"[0-9a-f]{6,40}")
_STATE_WORDS = later(
    r"(?i)\W*(?:keep|kept|discard(?:ed)?|revert(?:ed)?|crash(?:ed)?|accept(?:ed)?|reject(?:ed)?|done|"
    r"fail(?:ed)?|pass(?:ed)?|kill(?:ed)?|success|finished|completed|timeout|oom|baseline|running|pending|ok|error|killed|"
    r"refuted|measured|invalid|suspect|control)\b"
)
_TIME_NAMES = _words(
    "time timestamp ts date datetime when created createdat created_at completed_at "
    "completedat started_at ended_at finished_at start_time end_time start_date "
    "updated_at utc logged_at run_date"
)
_ID_NAMES = _words(
    "id exp_id experiment_id experiment exp iter iteration run run_id run_name number "
    "no name trial trial_id attempt uuid uid key path file filename folder # case idx "
    "index"
)
_ITEM_NAMES = _words(
    "question question_id qid item item_id example example_id sample_id doc_id problem problem_id "
    "task_id instance_id prompt_id test_case"
)
_ONE_STEP = _words("step global_step epoch train_step training_step")  # no count of trials
_SCHEDULED = _words("lr learning momentum wd temperature tau eps epsilon tokens samples seen")
_COMMAND_NAMES = _words("command cmd command_line cmdline argv run_command")
_STEP_NAMES = _words(
    "step global_step _step epoch iter iteration steps train_step training_step update batch_idx"
)
_UNIT_NAMES = _words("unit units uom metric_unit")
_METRIC_NAMES = _words("metric metric_name measure measurement kpi metrics stat")
_VALUE_NAMES = _words("value val score result metric_value measured measurement reading")
_WORD_NAMES = _words(
    "description desc notes note summary rationale reason hypothesis interpretation "
    "next_hypothesis agent_idea idea diff comment comments tags text message title url "
    "link"
)
_DECIDED = _words("kept accepted merged promoted adopted decided accept merge promote")
_TELLING = ("config", "seed", "commit", "command")  # roles that tell experiments apart
_COUNTS = _words("n count")
_AMOUNTS = _words(
    "bytes kb mb gb kib mib gib memory instructions cycles"
)  # of which a rate is better
_STATISTICS = _words(
    "deviation p p_value pvalue pval ci_lo ci_hi ci_low ci_high std stddev stdev stderr sd sem n "
    "count variance"
)
_REPEATS = _words("repeat rep replicate repetition")
_SPREADS = _words("std stddev stdev stderr sd sem variance var se cv")
_MIDDLES = _words("mean avg average median")
_ENDS = _words("min max low high")
_OF_SEVERAL = _MIDDLES | _ENDS  # behind what was measured
_LOWER = _words(
    "loss bpb bpc ppl perplexity error errors failure failures err mae mse rmse mape wer cer nll latency time "
    "ms us ns s sec seconds elapsed duration wall runtime memory mem rss gb mb gib mib "
    "bytes cost fid regret gap miss misses faults energy ttft tpot itl instructions "
    "cycles size_bytes allocs allocations"
)
_HIGHER = _words(
    "acc accuracy score f1 auc auroc bleu rouge recall precision throughput speedup tps "
    "iops qps rps fps mfu flops gflops tflops reward return r2 psnr ssim iou map ndcg hits "
    "hit correct pass passed bandwidth gbps winrate win rating elo em"
)
_CONFIG = _words(
    "version lr learning rate batch bs size dim hidden layers layer heads depth width dropout "
    "decay warmup seed epochs steps num max min model dtype precision block threads "
    "workers temperature top k optimizer alpha beta gamma eps budget params gpus gpu "
    "devices device nodes world length len ctx context vocab rank"
)
_MEASURED_UNDER: tuple[str, ...] = (
    "metrics.",
    "metric.",
    "summary.",
    "result.",
    "results.",
    "eval/",
    "val/",
)
_MEASURED_UNDER += ("test/", "train/", "valid/", "eval_", "test_", "val_", "train_")
_GIVEN_UNDER: tuple[str, ...] = ("params.", "param.", "config.", "hparams.", "hyperparameters.")
_GIVEN_UNDER += ("args.", "tags.", "requirements.", "host.", "machine_info.", "env.")
_PAIRS: tuple[tuple[str, str], ...] = (
    ("before", "after"),
    ("old", "new"),
    ("baseline", "candidate"),
    ("base", "cand"),
)
_PAIRS += (("baseline", "new"), ("baseline", "metric"), ("baseline", ""), ("control", "treatment"))


@dataclass
class Offered:
    """A column and the role that is offered for it. ``why``: what tells it. ``unit``: of a metric,
    ``in_cells`` when its cells name it. ``better``: which way a metric is better, as its name has
    it."""

    column: str
    role: str
    why: str = ""
    examples: list[str] = field(default_factory=list)
    unit: str = ""
    in_cells: bool = False
    better: str = ""


@dataclass
class Offer:
    columns: list[Offered]
    roles: Roles

    def of(self, role: str) -> list[str]:
        return [one.column for one in self.columns if one.role == role]


class _Column:
    """A column as its cells have it. ``said``: those that are not blank."""

    def __init__(self, name: str, cells: list[Any], rows: int) -> None:
        self.name, self.rows = name, rows
        self.said = [cell for cell in cells if not _blank(cell)]
        self.texts = [cell if isinstance(cell, str) else str(cell) for cell in self.said]
        self.distinct = len(set(self.texts))
        found = [unit[1] for text in self.texts if (unit := _UNIT_IN_CELL.fullmatch(text.strip()))]
        often = max(set(found), key=found.count) if found else ""
        self.unit = often if 2 * found.count(often) > len(self.said) else ""
        values = (cell_number(cell, self.unit) for cell in self.said)
        self.numbers = [float(value) for value in values if not isinstance(value, str)]
        either = sum(bool(_THOUSANDS.fullmatch(text.strip())) for text in self.texts)
        missing = sum(map(says_no_value, self.texts))
        self.valued = max(len(self.numbers), len(self.said) - missing)
        self.counted = len(self.numbers) + either

    @property
    def words(self) -> list[str]:
        spelled = _PER_SECOND.sub(" per s", self.name.lower())
        return [word for word in _SPLIT.split(spelled) if word]

    @property
    def plain(self) -> str:
        return re.sub(r"[^a-z0-9#]+", "_", self.name.strip().lower()).strip("_") or self.name

    @property
    def examples(self) -> list[str]:
        return [beginning(text) for text in dict.fromkeys(self.texts)][:EXAMPLES]

    @property
    def is_number(self) -> bool:
        return self.counted * 2 > self.valued or (
            bool(self.numbers) and self.name.strip().lower() in _VALUE_NAMES
        )

    @property
    def spaced(self) -> float:
        return sum(" " in text.strip() for text in self.texts) / max(1, len(self.texts))

    @property
    def measured(self) -> bool:
        """Whether the numbers look like measurements: most of them with a fraction and no two
        alike."""
        fractions = sum(value != value or not value.is_integer() for value in self.numbers)
        return fractions * 2 > len(self.numbers) and self.distinct * 10 > len(self.said) * 6


def offer(
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, MetricDef],
    measured: Sequence[str] = (),
) -> Offer:
    """The roles of columns ``names``, as ``rows`` (a good part of the table) have them. ``metrics``:
    those that the thread defines; ``measured``: columns that the format says are metrics."""
    columns = [_Column(name, [row.get(name) for row in rows], len(rows)) for name in names]
    found = {column.name: _alone(column, metrics, measured) for column in columns}
    by_name = {column.name: column for column in columns}
    spread = [
        c.name for c in columns if f"{c.name}{VALUE}" in by_name and any(map(before_spread, c.said))
    ]
    for name in spread:
        found[name] = Offered(name, "words", SAID)
        value = by_name[f"{name}{VALUE}"]
        named = _Column(name, value.said, value.rows)
        found[value.name] = _metric(named, f"what {name} has before its spread")
        found[value.name].column = value.name
    roles: Roles = {}
    if long := _long_form(columns):
        for name, role in zip(long, ("name of the metric", "value"), strict=True):
            found[name] = Offered(name, role, "one value a row")
        roles["metric_column"], roles["value_column"] = long
        for one in found.values():
            if one.role == "metric":
                one.role, one.why, one.better = "config", "", ""
            if by_name[one.column].plain in _UNIT_NAMES:
                one.role, one.why = "left", "the unit of a value: leadline metric NAME --unit"
    elif paired := _paired(columns):
        before, after = paired
        found[before] = Offered(before, "before", f"the same as {after}, before the change")
        found[after].role, found[after].why = "after", ""
        roles["before"], roles["after"] = paired
    for one in found.values():
        one.examples = by_name[one.column].examples
    _left_spreads(found, by_name)
    _ends_of_metrics(found, by_name)
    _one_time_each(found)
    _at_least_one_metric(found, by_name, bool(roles))
    _told_by_success(found, by_name, rows)
    if step := _step(columns, found, rows):
        found[step].role, found[step].why = "step", "it counts up and nothing else tells rows apart"
        for column in _scheduled(columns, found, step):
            found[column.name] = _metric(column, "it changes with the step")
            found[column.name].examples = column.examples
        roles["step"] = step
    elif not roles.keys() & {"metric_column", "before"} and (item := _item(columns, found, rows)):
        found[item] = Offered(item, "item", "rows that differ in it alone are one run")
        found[item].examples = by_name[item].examples
        roles["items"] = [item]
    _keys(found, by_name, rows, roles)
    if not roles.keys() & {"metric_column", "before", "step", "items", "key"}:
        _tell_apart(found, by_name, rows)
    return Offer([*found.values()], {**_roles_of(found), **roles})


def _roles_of(found: Mapping[str, Offered]) -> Roles:
    roles: Roles = {}
    for one in found.values():
        match one.role:
            case "metric":
                _listed(roles, "metrics").append(one.column)
            case "config" | "seed":
                _listed(roles, "config").append(one.column)
            case "words":
                _listed(roles, "words").append(one.column)
            case "time" | "state" | "commit" | "command":
                roles.setdefault(one.role, one.column)
    return roles


def _listed(roles: Roles, name: str) -> list[str]:
    found = roles.setdefault(name, [])
    return found if isinstance(found, list) else [found]


def _alone(column: _Column, metrics: Mapping[str, MetricDef], measured: Sequence[str]) -> Offered:
    """The role of a column by itself."""
    name, plain = column.name, column.plain
    if not name.strip() or plain.startswith("unnamed_"):
        return Offered(name, "left", "it has no name: an index, most likely")
    if not column.said:
        return Offered(name, "left", "it is empty")
    if renamed(name)[0] != name:
        return Offered(name, "left", "a name with = can be given as COLUMN=NAME alone")
    if name in metrics:
        return _metric(column, "a metric of the thread", metrics[name])
    if name in measured and plain != "n":
        return _metric(column, "measured by the tool")
    if plain in _TIME_NAMES and _all(column, lambda text: bool(told_time(text)[0])):
        return Offered(name, "time", "by its name and content")
    given = name.lower().startswith(_GIVEN_UNDER)
    if not (given or column.is_number) and _all(column, lambda text: bool(told_time(text)[0])):
        return Offered(name, "time", "by its content")
    if _is_commit(column):
        return Offered(name, "commit", "by its name and content")
    if plain in _COMMAND_NAMES and not column.is_number:
        return Offered(name, "command", "by its name")
    if is_state := _is_state(column):
        return Offered(name, "state", is_state)
    if plain in _STATISTICS:
        return Offered(name, "left", "a statistic about other columns")
    if plain in _REPEATS and min(column.numbers, default=2.0) in (0.0, 1.0) and column.distinct > 1:
        return Offered(name, "left", "which repeat it is of the same config")
    if is_seed(name):
        return Offered(name, "seed", "config that tells repeats apart")
    if _all(column, lambda text: bool(_DURATION.fullmatch(str(text).strip()))):
        return Offered(name, "words", "how long it took, as words")
    if plain in _TIME_NAMES and not column.is_number:
        return Offered(name, "words", "a time that cannot be told from its cells")
    if plain in _DECIDED and not column.is_number:
        return Offered(name, "words", "what was decided of a row; no config")
    if column.is_number and plain in _METRIC_NAMES | _VALUE_NAMES:
        return _metric(column, "by its name")
    many = column.distinct * 3 >= len(column.said) and column.distinct > 1
    last = column.words[-1] if column.words else ""
    if (
        last in _WORD_NAMES
        or plain in _WORD_NAMES
        or (not column.is_number and many and column.spaced > 0.5)
    ):
        return Offered(name, "words", SAID)
    if column.is_number and plain not in _ID_NAMES:
        return _by_number(column)
    return Offered(name, "config")


def _by_number(column: _Column) -> Offered:
    name, lower = column.name, column.name.lower()
    words = set(column.words)
    if lower.startswith(_GIVEN_UNDER):
        return Offered(name, "config", GIVEN)
    if lower.startswith(_MEASURED_UNDER):
        return _metric(column, "by its name")
    if _SHARE.fullmatch(name):
        return _metric(column, "a percentile, by its name")
    if words & _CONFIG and not (words & (_LOWER | _HIGHER)) - _CONFIG:
        return Offered(name, "config", GIVEN)
    if words & (_LOWER | _HIGHER):
        return _metric(column, "by its name")
    if column.unit:
        return _metric(column, "its cells name a unit")
    return _metric(column, "by its content") if column.measured else Offered(name, "config")


def _metric(column: _Column, why: str, definition: MetricDef | None = None) -> Offered:
    words = column.words
    while words[1:] and words[-1] in _OF_SEVERAL:
        words.pop()
    rate = _is_rate(words)
    told = [word for word in words[:-2] if word not in _AMOUNTS] if rate else words
    better = next((w for word in reversed(told) if (w := _better(word))), "higher" if rate else "")
    better = next((_ARROWS[mark] for mark in column.name if mark in _ARROWS), better)
    unit = column.unit or unit_of_name(column.name)
    one = Offered(column.name, "metric", why, unit=unit, better=better)
    one.in_cells = bool(column.unit)
    if definition is not None:
        one.unit, one.in_cells = definition.unit, False
        one.better = definition.direction.replace("none", "")
    return one


def _better(word: str) -> str:
    if word in _LOWER:
        return "lower"
    return "higher" if word in _HIGHER else ""


def _is_rate(words: Sequence[str]) -> bool:
    """Whether a name ends as ``ops_per_s`` or ``tok/s`` does."""
    return words[-2:-1] == ["per"] and words[-1] in ("s", "sec", "second")


def _is_commit(column: _Column) -> bool:
    named = {"commit", "sha", "hash", "rev", "revision"} & set(column.words)
    hexes = sum(bool(_HEX.fullmatch(text.strip())) for text in column.texts)
    return bool(named) and (hexes * 2 >= len(column.texts) or "commit" in column.words)


def _is_state(column: _Column) -> str:
    if tells_badly(column.plain, column.texts):
        return "by its name"
    if column.is_number or column.spaced > 0.5:
        return ""
    telling = sum(bool(_STATE_WORDS.match(text)) for text in column.texts)
    if column.plain in STATE_NAMES and telling:
        return "by its name and content"
    few = column.distinct <= max(3, len(column.said) // 2)
    return "by its content" if few and telling * 10 >= len(column.texts) * 8 else ""


def _long_form(columns: Iterable[_Column]) -> tuple[str, str] | None:
    names = [c for c in columns if c.plain in _METRIC_NAMES and c.said and not c.is_number]
    values = [c for c in columns if c.plain in _VALUE_NAMES and c.numbers]
    if len(names) != 1 or len(values) != 1 or names[0].spaced > 0.3:
        return None
    return names[0].name, values[0].name


def _paired(columns: Sequence[_Column]) -> tuple[str, str] | None:
    numbers = {c.plain: c.name for c in columns if c.is_number}
    for was, now in _PAIRS:
        for plain, name in numbers.items():
            words = plain.split("_")
            if was not in words:
                continue
            other = "_".join(w for w in (now if w == was else w for w in words) if w)
            if other and other != plain and other in numbers:
                return name, numbers[other]
    return None


def _one_time_each(found: Mapping[str, Offered]) -> None:
    """A row has one time, state, commit and command: of a time the one that begins, else the first
    column of each that its name tells, else the first; others are words."""
    for role in ("time", "state", "commit", "command"):
        named = [one for one in found.values() if one.role == role]
        named.sort(key=lambda one: (not _begins(one), "name" not in one.why))
        for one in named[1:]:
            one.role, one.why = "words", f"another column is the {role}"


def _begins(one: Offered) -> bool:
    return one.role == "time" and "start" in one.column.lower()


def _at_least_one_metric(
    found: dict[str, Offered], by_name: Mapping[str, _Column], measured: bool
) -> None:
    if measured or any(one.role == "metric" for one in found.values()):
        return
    numbers = [
        by_name[one.column]
        for one in found.values()
        if one.role == "config" and one.why != GIVEN and by_name[one.column].is_number
    ]
    if not numbers:
        return
    if _are_of_code(found.values()):
        best = numbers
        why = "a number of a row that a commit or a state tells"
    else:
        best = sorted(numbers, key=lambda column: (column.measured, column.distinct))[-1:]
        why = "the numbers that differ most"
    for column in best:
        found[column.name] = _metric(column, why)
        found[column.name].examples = column.examples


def _told_by_success(
    found: Mapping[str, Offered], by_name: Mapping[str, _Column], rows: Sequence[Mapping[str, Any]]
) -> None:
    """A column of yes and no is the state of its rows where nothing was measured in those that say
    no."""
    if any(one.role == "state" for one in found.values()):
        return
    for one in found.values():
        if one.role not in ("config", "metric") or not tells_well(
            by_name[one.column].plain, by_name[one.column].texts
        ):
            continue
        others = [c for c, o in found.items() if o.role == "metric" and c != one.column]
        badly = [
            row
            for row in rows
            if told_ending({one.column: row.get(one.column)}, [], state=one.column)
        ]
        values = [cell_number(row.get(c), by_name[c].unit) for row in badly for c in others]
        if values and not any(not isinstance(v, str) and v for v in values if v == v):
            one.role, one.why, one.better = "state", "where it says no, nothing was measured", ""
            return


def _are_of_code(found: Iterable[Offered]) -> bool:
    """Whether the rows are states of the code, as a commit and an ending tell: what varies is the code,
    and the numbers are what came of it."""
    return {"commit", "state"} <= {one.role for one in found}


def _step(
    columns: Sequence[_Column], found: Mapping[str, Offered], rows: Sequence[Mapping[str, Any]]
) -> str:
    """A column that counts up over the rows that no other tells apart, which are most."""
    for column in sorted(columns, key=lambda one: (-one.distinct, one.plain == "epoch")):
        if column.plain not in _STEP_NAMES or len(column.numbers) != column.rows or column.rows < 3:
            continue
        told = [c for c in _telling(columns, found) if c is not column]
        if column.plain in _ONE_STEP and _goes_up(column):
            told = [c for c in told if c not in _scheduled(columns, found, column.name)]
        series: dict[tuple[str, ...], list[float]] = {}
        for row, number in zip(rows, column.numbers, strict=True):
            series.setdefault(tuple(str(row.get(c.name)) for c in told), []).append(number)
        one = len(series) == 1 and column.plain in _ONE_STEP and _goes_up(column)
        if len(series) * 2 <= column.rows and (one or all(map(_counts_up, series.values()))):
            return column.name
    return ""


def _telling(columns: Iterable[_Column], found: Mapping[str, Offered]) -> list[_Column]:
    apart = ("config", "seed", "commit", "state", "words")
    return [c for c in columns if found[c.name].role in apart and c.distinct > 1]


def _scheduled(
    columns: Sequence[_Column], found: Mapping[str, Offered], step: str
) -> list[_Column]:
    """Numbers that are config elsewhere and follow the step in a series, as a rate of learning does,
    or an epoch of several steps."""
    told = (c for c in _telling(columns, found) if found[c.name].role == "config")
    named = (
        c
        for c in told
        if c.name != step
        and (_SCHEDULED & {*c.words} or (c.plain in _ONE_STEP and c.numbers == sorted(c.numbers)))
    )
    return [c for c in named if len(c.numbers) == len(c.said)]


def _item(
    columns: Iterable[_Column], found: Mapping[str, Offered], rows: Sequence[Mapping[str, Any]]
) -> str:
    """A column that names what was asked, once for each config."""
    apart = [
        c.name for c in columns if found[c.name].role in ("config", "seed", "commit", "command")
    ]
    for column in columns:
        if column.plain not in _ITEM_NAMES or column.distinct < 2 or len(column.said) < column.rows:
            continue
        others = [name for name in apart if name != column.name]
        of = [tuple(str(row.get(name)) for name in others) for row in rows]
        named = [(group, str(row[column.name])) for group, row in zip(of, rows, strict=True)]
        if len({*named}) == len(named) and 2 * len({*of}) <= len(of):
            return column.name
    return ""


def _goes_up(column: _Column) -> bool:
    """Whether a step goes up over the whole table; what is evaluated at a step has a row beside that of
    its training."""
    numbers = column.numbers
    return numbers == sorted(numbers) and 2 * column.distinct > len(numbers)


def _counts_up(numbers: Sequence[float]) -> bool:
    return all(a < b for a, b in pairwise(numbers))


def _keys(
    found: dict[str, Offered],
    by_name: Mapping[str, _Column],
    rows: Sequence[Mapping[str, Any]],
    roles: Roles,
) -> None:
    """Which column names a row: so that a row that is corrected later is known again. An id is no
    config where anything else tells experiments apart."""
    if roles.keys() & {"step", "items"}:
        return
    named = [one for one in found.values() if by_name[one.column].plain in _ID_NAMES]
    ids = [one for one in found.values() if one.role == "commit"]
    ids += [one for one in named if one.role in ("config", "words")]
    tells = [
        one
        for one in found.values()
        if one.role in ("config", "commit", "command")
        and one not in named
        and by_name[one.column].distinct > 1
    ]
    for one in ids:
        column = by_name[one.column]
        if "metric_column" not in roles and not _names_rows(column, rows):
            continue
        roles["key"] = [one.column]
        if one.role == "commit":
            one.why += "; it names a row"
        elif tells and "metric_column" not in roles:
            one.role, one.why = "key", "it names a row"
        else:
            one.role, one.why = "config", "it names a row"
        return


def _left_spreads(found: Mapping[str, Offered], by_name: Mapping[str, _Column]) -> None:
    """A spread beside its metric (``acc_std``, ``acc``) is no metric of its own; alone it may be one,
    or config."""
    for one in found.values():
        words = by_name[one.column].words
        bare = [word for word in words if word not in _SPREADS]
        if len(bare) == len(words):
            continue
        for other in found.values():
            told = [word for word in by_name[other.column].words if word not in _MIDDLES]
            if other is not one and other.role == "metric" and told in (bare, [*bare, "s"]):
                one.role, one.why, one.better = "left", "a statistic about other columns", ""


def _ends_of_metrics(found: dict[str, Offered], by_name: Mapping[str, _Column]) -> None:
    """The least and the most beside a mean were measured as it was; alone they are limits."""
    means = [
        [word for word in by_name[one.column].words if word not in _MIDDLES]
        for one in found.values()
        if one.role == "metric" and _MIDDLES & {*by_name[one.column].words}
    ]
    for one in [*found.values()]:
        column = by_name[one.column]
        bare = [word for word in column.words if word not in _ENDS]
        ends = len(bare) < len(column.words) and one.role == "config" and column.is_number
        if ends and bare in means:
            found[column.name] = _metric(column, "it stands beside its mean")
            found[column.name].examples = one.examples


def _tell_apart(
    found: Mapping[str, Offered], by_name: Mapping[str, _Column], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Rows that nothing else tells apart are repeats of one experiment: what alone does is config,
    be it in words or a count."""
    known = [one.column for one in found.values() if one.role in _TELLING]
    groups = len({_cells_of(row, known) for row in rows})
    for one in found.values():
        column = by_name[one.column]
        in_words = one.why == SAID and column.words[-1:] and column.words[-1] not in _WORD_NAMES
        if not (in_words or (one.role == "left" and column.plain in _COUNTS)):
            continue
        apart = len({_cells_of(row, [*known, one.column]) for row in rows})
        if groups < apart and (groups == 1 or apart == len(rows)):
            one.role, one.why = "config", "it alone tells rows apart"
            return


def _cells_of(row: Mapping[str, Any], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in names)


def _names_rows(column: _Column, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no two rows that differ have one value of the column."""
    if len(column.said) * 2 < column.rows:
        return False
    first: dict[str, Mapping[str, Any]] = {}
    said = [row for row in rows if not _blank(row.get(column.name))]
    return all(first.setdefault(str(row[column.name]).strip(), row) == row for row in said)


def _all(column: _Column, is_one: Callable[[Any], bool]) -> bool:
    """Whether nearly all cells are one."""
    return sum(is_one(cell) for cell in column.said) * 10 >= len(column.said) * 8


def _blank(cell: Any) -> bool:
    return cell in (None, {}, []) or (isinstance(cell, str) and not cell.strip())
