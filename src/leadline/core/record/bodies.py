"""The body of each kind of record, for checkers and for docs/record-format.md; no verb loads it.

A row of ``core/record/kinds.py`` has its body here under the name of the kind (``run-ended``:
``RunEndedBody``). A field that some record lacks, because it was not known or Leadline did not
write it yet, is ``NotRequired`` or stands in a class that is not ``total``: whoever reads the
record of another machine uses ``get``. The comment of a field says what it is, with its unit.
``refs``: each id that the body mentions, to the ULID of the record that made it.
"""

# What no verb loads may import this.
from typing import (
    Any,
    Literal,
    NotRequired,
    Protocol,
    Required,
    TypedDict,
    TypeVar,
    TypeVarTuple,
    overload,
)

Config = dict[str, object]
"""Values of the user's own program: scalars, lists and objects as JSON has them."""

# ---- parts of bodies -----------------------------------------------------------------------------


class Gap(TypedDict, total=False):
    path: str  # the file, relative to the top of the work tree
    kind: str  # ``secret``, ``submodule``, ``elsewhere``, ``unreadable``, …
    reason: str  # why its content is not in the code state


class ChangedFile(TypedDict):
    status: str  # git's letter
    path: str


class CodeState(TypedDict, total=False):
    """The code as it was when the run was planned."""

    tree: str  # the identity: git's name of the whole content, changes and new files included
    program: str  # the first tree seen of the same program, where runs wrote files of this one
    written: list[str]  # the files in which it differs from that; the first 20
    commit: str  # a commit of that tree, made beside the branch
    head: str  # the commit that was checked out
    branch: str  # the branch that was checked out
    dirty: bool  # the files differed from ``head``
    ref: str  # that keeps the commit
    changed_files: list[ChangedFile]  # the first 20
    changed_total: int  # all of them
    gaps: list[Gap]  # what the tree lacks; the first 20
    gaps_total: int  # all that it lacks
    secrets: list[str]  # of the gaps, those that look like secrets
    submodules: list[dict[str, str]]  # path and commit
    told: str  # as a table named it that somebody wrote; nothing was seen of it
    changed_during_run: bool  # the fold's: another tree when the run ended


class EnvironmentFacts(TypedDict):
    """The environment that a command gets, secrets hidden."""

    variables: dict[str, str]  # of the allow-list
    not_recorded: int  # how many others there are


class InputFacts(TypedDict):
    """A file or folder that was declared to be read, as it was before the start."""

    digest: str  # of a folder: of the digests of its files by name; keyed of what may be a login
    size_bytes: int  # of all of them
    files: int  # how many


class UnlistedVariables(TypedDict, total=False):
    """The variables whose values are not recorded, but those of shells, sessions and jobs."""

    key: str  # what keyed their digests: those of another key say nothing of these
    blob: str  # digest of the blob, name to keyed digest, which stays on its machine
    count: int  # how many they are


class SoftwareFacts(TypedDict, total=False):
    python: str | None  # version of the interpreter that the command starts
    implementation: str | None  # ``cpython``, ``pypy``
    interpreter: str | None  # its path
    python_unknown_because: str
    os: str
    kernel: str
    libc: str | None
    native: dict[str, str]  # version by name, of conda's packages that are no Python
    packages_digest: str | None  # of name and version of each
    editable: list[str]  # folders whose code is installed as it lies there
    packages_blob: str  # digest of the blob that lists them
    packages: dict[str, str]  # as they are collected; the record has the blob


class GpuFacts(TypedDict):
    index: int
    name: str | None
    memory_bytes: int | None
    driver: str | None


class HardwareFacts(TypedDict, total=False):
    host: str
    machine: str  # ``x86_64``, …
    cpu_model: str | None
    cpu: str  # what ``cpu_model`` was called
    cpu_count: int | None  # that it has
    cpu_affinity: list[int]  # that the run may use
    niceness: int  # where it is not 0
    memory_bytes: int | None
    cgroup_cpu_limit: float | None  # CPUs
    cgroup_memory_limit_bytes: int | None
    virtualised: str | None  # ``vm``, ``container``, ``none``
    gpus: list[GpuFacts]
    tpus: list[str]  # device files


class DeviceFacts(TypedDict, total=False):
    kind: str  # ``gpu``, ``tpu``, ``cpu``
    count: int | None  # how many the run sees
    visible: list[str] | None  # which, as a variable names them; None: none limits it


class LockFacts(TypedDict):
    path: str
    held: bool | None  # False: stale; None: it cannot be told
    pid: int | None
    name: str  # of the process


class BusyProcess(TypedDict, total=False):
    pid: int
    name: str
    cpu_share: float  # of one CPU


class DeviceUser(TypedDict):
    """A process of others that has an accelerator open."""

    index: int | str  # its number, or its device file
    pid: int
    name: str


class AcceleratorFacts(TypedDict):
    """A GPU as its driver tells; None is what it does not."""

    index: int
    utilisation_percent: int | None
    sm_clock_mhz: int | None
    sm_clock_max_mhz: int | None
    slowdown: list[str] | None  # why its clock is held down, in words
    held_back_s: dict[str, float | None]  # seconds since the driver was loaded, by reason


