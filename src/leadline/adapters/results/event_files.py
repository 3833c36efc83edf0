"""TensorBoard event files, read with TensorBoard's own protobufs. A folder that holds event files
is a run.

The scalars of a tag become one metric, reduced as the thread's metric says; hyperparameters written
by the hparams plugin are its config, else the folder's name is. Images, text and histograms stay
where they are and are named. Every point is kept: TensorBoard's reader drops those that a restart
made void, by a rule that the writer cannot see.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator

from leadline.adapters.results.event_frames import EventFrames
from leadline.adapters.results.event_run import EventRun
from leadline.core.canonical import digest_of
from leadline.core.errors import environment, not_found
from leadline.core.timestamps import counted
from leadline.core.tracker.imported import CellNotTaken, Columns, Findings, FoundRun
from leadline.core.typed import Any, NamedTuple


class _TensorBoard(NamedTuple):
    """The parts of the package that are used."""

    events: Any
    hparams: Any
    checksum: Any
    number: Any
    refused: tuple[type[Exception], ...]


class EventFileSource:
    def read(self, source: str, columns: Columns) -> Findings:
        board = _tensorboard(source)
        root = os.path.abspath(source)
        found = Findings(os.path.basename(root), "", "reported")
        if os.path.isfile(root):
            root, only = os.path.split(root)
            folders = [(root, [only])]
        else:
            folders = sorted(_folders(root, found))
        if not folders:
            what = (
                f"there is no event file under {source}"
                if os.path.exists(root)
                else f"{source} does not exist"
            )
            raise not_found("no-event-files", what, do="leadline import --help")
        tags: dict[str, None] = {}
        # kind and tag: how many values, in how many runs
        others: dict[tuple[str, str], list[int]] = {}
        firsts: dict[str, str] = {}
        for folder, files in folders:
            where = os.path.relpath(folder, root)
            where = os.path.basename(folder) if where == "." else where
            read = EventRun(where, board.number, board.hparams, board.refused)
            faults, any_event = _read_files(folder, files, read, board)
            tags.update(dict.fromkeys(read.points))
            for key, count in read.others.items():
                before = others.get(key, [0, 0])
                others[key] = [before[0] + count, before[1] + 1]
            run, left = read.found_run(columns, faults)
            if not any_event:
                found.refuse(where, "; ".join(faults))
            elif not (run.metrics or run.nonfinite):
                asked = " of the metrics asked for" if columns.metrics else ""
                found.refuse(where, "; ".join([f"it holds no scalar{asked}", *faults]))
            elif run.key in firsts:
                same = f"it holds the same points as {firsts[run.key]}, which is taken"
                found.refuse(where, "; ".join([same, *faults]))
            else:
                firsts[run.key] = where
                _take(found, run, left, read, columns)
        for (kind, tag), (values, runs) in sorted(others.items()):
            what = f"{counted(values, 'value')} of kind {kind} in {counted(runs, 'run')}: no scalar, left where it is"
            found.note(tag or kind, what)
        found.digest = digest_of([run.key for run in found.runs])
        found.columns = list(tags)
        found.left_columns = [tag for tag in tags if columns.metrics and tag not in columns.metrics]
        return found


def _tensorboard(source: str) -> _TensorBoard:
    try:
        return _TensorBoard(
            importlib.import_module("tensorboard.compat.proto.event_pb2"),
            importlib.import_module("tensorboard.plugins.hparams.plugin_data_pb2"),
            importlib.import_module(
                "tensorboard.compat.tensorflow_stub.pywrap_tensorflow"
            ).masked_crc32c,
            importlib.import_module("tensorboard.util.tensor_util").make_ndarray,
            (
                importlib.import_module("google.protobuf.message").Error,
                ValueError,
                TypeError,
                OverflowError,
            ),
        )
    except ImportError:
        raise environment(
            "tensorboard-support-missing",
            f"cannot read {source}: tensorboard is not installed",
            why="event files are read by TensorBoard's own reader, which is optional for its size",
            do="pip install 'leadline[tensorboard]'",
        ) from None


def _folders(root: str, found: Findings) -> Iterator[tuple[str, list[str]]]:
    """Folders with event files, and the names of these in TensorBoard's order. What cannot be
    looked into is named."""

    def unreadable(error: OSError) -> None:
        found.refuse(os.path.relpath(error.filename, root), f"it cannot be read: {error.strerror}")

    for folder, inner, names in os.walk(root, onerror=unreadable):
        for name in sorted(inner):
            if os.path.islink(path := os.path.join(folder, name)):
                found.note(os.path.relpath(path, root), "a link to a folder, which is not followed")
        if files := sorted(name for name in names if ".tfevents." in name):
            yield folder, files


def _read_files(
    folder: str, files: list[str], read: EventRun, board: _TensorBoard
) -> tuple[list[str], bool]:
    """Read a run's files one after the other. Returns what is wrong with them, and whether there
    was any event."""
    faults, any_event = list[str](), False
    for name in files:
        frames = EventFrames(
            os.path.join(folder, name), board.checksum, board.events.Event.FromString, board.refused
        )
        known = False
        try:
            for event in frames:
                known = known or event.WhichOneof("what") is not None
                read.add(event)
        except OSError as error:
            faults.append(f"{name} cannot be read: {error.strerror or error}")
            continue
        if fault := frames.fault():
            faults.append(f"{name} {fault}")
        elif not known:
            faults.append(
                f"{name} is no event file: its records are whole, and none says anything TensorBoard knows"
            )
        any_event = any_event or known
    return faults, any_event


def _take(
    found: Findings, run: FoundRun, left: list[CellNotTaken], read: EventRun, columns: Columns
) -> None:
    found.runs.append(run)
    found.leave(left)
    for tag, count in read.nonfinite_points().items():
        if not columns.metrics or tag in columns.metrics:
            what = f"{tag}: {count} of {counted(len(read.points[tag]), 'point')} are NaN or infinite, and kept as such"
            found.note(run.where, what)
    columns.points(run)
