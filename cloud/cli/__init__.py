"""The console command `prompt2mesh`. `scripts/run` is `make` with a prompt and `up` without one."""

from cloud.cli.commands import main

__all__ = ["main"]
