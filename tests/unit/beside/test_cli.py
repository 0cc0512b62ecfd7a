from __future__ import annotations

import subprocess
import sys

import pytest

from egoalign import cli
from egoalign.log import UserError


@pytest.fixture
def one_command(monkeypatch):
    """A command line whose only step does what the test says."""

    def use(step):
        def build():
            import argparse

            parser = argparse.ArgumentParser()
            commands = parser.add_subparsers(dest="command", required=True)
            command = commands.add_parser("step")
            command.set_defaults(run=step)
            command.add_argument("--log")
            command.add_argument("--quiet", action="store_true")
            return parser

        monkeypatch.setattr(cli, "build_parser", build)

    return use


def test_a_users_mistake_is_one_line_and_code_2(one_command, capsys, tmp_path):
    def step(args):
        raise UserError("table.tsv line 3: found 'x', expected a number; write a number")

    one_command(step)
    log = tmp_path / "deep" / "step.log"
    assert cli.main(["step", "--log", str(log)]) == 2
    shown = capsys.readouterr().err
    assert shown == (
        "egoalign step: table.tsv line 3: found 'x', expected a number; write a number\n"
    )
    assert "Traceback" in log.read_text()


def test_our_own_fault_is_code_1_and_its_traceback_goes_to_the_log(one_command, capsys, tmp_path):
    def step(args):
        raise ZeroDivisionError("oh")

    one_command(step)
    log = tmp_path / "step.log"
    assert cli.main(["step", "--log", str(log)]) == 1
    shown = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: oh" in shown
    assert str(log) in shown
    assert "Traceback" not in shown
    assert "ZeroDivisionError" in log.read_text()


def test_the_commands_start_without_the_heavy_libraries():
    code = (
        "import sys; from egoalign.cli import build_parser; build_parser();"
        "print([m for m in ('torch', 'decord', 'av', 'matplotlib', 'pandas', 'statsmodels',"
        " 'open_clip', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_says_what_it_does():
    parser = cli.build_parser()
    subparsers = next(a for a in parser._actions if a.dest == "command")
    helps = {choice.dest: choice.help for choice in subparsers._choices_actions}
    assert set(helps) == set(subparsers.choices)
    assert all(helps.values())
