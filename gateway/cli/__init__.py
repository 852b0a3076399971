"""The command line, `clearbg`: each command is a module or package, imported when it is called."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "serve": "gateway.cli.serve",
    "worker": "gateway.cli.serve",
    "remove": "gateway.cli.remove",
    "bulk": "gateway.cli.bulk.command",
    "triton": "gateway.cli.triton",
    "tune": "gateway.cli.tune",
    "capacity": "gateway.cli.capacity",
    "doctor": "gateway.cli.doctor",
    "model": "gateway.cli.model",
    "backup": "gateway.cli.backup",
    "restore": "gateway.cli.backup",
    "accounts": "gateway.cli.accounts",
    "users": "gateway.cli.users",
    "keys": "gateway.cli.keys",
}
"""Module of each command. It has a function of the command's name, or a group named `app`."""


class Commands(TyperGroup):
    """Imports only the command that is called: importing all of them takes half a second."""

    def list_commands(self, ctx: Any) -> list[str]:
        """See click. The types differ between versions of Typer, which bundle their own click."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """See click."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name])
        if not (group := getattr(module, "app", None)):
            group = typer.Typer(pretty_exceptions_enable=False)
            group.command(cmd_name)(getattr(module, cmd_name))
        command = typer.main.get_command(group)
        command.name = cmd_name
        return command


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def clearbg() -> None:
    """Self-hosted background removal."""