class Preflight(TypedDict, total=False):
    """What was seen of the machine before the start; None is what could not be asked."""

    contended: bool | None  # anything else used it; None: not known
    reasons: list[str]  # why it is so, in words
    remarks: list[str]  # what else is worth saying
    load_1m: float | None
    runnable: int | None  # processes that wanted a CPU
    cpu_pressure_percent: float | None
    cpu_count: int  # that the run may use
    pinned_to: list[int] | None
    memory_available_bytes: int | None
    memory_bytes: int | None
    governor: str  # of the CPUs' clocks
    turbo: bool | None
    throttle_counts: dict[str, int] | None  # thermal events since boot: ``core``, ``package``
    throttled: bool | None
    locks: list[LockFacts]
    others: list[BusyProcess]  # the busiest
    others_total: int  # all of them
    accelerator_processes: list[DeviceUser] | None
    accelerators: list[AcceleratorFacts] | None
    devices_found: int | None
    devices_expected: int | None


class During(TypedDict, total=False):
    """What the job read while it ran."""

    wall_s: float | None  # seconds, as all that end in ``_s``
    run_queue_wait_s: float | None  # its threads waited for a CPU
    cpu_pressure_s: float | None  # some task of the machine did
    others_cpu_s: float | None  # CPU time of others
    steal_s: float | None  # taken by the host of a virtual machine
    memory_pressure_s: float | None
    psi_some_delta: float | None  # what ``cpu_pressure_s`` was called
    throttle_counts_start: dict[str, int] | None
    throttle_counts_end: dict[str, int] | None
    pinned_to: list[int] | None
    load_1m_start: float | None
    load_1m_end: float | None
    cpu_count: int | None
    accelerators: list[AcceleratorFacts] | None
    accelerator_processes: list[DeviceUser] | None
    canary_start_s: float | None  # what a fixed piece of work took before the command
    canary_end_s: float | None  # and after it


class Hygiene(Preflight, total=False):
    """Whether anything else used the machine: of a plan what was seen before the start, of an
    ended run the verdict over all of it."""

    preflight: Preflight | None
    during: During
    throttle_reasons: list[str]
    others_share: float | None  # of the machine's time, that other work had; 1: what has no share


class DesignPlace(TypedDict, total=False):
    """The place of a run in a sweep or in an interleaved measurement."""

    sweep: str  # ULID of the sweep
    cell: Config  # the values that it gives its axes
    together: str  # ULID of the first run that the same `run --repeat` began
    interleaving: str  # ULID of the interleaved measurement
    side: str  # ``a``, ``b``
    block: int  # number of the block
    position: int  # place within the block
    warmup: bool  # not counted
    holdout: bool  # a look at the sealed holdout: in its own record, evidence of nothing else
    null: bool  # one command against itself: of the ruler, evidence of nothing else


class FurtherRun(TypedDict, total=False):
    id: str
    name: str
    url: str
    path: str
    started_at: str


class SentFile(TypedDict, total=False):
    size_bytes: int
    digest: str


class RulerFacts(TypedDict, total=False):
    """What measured a run; a digest of files names the blob that lists them."""

    declared: dict[str, dict[str, str]]  # by metric ("" for all): pattern to digest of its files
    named: dict[str, str]  # files that the command names, to the digest of their content
    loads: bool  # these load other code of the repository
    beside: dict[
        str, str
    ]  # files of the program that no code state holds, to what names their content
    loaded: dict[str, str]  # what the files of the ruler load and nobody declared, to its digest
    own: list[str]  # of ``loaded``, what the measured program reaches through the ruler alone
    variables: list[str]  # of the environment, that the files of the ruler read


class RulerOfTrees(TypedDict):
    trees: list[str]  # of code states of earlier runs
    files: dict[str, str]  # pattern to digest of its files there


class TrackerPlace(TypedDict, total=False):
    """Where the dense numbers of a run are."""

    tracker: str  # name of the tracker
    project: str  # its project
    at: str  # its server or folder
    live: bool  # the job writes to the server while it runs
    fell_back: str  # why it does not, although it should
    id: str  # the tracker's id of the run
    name: str  # its name there
    url: str  # its page
    path: str  # its files, below the record folder where they are there
    state: str  # as the tracker has it
    problem: str  # why it was not read
    provisional: bool  # read before the tracker had all of it
    digest: str  # of all that was read
    points: int  # how many points were read
    metrics: list[str]  # metrics of the run that come from the tracker
    config: Config  # config as the tracker has it
    sent: str  # when Leadline sent the run there
    started_at: str
    experiment: str  # ULID of the experiment, as the tracker's copy of a run folder has it
    artifacts: dict[str, SentFile]  # files that went with it
    wall_s: float  # seconds, as the tracker has it
    behind: str  # why a server has not all of it
    further: list[FurtherRun]  # runs that the job made besides


class Problem(TypedDict, total=False):
    source: str  # which reading of which file
    code: str
    what: str  # in words, with the rows
    blocking: bool  # the run is not done for it
    rows: list[int]  # the first few
    rows_total: int  # all of them
    unit: str  # what a row is: ``line``, ``row``, …


class Source(TypedDict, total=False):
    source: str  # the file or stream, or the tracker
    kind: str  # ``metrics``, ``stdout``, ``table``, ``series``, ``tracker``, ``import``, …
    digest: str | None  # of what was read
    url: str
    rows: int  # that it has: lines, rows, points
    taken: int  # of them
    dropped: int  # of them
    before_bytes: (
        int  # of a file that the run appended to: what stood there before, and is not read
    )
    published: bool  # given whole to other people, or by its digest alone
    written_by: str  # the benchmark tool, where its file told
    roles: dict[str, Any]  # what the columns of an imported table were said to be


class Excerpt(TypedDict, total=False):
    points: int  # how many were logged
    first_step: float | None
    last_step: float | None
    sample: list[list[Any]]  # some of them, as (step, value)


class ItemFacts(TypedDict, total=False):
    by: list[str]  # the columns that name an item
    n: int  # how many
    set: str  # digest of the sorted names
    reduce: str  # how the items became the one value
    missing: int  # rows without a value
    values: dict[str, float]  # by name, up to 16 KiB
    blob: str  # digest of the same as a blob, above


