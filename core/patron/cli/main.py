"""``patron``: the one command. Its groups stand in the files beside this one."""

from __future__ import annotations

import logging
import sys

import click
from sqlalchemy.exc import OperationalError

from patron import __version__
from patron.cli import data, install, look, mailing, people, plugins, running
from patron.cli.common import find_assembly
from patron.engines import is_away
from patron.errors import Busy, PatronError
from patron.worker.executor import ExecutorTaken

EXIT_REFUSED, EXIT_BUSY = 1, 75


class PatronGroup(click.Group):
    """The group of all commands: the core's own, then those that modules contribute."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        own = super().get_command(ctx, name)
        return own or next((c for c in self._contributed() if c.name == name), None)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(str(c.name) for c in self._contributed())})

    def _contributed(self) -> list[click.Command]:
        assembly = find_assembly()
        return assembly.commands if assembly is not None else []


@click.group(cls=PatronGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="patron")
@click.option("--verbose", is_flag=True, help="Say what happens.")
def patron(verbose: bool) -> None:
    """The CRM that a firm assembles. Commands work on the installation in this folder (or PATRON_HOME)."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s %(name)s: %(message)s"
    )


for command in (
    install.init,
    install.migrate,
    install.demo,
    install.golive,
    people.users,
    people.tokens,
    running.serve,
    running.worker,
    running.events,
    plugins.plugins,
    data.import_file,
    data.imports,
    data.export_resource,
    data.digest,
    data.facts,
    look.routes,
    look.openapi,
    look.docs,
    look.doctor,
    mailing.mail,
):
    patron.add_command(command)


def main() -> None:
    """The entry point: errors of ours are said in one line, with the exit code that the docs promise."""
    try:
        patron(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(EXIT_REFUSED)
    except OperationalError as error:
        if not is_away(error.orig):
            raise
        click.echo(f"Error: The database does not answer: {str(error.orig).splitlines()[0]}", err=True)
        sys.exit(EXIT_BUSY)
    except PatronError as error:
        click.echo(f"Error: {error.detail}", err=True)
        for item in error.errors[1:]:
            click.echo(f"  {item.field}: {item.message}" if item.field else f"  {item.message}", err=True)
        sys.exit(EXIT_BUSY if isinstance(error, Busy | ExecutorTaken) else EXIT_REFUSED)
