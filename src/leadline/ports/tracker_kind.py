"""What is known of a kind of tracker before one is made: how it is called, where it may be, how its
files are told, what sending needs.

It is apart from the port because help texts, ``doctor`` and an import of unknown files ask it of
every tracker, and none of them may load one.
"""

from __future__ import annotations

from leadline.core.values import dataclass


@dataclass(frozen=True, slots=True)
class TrackerKind:
    """The capabilities of a tracker; each default is what a third party may leave out.

    Obligations:
    - ``called``: its name for people; ``files``: what its files are called, for people.
    - ``addresses``: the schemes that ``at`` may begin with; ``takes_folder``: it may be a folder instead. ``check`` of
      an address of these kinds answers, whether something is there or not.
    - ``marks``: how names of files end that hold one run each and that no other program writes: such a file is
      imported without ``--format``, so ``stored`` knows it. ``knows_broken``: what ``stored`` lists with a problem is
      surely its own, because of its name or place; otherwise it is taken for its own only when it can be read.
    - ``by_folder``: its runs are run folders of Leadline, which ``push`` gets as ``path`` and ``about`` and puts whole
      below ``at``, a folder; a project is a folder in it. So the points of a run are its own series, and a run that
      another record put there says all that an import needs.
    - ``sends_again``: sending is by address: a run that lies at one ``at`` is not at another and is sent again, with
      its files; one that has them takes the same content once.
    - ``package``: the Python package that ``push`` needs, "" for none; ``install``: how to get it.
    - ``keys``: the variables that hold what a person logs in with; ``key_shape``: a pattern of what such a key looks
      like, so that it is refused where a name is expected.
    - ``no_end``: why its runs may lack an end without being cut off, "" for: it says of every end.
    - ``problem``: why it cannot be loaded; all else is then default.
    """

    name: str
    called: str = ""
    files: str = ""
    addresses: tuple[str, ...] = ()
    takes_folder: bool = True
    marks: tuple[str, ...] = ()
    knows_broken: bool = False
    by_folder: bool = False
    sends_again: bool = False
    package: str = ""
    install: str = ""
    keys: tuple[str, ...] = ()
    key_shape: str = ""
    no_end: str = ""
    problem: str = ""