class CutSeries(TypedDict, total=False):
    """What a run that is done has of a metric whose series lacks a part: no evidence."""

    value: float | None  # reduced from what is there; None when it is not finite
    points: int  # how many are there


class ExtractionFacts(TypedDict, total=False):
    """How the metrics of a run were read."""

    sources: list[Source]
    problems: list[Problem]
    series: dict[str, Excerpt]  # by metric
    tables: list[dict[str, object]]
    items: dict[str, ItemFacts]  # by metric
    read: dict[str, str]  # by metric that was declared to be somewhere: how it was read, in words
    around: dict[str, str]  # by metric that a pattern took: the words beside the number, as ``#``
    contract: dict[str, dict[str, str]]  # by metric: what it meant when it was taken
    cut: dict[str, CutSeries]  # by metric that is none of the run's for it


class Stream(TypedDict):
    size_bytes: int
    digest: str


class Outputs(TypedDict, total=False):
    stdout: Stream
    stderr: Stream
    logged: Stream  # what a job logged by our library
    excerpt: str  # the last lines of the telling one
    excerpt_of: str  # ``stdout``, ``stderr``
    result_digest: str  # of an imported run: of all that was taken
    rewritten: dict[str, str]  # files beside the code that the run wrote, to what they are now


class KeptArtifact(TypedDict, total=False):
    name: str  # one that stands twice: its next version
    kind: str  # ``image``, ``table``, ``checkpoint``, ``file``, …
    digest: str  # names the blob
    size_bytes: int
    step: int
    at: str
    source: str  # the path it was copied from
    changed: bool  # the file changed while it was read


class GapInArtifacts(TypedDict, total=False):
    name: str
    reason: str
    source: str
    size_bytes: int


class ArtifactsOfRun(TypedDict, total=False):
    """What the run kept; absent when there is nothing."""

    kept: list[KeptArtifact]  # in the order logged, the first 200
    total: int  # all of them
    size_bytes: int  # of all, each content once
    manifest: str  # digest of the whole list as canonical JSON, when ``kept`` is not all
    gaps: list[GapInArtifacts]  # what was not kept; the first 50
    gaps_total: int  # all of them


class Later(TypedDict):
    """A later record about a thing, as the fold keeps it beside the thing."""

    at: str
    actor: NotRequired[str]
    kind: str
    body: Any  # of that kind


class RunEnding(TypedDict, total=False):
    """What a tracker knows later of the end of an imported run."""

    state: str
    reason: str
    ended_at: str
    wall_s: float  # seconds


class StopRule(TypedDict, total=False):
    precision: float | None  # share of the value that the interval has to be below
    equivalent: float | None  # share below which both are called the same
    blocks: int  # at most
    time_s: float | None  # at most, seconds


class SideOfAb(TypedDict):
    argv: list[str]
    config: Config


class Bound(TypedDict, total=False):
    """What a text rests on."""

    refs: dict[str, str]  # each id in it, to the ULID of the record that made it
    bound: dict[str, float]  # each citation in it, to the number as it was when written
    reported: str  # where its numbers come from, when they come from no run


class ItemBody(Bound, total=False):
    """What the bodies of all things with an id share."""

    id: str  # as a person reads it, with the letter of its kind: P-N1 is a note
    text: str  # what was written; it cites a number as ``{{P-003.time_ms.median}}``
    override: str  # why it was recorded against a refusal
    overridden: list[str]  # the codes of those refusals


# ---- the thread ----------------------------------------------------------------------------------


class MetricBody(TypedDict):
    name: str
    unit: NotRequired[str]
    direction: NotRequired[str]  # ``lower``, ``higher``, ``none``: which way is better
    reduce: NotRequired[str]  # how several values of a run become one
    description: NotRequired[str]
    observed: NotRequired[
        str
    ]  # ``machine``, ``result``, ``counted``: what moves it besides the code
    per: NotRequired[str]  # the denominator
    formula: NotRequired[str]  # makes it a metric that is computed from others
    limit: NotRequired[str]  # ``<=0.001``: beyond it a result is inadmissible
    profile: NotRequired[str]  # the profile that knew it before it was measured first


MetricDefinedBody = MetricBody
_Kickoff = TypedDict(
    "_Kickoff",
    {
        "baseline-case": str,  # the fixed baseline case
        "production-path": str,  # the executor that final claims are to be confirmed on
        "tracker-project": str,  # chosen once
    },
    total=False,
)


class ThreadStartedBody(_Kickoff, total=False):
    prefix: str  # of the thread's ids
    metrics: list[MetricBody]  # those of the kickoff
    title: str
    goal: str
    description: str
    motivation: str
    problem: str
    success: list[str]
    matrix: list[str]  # lines of the first experiment matrix
    code: list[str]  # code paths
    reference: list[str]
    stop: list[str]  # what evidence is enough
    constraint: list[str]
    category: str  # on the index of all threads
    uncategorised: str  # why it has none
    branch: str  # its git branch
    code_at_start: str  # the commit that was checked out
    logbook: str  # its file in the tree
    refs: dict[str, str]


class ThreadChangedBody(TypedDict):
    field: str  # of the kickoff
    value: Any
    why: NotRequired[str]
    mode: NotRequired[str]  # ``set``, ``add``: put in its place, or one more of a list
    refs: NotRequired[dict[str, str]]
    bound: NotRequired[dict[str, float]]


