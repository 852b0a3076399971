"""The command line, `clearbg`: a file or a folder a command."""

import typer

from gateway.cli import accounts, capacity, doctor, keys, model, remove, serve, triton, tune
from gateway.cli.bulk import command

app = typer.Typer(
    help="Self-hosted background removal.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("remove")(remove.remove)
app.command("bulk")(command.bulk)
app.command("triton")(triton.triton)
app.command("tune")(tune.tune)
app.command("capacity")(capacity.capacity)
app.command("doctor")(doctor.doctor)
app.add_typer(model.app, name="model")
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
