"""Print the completion script of a shell."""

from __future__ import annotations

import argparse

from leadline.cli.answer import Answer
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.services.context import Context

NEEDS_REPOSITORY = False
EXAMPLES = ['eval "$(leadline completion bash)"']


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def run(context: Context, args: argparse.Namespace) -> Answer:
    from argcomplete.shell_integration import shellcode

    script: str = shellcode(["leadline"], shell=args.shell)
    return Answer(text=script, data={"shell": args.shell, "script": script})