class NullFacts(TypedDict):
    """What came of the baseline measured against itself, of b against a."""

    interleaving: str
    blocks: int
    as_ratio: bool  # the numbers are of b / a, not of b - a
    low: float | None  # of the interval
    high: float | None
    shown: bool  # that they differ: the ruler finds a difference where there is none


class HoldoutBody(TypedDict, total=False):
    """A sealed holdout as it was declared, or one look at it."""

    digest: str  # of its command and files, which lie on one machine and in no record
    files: int  # how many
    look: int  # which look it is, of all; absent of the declaration
    claim: str  # for which was looked
    values: dict[str, float]  # ``metric(subject)`` of the claim to what the evaluator gave
    holds: bool  # the claim, of these values
    why: str  # why it gave no answer
    refs: dict[str, str]


class StdinFacts(TypedDict, total=False):
    file: str  # as declared; without it, it was given by who called
    size_bytes: int
    digest: str  # of so many bytes; "" of more than a GiB of a file, and of a login
    blob: str  # of them, where they are few


class RulerBody(TypedDict):
    """What measures: as it was declared, or as a run found it changed."""

    patterns: list[str]  # of files below the work tree; none: nothing measures apart from the code
    metric: NotRequired[str]  # of which; "" of all that have none of their own
    files: NotRequired[dict[str, str]]  # pattern to digest of its files
    earlier: NotRequired[list[RulerOfTrees]]  # what it was in the runs before it was declared
    null: NotRequired[NullFacts]  # what it resolves; such a record changes nothing else
    changed: NotRequired[list[str]]  # files that are others than before, the first 20
    experiment: NotRequired[str]  # at which the change was seen
    why: NotRequired[str]
    refs: NotRequired[dict[str, str]]


class ProfileKey(TypedDict, total=False):
    """A config key that a profile asks for."""

    about: str
    required: bool  # of every run
    stated: bool  # of both sides of a comparison
    aliases: list[str]
    captured: str  # where every run's record has it, whoever says it: ``devices.count``
    default: object  # of a run that does not say it


class ProfileAct(TypedDict):
    """What a profile has asked by a command, or by a function of an installed package."""

    name: str
    at: str  # ``preflight``, ``kickoff``, ``post``, ``close``
    command: NotRequired[list[str]]
    call: NotRequired[str]  # ``package.module:function``
    about: NotRequired[str]
    mend: NotRequired[str]  # the command that helps


class ProfileBody(TypedDict):
    """The profile of the thread from here on, whole: what a study of its kind asks."""

    name: str
    source: str  # where it was read
    about: NotRequired[str]
    strict: NotRequired[bool]  # a run that lacks a required key is refused
    keys: NotRequired[dict[str, ProfileKey]]
    environment: NotRequired[list[str]]  # critical variables; NAME* is a prefix
    ruler: NotRequired[list[str]]  # patterns of the files that measure
    measuring: NotRequired[list[str]]  # patterns of commands that measure
    guards: NotRequired[list[str]]  # metrics that say whether a result is right; one * each
    curves: NotRequired[list[str]]  # series that are to end better than they began; one * each
    told: NotRequired[list[str]]  # what a note says a word of before results are posted
    metrics: NotRequired[list[MetricBody]]  # known ones; a name may hold one *
    acts: NotRequired[list[ProfileAct]]
    executor: NotRequired[str]
    production_path: NotRequired[str]
    skill: NotRequired[str]
    why: NotRequired[str]


# ---- runs ----------------------------------------------------------------------------------------


class RunPlannedBody(TypedDict):
    id: str  # P-001-r1
    experiment: NotRequired[str]  # P-001
    experiment_uid: NotRequired[str]  # ULID of the experiment's first plan
    repeat: NotRequired[int]  # which run of the experiment
    title: NotRequired[str]  # of the experiment
    argv: NotRequired[list[str]]  # the command
    cwd: NotRequired[str]  # relative to the top of the work tree
    # bytes of texts that are no UTF-8, in hexadecimal: by ``argv.1``, ``cwd``, ``environment.NAME``
    exact: NotRequired[dict[str, str]]
    shell: NotRequired[bool]
    config: NotRequired[Config]  # flat, dotted keys
    code: NotRequired[CodeState]
    environment: NotRequired[dict[str, str]]  # variables of the allow-list
    unlisted: NotRequired[UnlistedVariables]
    data_files: NotRequired[dict[str, InputFacts]]  # by path as declared
    stdin: NotRequired[StdinFacts]  # the file that it was to read
    software: NotRequired[SoftwareFacts]
    hardware: NotRequired[HardwareFacts]
    devices: NotRequired[DeviceFacts]
    hygiene: NotRequired[Hygiene]
    executor: NotRequired[str]
    hypotheses: NotRequired[list[str]]  # that it is to test
    expected: NotRequired[str]  # what who asked for it expected, in words
    extract: NotRequired[list[Any]]  # where its metrics are read
    artifacts: NotRequired[list[str]]  # patterns of files to keep
    timeout_s: NotRequired[float | None]  # seconds
    key: NotRequired[str]  # digest of what makes it the same thing run before
    row: NotRequired[str]  # digest of what names the row of a table that it was
    told: NotRequired[dict[str, str]]  # words of that row which are no config, by column
    origin: NotRequired[str]  # ``executed``, ``imported``, ``reported``
    design: NotRequired[DesignPlace]
    tracker: NotRequired[TrackerPlace]
    ruler: NotRequired[RulerFacts]
    entry: NotRequired[str]  # of the logbook: ``run``, ``command``, ``elsewhere``
    measures_again: NotRequired[str]  # the run whose code it measures by a newer ruler
    seen_before: NotRequired[list[str]]  # runs of the same key; the first 20
    reproduction_of: NotRequired[str]  # the run or snapshot that it does again
    folder: NotRequired[str | None]  # where, when that was not the work tree
    detached: NotRequired[bool]  # nobody watches it: its ending is recorded by who comes next
    refs: NotRequired[dict[str, str]]


