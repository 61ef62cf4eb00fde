"""The `cogniflow` command: results on standard output, all else on standard error; exit 0, 1 (failed) or 2 (usage)."""

import signal
import sys
from importlib import import_module
from keyword import iskeyword

import click

from cogniflow.errors import CogniFlowError
from cogniflow.logs import configure_logging

ROOMS = {"up": "up", "db": "database", "seed": "data", "simulate": "data", "do": "data", "user": "access", "token": "access",
         "doctor": "doctor", "export": "exchange", "import": "exchange", "backup": "exchange", "restore": "exchange",
         "worker": "worker", "realtime": "realtime", "webhooks": "webhooks", "docs": "docs"}
"""The module of each command: only the one that is asked for is loaded."""


class Commands(click.Group):
    """Turns a failure that is no mistake of ours into one line and exit code 1."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Their names."""
        return sorted(ROOMS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of a name."""
        return getattr(import_module(f"cogniflow.cli.{ROOMS[name]}"), name + "_" * iskeyword(name)) if name in ROOMS else None

    def invoke(self, context: click.Context) -> object:
        """Run the command that was asked for."""
        configure_logging("warning")
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # an embedded database must be ended
        try:
            return super().invoke(context)
        except CogniFlowError as error:
            fields = "".join(f"\n  {each.field}: {each.message}" for each in error.errors)
            click.echo(f"{error.title}: {error.detail or error}{fields}", err=True)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            failure = import_module("cogniflow.cli.failure").in_short(error)
            if failure is None:
                raise
            click.echo(f"Failed: {failure}", err=True)
        sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cogniflow")
def main() -> None:
    """CogniFlow, the real-time ERP."""
