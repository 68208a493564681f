"""Every script says with --dry-run what it would run, and runs none of it."""

import shlex
import subprocess

import pytest

from tests.eks.conftest import ROOT, SCRIPTS, Bench


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_dry_run_calls_nothing_and_says_what_it_would_call(bench: Bench, script: str) -> None:
    ran = bench.run(script, "--dry-run")
    assert ran.exit_code == 0, ran.err
    assert bench.calls == []
    commands = [line.removeprefix("+ ") for line in ran.out.splitlines() if line.startswith("+ ")]
    assert commands
    assert all(shlex.split(command) for command in commands)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_dry_run_needs_neither_programs_nor_settings_of_ones_own(bench: Bench, script: str) -> None:
    """As in a fresh clone on a machine with Python alone."""
    example = ROOT / "k8s" / "overlays" / "eks" / "settings.env"
    told = () if script in ("plan", "up") else ("--settings", str(example))
    command = [str(ROOT / "scripts" / "eks" / script), *told, "--dry-run"]
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(bench.folder)}
    ran = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    if script not in ("plan", "up", "settings"):
        assert "still the example's (111122223333" in ran.stderr


def test_a_dry_run_of_deploy_shows_what_the_real_one_runs(bench: Bench) -> None:
    bench.run("push")
    shown = [
        line[2:].partition("  <<<")[0] for line in bench.run("deploy", "--dry-run").out.splitlines() if line[0] == "+"
    ]
    bench.forget()
    assert bench.run("deploy").exit_code == 0
    assert [shlex.split(line) for line in shown] == bench.commands


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_what_it_is_for(bench: Bench, script: str) -> None:
    ran = bench.run(script, "--help")
    assert ran.exit_code == 0
    assert "--dry-run" in ran.out