class RunEndedBody(TypedDict):
    run: str
    state: NotRequired[str]  # ``done``, ``failed``, ``timeout``, ``cancelled``, ``lost``
    exit_code: NotRequired[int | None]
    signal: NotRequired[str | None]  # that ended it
    reason: NotRequired[str]  # why it is not done
    started_at: NotRequired[str | None]
    ended_at: NotRequired[str | None]
    wall_s: NotRequired[float | None]  # seconds
    resources: NotRequired[dict[str, float | None] | None]  # time and memory of its processes
    pilot: NotRequired[str]  # the place that ran it, where several runs share a job of an engine
    attempts: NotRequired[int]  # where there was more than one
    lost_s: NotRequired[float]  # seconds that the attempts before the last one had run
    queued_s: NotRequired[float]  # seconds that the attempts waited to be started
    leftover_processes: NotRequired[int]  # what went on after it
    stdin: NotRequired[StdinFacts]  # what it took of what it was given
    software: NotRequired[SoftwareFacts]  # of the Python that it started, where the plan knew none
    loaded: NotRequired[
        dict[str, str]
    ]  # what is no Python: files and build ids, by role or library
    metrics: NotRequired[dict[str, float]]  # the one value of each
    nonfinite: NotRequired[dict[str, str]]  # metrics that were NaN or infinite
    extraction: NotRequired[ExtractionFacts]
    outputs: NotRequired[Outputs]
    artifacts: NotRequired[ArtifactsOfRun]
    hygiene: NotRequired[Hygiene]
    tracker: NotRequired[TrackerPlace]  # what is known of it at the end
    code_changed_during_run: NotRequired[bool]
    hardware: NotRequired[
        HardwareFacts
    ]  # of the machine that ran, where the plan could not know it
    devices: NotRequired[DeviceFacts]
    by: NotRequired[str]  # who wrote it: ``run``, ``reconcile``, ``import``
    refs: NotRequired[dict[str, str]]


class RunLaunchedBody(TypedDict):
    """How a detached run is found again from another machine with the same executor."""

    run: str
    attempt: int
    executor: str  # its name
    kind: str  # of the executor: ``ssh``, ``slurm``, …
    host: str  # as declared
    handle: dict[str, str]  # the executor's own words; nothing secret
    refs: NotRequired[dict[str, str]]


class CommandEndedBody(TypedDict):
    """A command that makes several runs has ended: the logbook tells them in one entry."""

    about: list[str]  # the sweep, the measurement in turns, or the experiment
    of: str  # ULID of that sweep or measurement, or of the first run of `run --repeat`
    also: NotRequired[list[str]]  # experiments of the table that this command did not run
    why: NotRequired[str]  # it ended early
    refs: NotRequired[dict[str, str]]


class ImportedBody(TypedDict):
    """What an import of several runs took: the logbook tells them in one entry."""

    source: str
    origin: str  # ``imported``, ``reported``
    taken: int
    experiments: NotRequired[int]  # that they are of
    states: NotRequired[dict[str, int]]  # how many of them ended how
    before: NotRequired[int]  # of the source that were taken before
    not_taken: NotRequired[int]
    corrected: NotRequired[int]  # runs taken before of which it says something else now
    corrections: NotRequired[list[str]]  # the first of these, in words
    about: list[str]  # the first runs
    refs: NotRequired[dict[str, str]]


# ---- what is written -----------------------------------------------------------------------------


class NoteBody(ItemBody, total=False):
    role: str  # ``interpretation``, ``next``, ``done``, ``negative``, ``blocker``, ``status``, …
    about: list[str]  # experiments and runs
    reason_class: str  # of a negative result


class JudgedBody(ItemBody, total=False):
    """What evidence is looked for: a predicate over runs, and where it has to hold."""

    predicate: str  # what has to hold, or is predicted
    experiments: list[str]  # that it is about
    across: dict[str, list[Any]]  # values of the config that it has to hold at
    axes: list[str]  # config that may differ: it is what is compared
    path: str  # only runs of this executor count
    nuisance: list[str]  # config that may differ: it does not matter


class HypothesisBody(JudgedBody, total=False):
    state: str  # ``proposed``, ``active``, ``blocked``, ``supported``, ``falsified``, ``promoted``
    evidence: list[str]  # the fold's, from here on: of the last change of state
    resume_condition: str
    decision: str
    why: str


class HypothesisChangedBody(TypedDict):
    hypothesis: str
    state: NotRequired[str]
    evidence: NotRequired[list[str]]
    resume_condition: NotRequired[str]  # of a blocked one: when it goes on
    decision: NotRequired[str]  # of a promoted one: by which
    entry: NotRequired[
        str
    ]  # of the logbook: ``state``, that does not repeat its text; ``elsewhere``
    why: NotRequired[str]
    override: NotRequired[str]  # why its runs need not bear it
    overridden: NotRequired[list[str]]  # the codes of the refusals
    refs: NotRequired[dict[str, str]]
    bound: NotRequired[dict[str, float]]


class DecisionBody(ItemBody, total=False):
    evidence: list[str]
    owner: str
    why: str
    no_evidence: str  # why there is none


class ClaimBody(JudgedBody, total=False):
    label: str  # that the evidence bore when it was claimed
    rules: int  # the version of the rules that gave it; 1 where none is named
    sentence: str  # that it stood for then, in its short form
    label_asked: str  # that was asked for, when it was overridden
    limits: str


