"""The one way in which the scripts of this folder run other programs: shown first, and not run at all in a dry run.

A command either changes something (`do`) or only looks (`ask`). A dry run shows both, runs neither, and takes the
answer that the caller assumes; so it needs no credentials, no cluster and none of the programs.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_GET = {
    "aws": "the AWS CLI, version 2, from your package manager or Amazon; then `aws configure sso` or `aws sso login`",
    "kubectl": "Kubernetes' own package, or `aws eks` has links to it; a version within one of the cluster's",
    "helm": "Helm 3, from your package manager",
    "terraform": "Terraform 1.11 or later, from your package manager or HashiCorp",
    "curl": "your package manager has it",
    "git": "your package manager has it",
    "openssl": "your package manager has it",
}


class Stop(Exception):
    """The script ends here. The text says what is wrong and what to do about it."""


class CommandFailed(Stop):
    """A program ended with another exit code than 0."""

    def __init__(self, command: Sequence[str], exit_code: int, said: str) -> None:
        self.exit_code, self.said = exit_code, said.strip()
        tail = "\n  ".join(self.said.splitlines()[-12:])
        super().__init__(f"`{shlex.join(command)}` ended with {exit_code}." + (f"\n  {tail}" if tail else ""))


@dataclass
class Shell:
    """Runs programs, or says which it would run."""

    dry_run: bool = False

    def need(self, *programs: str) -> None:
        """Raises: Stop: one is not on the PATH; the text says how to get it. A dry run only remarks on it."""
        for program in programs:
            if shutil.which(program) is None:
                self.object(f"`{program}` is missing. Get it: {_GET.get(program, 'your package manager has it')}.")

    def object(self, fault: str) -> None:
        """What must not be. Raises: Stop. A dry run says that a real one would end here, and goes on."""
        if not self.dry_run:
            raise Stop(fault)
        print(f"note: a real run would end here: {fault}", file=sys.stderr)

    def say(self, step: str) -> None:
        """A line for people: what comes now."""
        print(f"# {step}", flush=True)

    def do(self, *command: str, given: str | None = None, what: str = "") -> None:
        """Run what changes something; its output goes to ours.

        given: its standard input; what: in words what that is. Raises: CommandFailed.
        """
        self._show(command, f"  <<< {what or 'what was said above'}" if given is not None else "")
        if self.dry_run:
            return
        ran = subprocess.run(command, input=given, text=True, check=False)
        if ran.returncode:
            raise CommandFailed(command, ran.returncode, "")

    def ask(self, *command: str, assume: str = "", shown: bool = True) -> str:
        """What a program that changes nothing writes, without white space around. In a dry run: `assume`.

        Raises: CommandFailed.
        """
        if shown:
            self._show(command, "")
        if self.dry_run:
            return assume
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise CommandFailed(command, ran.returncode, ran.stderr or ran.stdout)
        return ran.stdout.strip()

    def pipe(self, source: Sequence[str], sink: Sequence[str]) -> None:
        """Give what `source` writes to `sink`, unseen: for passwords. Raises: CommandFailed."""
        self._show(source, f" | {shlex.join(sink)}")
        if self.dry_run:
            return
        wrote = subprocess.run(source, capture_output=True, check=False)
        if wrote.returncode:
            raise CommandFailed(source, wrote.returncode, wrote.stderr.decode(errors="replace"))
        took = subprocess.run(sink, input=wrote.stdout, capture_output=True, check=False)
        if took.returncode:
            raise CommandFailed(sink, took.returncode, took.stderr.decode(errors="replace"))

    @staticmethod
    def _show(command: Sequence[str], rest: str) -> None:
        print(f"+ {shlex.join(command)}{rest}", flush=True)