_Moved = TypedDict("_Moved", {"from": str}, total=False)  # the baseline before


class BaselineBody(ItemBody, _Moved, total=False):
    experiment: Required[str]
    why: str
    evidence: list[str]  # of a move: both experiments
    metric: str  # that the move is judged by
    shown_by: str  # the sentence of the comparison
    axes: list[str]  # config that was meant to differ


class CorrectionBody(TypedDict):
    target: str
    # ``config.KEY`` or ``disputed`` of a run, ``metrics.NAME`` of a reported one, a field of an item
    field: str
    value: Any
    by: NotRequired[str]  # ``import``: the source of a reported run says so now
    entry: NotRequired[str]  # of the logbook: ``elsewhere``
    why: NotRequired[str]
    refs: NotRequired[dict[str, str]]
    bound: NotRequired[dict[str, float]]  # of the new text
    reported: NotRequired[str]


class SupersessionBody(TypedDict):
    target: str
    by: NotRequired[str]
    why: NotRequired[str]
    refs: NotRequired[dict[str, str]]


class RetractionBody(TypedDict):
    target: str
    why: NotRequired[str]
    part_of: NotRequired[str]  # the sweep that was retracted with it, which tells it
    comment: NotRequired[str]  # the forge's id of the comment that it was, which is gone
    refs: NotRequired[dict[str, str]]


class RefusalBody(TypedDict):
    code: str
    what: NotRequired[str]
    statement: NotRequired[str]  # what was asked
    arithmetic: NotRequired[str]  # the numbers against it
    honest: NotRequired[str]  # what can be said instead
    predicate: NotRequired[str]  # of the claim that was asked
    refs: NotRequired[dict[str, str]]


# ---- designs -------------------------------------------------------------------------------------


class SweepBody(ItemBody, total=False):
    design: Required[str]  # ``grid``, ``one-axis``, ``interaction``, ``list``
    axes: Required[dict[str, list[Any]]]  # config key to its values
    cells: Required[list[Config]]
    argv: Required[list[str]]  # with ``{KEY}`` for the values of the cell
    cwd: Required[str]
    config: Required[Config]  # of all cells
    variables: dict[str, str]  # environment variable to its text
    extract: list[Any]
    artifacts: list[str]
    inputs: list[str]  # with ``{KEY}`` as in the command
    stdin: str  # the file that each run reads as its standard input
    repeat: Required[int]  # runs of each cell
    seed: Required[int]  # of the order
    timeout_s: float | None  # seconds, of each run
    progress: str  # what of its output or files says how far a run is
    stall_kill_s: float  # seconds without an advance after which a run is ended, at least
    on_failure: str
    because: str
    expected: str  # what who asked for it expected, in words
    hypotheses: list[str]  # that its cells are to test
    again: bool  # runs of before do not count
    executor: str  # where its cells run; what ran elsewhere is none of it
    entry: str  # of the logbook, that tells its runs: ``command``
    tree: str | None  # of the code


class BlocksJudged(TypedDict, total=False):
    """What the blocks of an interleaved measurement say of b against a."""

    metric: str
    unit: str
    direction: str
    as_ratio: bool  # the numbers are of b / a, not of b - a
    estimate: float | None
    low: float | None  # of the interval
    high: float | None
    confidence: float
    method: str
    n_blocks: int
    e_value: float
    shown: bool  # that they differ
    margin: str  # ``within``, ``outside``, ``across``: where the interval lies
    verdict: str
    reason: str  # why there is no interval
    sentence: str


class InterleavingEndedBody(BlocksJudged, total=False):
    interleaving: str
    why_stopped: str
    failed_blocks: list[Any]
    experiments: dict[str, str]  # side to experiment
    interrupted: bool
    wall_s: float  # seconds
    refs: dict[str, str]


class InterleavingBody(ItemBody, total=False):
    a: SideOfAb
    b: SideOfAb
    metric: str  # that is judged; without it, the one that its end names
    order: str  # how sides take turns
    seed: int
    alpha: float
    method: str  # of the test after each block
    warmup: int  # runs of each side that do not count
    null: bool  # both sides are one command: it measures the ruler
    expected: str  # what who asked for it expected, in words
    entry: str  # of the logbook, that tells its runs: ``command``, ``elsewhere``
    stop: StopRule
    ended: InterleavingEndedBody  # the fold's: the body of its end


class Transcript(TypedDict, total=False):
    """What the agent's program keeps of the conversation; it stays where it is."""

    path: str
    digest: str  # of its content, when the session ended
    size_bytes: int


class SessionEndedBody(TypedDict):
    session: str
    by: str  # ``hook``, ``said``, ``seen``: found to be over by who came later
    why: NotRequired[str]
    transcript: NotRequired[Transcript]
    refs: NotRequired[dict[str, str]]


class TranscriptAttachedBody(TypedDict):
    """The conversation of a session, put among the blobs because somebody asked for it."""

    session: str
    transcript: Transcript  # as it was then
    blob: str  # its digest among the blobs
    refs: NotRequired[dict[str, str]]


class SessionBody(ItemBody, total=False):
    """A stretch of work of one agent, or of one person."""

    agent: str  # its program: ``claude-code``, ``codex``, …; "" for a person
    version: str  # of that program
    model: str  # if the program says so
    named: str  # as the program calls the session
    person: str  # on whose behalf, by git's settings
    machine: str
    branch: str  # that was checked out
    ended: SessionEndedBody  # the fold's
    attached: TranscriptAttachedBody  # the fold's


class AcknowledgementBody(TypedDict):
    directive: str
    note: str  # what is done about it
    refs: dict[str, str]


class Acknowledged(TypedDict):
    at: str
    actor: str
    note: str


class DirectiveBody(ItemBody, total=False):
    """A person's word to whoever works on the thread."""

    by: str  # who said it
    url: str  # where, when it was said elsewhere
    comment: str  # the forge's id of the comment that it is
    said_at: str  # when it was written there
    listed: bool  # by somebody who may not direct: shown, and never owed
    acknowledged: Acknowledged  # the fold's


class ArtifactVerdict(TypedDict, total=False):
    experiment: Required[str]
    name: Required[str]
    version: Required[int]
    verdict: Required[str]
    then: Required[list[str]]  # digests
    now: Required[list[str]]
    why: str  # it was not kept
    varied: Required[bool]  # the runs before did not agree among themselves


class ArtifactVerdicts(TypedDict, total=False):
    counts: dict[str, int]  # by verdict
    rows: list[ArtifactVerdict]  # the first 50, equal ones last


class SampleFacts(TypedDict, total=False):
    n: Required[int]
    mean: Required[float | None]
    sd: float | None
    median: float | None
    mad: float | None
    min: float | None
    max: float | None
    nonfinite: int  # values left out


class ReproducedMetric(TypedDict):
    """One metric of one experiment, then and now."""

    experiment: str
    metric: str
    unit: str
    verdict: str
    rule: str  # that it was judged by, in words
    original: SampleFacts
    again: SampleFacts
    low: float | None  # where the mean of the new values had to lie
    high: float | None


class ReproductionBody(ItemBody, total=False):
    of: str  # as ``target``
    target: str  # the run, experiment or snapshot that was done again
    runs: list[str]  # that did it
    verdict: str
    why: str
    table: list[ReproducedMetric]
    artifacts: ArtifactVerdicts
    notes: list[str]


# ---- published -----------------------------------------------------------------------------------


class TableMetric(TypedDict):
    name: str
    unit: str


class TableCell(TypedDict):
    n: int
    mean: float | None
    sd: float | None
    median: float | None
    ratio_to_baseline: float | None


class TableRow(TypedDict):
    experiment: str
    uid: NotRequired[str]  # of the experiment; not where a record has the table
    title: str
    baseline: bool
    axes: dict[str, object]  # the varied keys of its config
    metrics: dict[str, TableCell]


class ResultTable(TypedDict):
    axes: list[str]
    metrics: list[TableMetric]
    rows: list[TableRow]


class SnapshotBody(ItemBody, total=False):
    name: str
    tag: str  # of git
    commit: str  # that it tags
    heads: dict[str, str]  # writer to the digest of its last line: what is sealed
    heads_digest: str
    records: int  # how many there were
    rules: int  # by which the labels in the bundle were computed
    bundle: dict[str, str]  # file to its blob
    table: ResultTable  # as an earlier Leadline wrote it; now in `bundle.json` alone


class UpdateBody(ItemBody, total=False):
    form: str  # ``update``, ``heartbeat``
    marker: str  # under which it is posted, once
    since: str  # the one before
    links: dict[str, str]
    words: dict[str, str]  # the author's own
    labels: dict[str, str]  # claim to its label
    rules: int  # the version of the rules that gave them
    continues: str  # the first heartbeat of the same words
    times: int  # how often they were said
    url: str


class FinishBody(TypedDict):
    conclusion: str
    worked: NotRequired[str | list[str]]  # a list in old records
    failed: NotRequired[str | list[str]]  # a list in old records
    confidence: NotRequired[str]
    limits: NotRequired[list[str]]
    next_steps: NotRequired[list[str]]
    reason: NotRequired[str]  # ``completed``, ``not_planned``
    text: NotRequired[str]  # the final summary
    queued: NotRequired[list[str]]  # what the forge lacked
    override: NotRequired[str]
    overridden: NotRequired[list[str]]  # what was missing
    refs: NotRequired[dict[str, str]]
    bound: NotRequired[dict[str, float]]


class AdoptedBody(TypedDict):
    heading: str
    text: NotRequired[str]
    where: NotRequired[str]  # ``entry``, ``form``, ``history``, or the section
    under: NotRequired[list[str]]  # the headings above it
    untitled: NotRequired[bool]  # the first of them is no title of the whole file
    now: NotRequired[str]  # of a section that was adopted before: all it says now
    named: NotRequired[str]  # its heading by now, where that is another
    path: NotRequired[str]  # the file
    digest: NotRequired[str]  # of the file, as found
    file: NotRequired[str]  # its blob, without secrets
    acknowledged: NotRequired[str]  # a commit that rewrote the logbook
    refs: NotRequired[dict[str, str]]


# ---- the experiment issue ------------------------------------------------------------------------


class IssueWantedBody(TypedDict, total=False):
    """What is asked of the issue, before any forge is."""

    state: str  # ``open``, ``draft``
    number: str  # one to adopt
    labels: list[str]
    milestone: str
    assignees: list[str]
    parent: str


class IssueOpenedBody(TypedDict, total=False):
    forge: str
    number: str
    url: str
    title: str
    labels: list[str]
    body: str
    state: str
    marker: str  # by which it is found again
    adopted: bool  # people had opened it
    without: list[str]  # what could not be done
    instead_of: str  # ``github#12``: it takes the place of that one
    why: str


class IssueEditedBody(TypedDict, total=False):
    """What was sent, or what people did."""

    title: str
    body: str  # whole, with what people wrote around the block
    labels: list[str]
    state: str
    number: str
    url: str
    person_title: str  # that a person gave
    person_edit: str  # the block as a person left it
    person_base: str  # the block as it was


class IssueEditSettledBody(TypedDict):
    edit: str  # E1
    edit_uid: str
    why: str  # what became of it


class IssueCommentedBody(TypedDict):
    comment: str  # the forge's id
    marker: str
    text: str
    kind: str  # ``update``, ``heartbeat``, ``seal``, ``final``


class IssueCommentEditedBody(TypedDict):
    comment: str
    marker: NotRequired[str]
    text: str
    why: NotRequired[str]


class IssueClosedBody(TypedDict):
    reason: str  # ``completed``, ``not_planned``


# ---- trackers ------------------------------------------------------------------------------------


class TrackerSetBody(TypedDict):
    tracker: str  # "" for none
    project: str
    at: NotRequired[str]  # its server or folder
    live: NotRequired[bool]  # jobs get its variables and log to it themselves
    because: NotRequired[str]  # why another than before


class TrackerRunBody(TypedDict):
    """What a tracker says of a run after its end."""

    run: str
    tracker: TrackerPlace  # what changed
    metrics: NotRequired[dict[str, float]]  # in the place of a provisional reading
    nonfinite: NotRequired[dict[str, str]]
    extraction: NotRequired[ExtractionFacts]
    ending: NotRequired[RunEnding]  # of an imported run
    outputs: NotRequired[Outputs]  # of an imported run
    refs: NotRequired[dict[str, str]]


class TrackerLinkBody(TypedDict):
    url: str
    title: NotRequired[str]


# ---- the record itself ---------------------------------------------------------------------------


class ChangedLine(TypedDict):
    file: str
    line: int
    size_bytes: int  # of the file, up to the end of that line
    was: str  # the digest of the line that was written there


class HealedBody(TypedDict):
    torn: list[str]  # digests of lines that are none
    diverged: NotRequired[list[str]]  # files kept beside another version, and places settled
    by: NotRequired[str]
    file: NotRequired[str]  # that the write goes on from
    changed: NotRequired[list[ChangedLine]]  # last lines that were not as written at this write
    why: NotRequired[str]  # something was settled so


class HeadsSignedBody(TypedDict):
    heads: dict[str, str]  # writer to the digest of its last line
    signature: str  # armoured, over the heads; made by the user's own git settings
    signer: str  # who committed, as ``Name <address>``; the key says it, not this


class Clash(TypedDict):
    kind: str  # of the thing, not of the record
    id: str  # that two machines gave
    shown: str  # as which the later one is shown
    uid: str  # ULID of the later one


class IdClashBody(Clash):
    what: NotRequired[str]
    refs: NotRequired[dict[str, str]]


# ---- what the fold makes of them -----------------------------------------------------------------


class Said(TypedDict):
    uid: str  # ULID of the record
    at: str
    actor: str


class RefusalSaid(RefusalBody, Said):
    pass


class RulerSaid(RulerBody, Said):
    pass


class HoldoutSaid(HoldoutBody, Said):
    pass


class FinishSaid(FinishBody, Said):
    pass


class AdoptedSaid(AdoptedBody, Said):
    pass


class HealedSaid(HealedBody, Said):
    pass


class ClashSaid(IdClashBody):
    at: str
    actor: str


class Change(ThreadChangedBody):
    at: str
    actor: str


class TrackerChoice(TypedDict, total=False):
    tracker: str
    project: str
    at: str
    live: bool
    because: str
    since: str
    actor: str


class Malformed(TypedDict):
    uid: str
    kind: str
    at: str
    what: str


# ---- writing -------------------------------------------------------------------------------------

Made = TypeVar("Made", covariant=True)
Before = TypeVarTuple("Before")


class Writes(Protocol[Made, *Before]):
    """Writes a record: what stands ``Before`` it (the topic, say), its kind, and the body of that
    kind. ``Transaction.add`` and ``Context.append`` are such."""

    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["thread-started"], ThreadStartedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["metric-defined"], MetricDefinedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["ruler"], RulerBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["holdout"], HoldoutBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["profile"], ProfileBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["run-planned"], RunPlannedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["run-ended"], RunEndedBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["run-launched"], RunLaunchedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["command-ended"], CommandEndedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["imported"], ImportedBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["note"], NoteBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["hypothesis"], HypothesisBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["sweep"], SweepBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["interleaving"], InterleavingBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["interleaving-ended"], InterleavingEndedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["baseline"], BaselineBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["decision"], DecisionBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["hypothesis-changed"], HypothesisChangedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["claim"], ClaimBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["retraction"], RetractionBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["supersession"], SupersessionBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["correction"], CorrectionBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["thread-changed"], ThreadChangedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["refusal"], RefusalBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["session"], SessionBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["session-ended"], SessionEndedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["transcript-attached"], TranscriptAttachedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["directive"], DirectiveBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["acknowledgement"], AcknowledgementBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["reproduction"], ReproductionBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["snapshot"], SnapshotBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["update"], UpdateBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["finish"], FinishBody]) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["adopted"], AdoptedBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["tracker-set"], TrackerSetBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["tracker-run"], TrackerRunBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["tracker-link"], TrackerLinkBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-wanted"], IssueWantedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-opened"], IssueOpenedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-edited"], IssueEditedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-edit-settled"], IssueEditSettledBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-commented"], IssueCommentedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-comment-edited"], IssueCommentEditedBody]
    ) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["issue-closed"], IssueClosedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["healed"], HealedBody]) -> Made: ...
    @overload
    def __call__(
        self, *record: *tuple[*Before, Literal["heads-signed"], HeadsSignedBody]
    ) -> Made: ...
    @overload
    def __call__(self, *record: *tuple[*Before, Literal["id-clash"], IdClashBody]) -> Made: ...
