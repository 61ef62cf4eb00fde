"""`cogniflow docs`: the reference pages, written from the declarations."""

import sys
from pathlib import Path

import click

from cogniflow.cli.reference import pages
from cogniflow.domain.registry import load


@click.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("docs/reference"), show_default=True)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a page is not current.")
@click.pass_context
def docs(context: click.Context, folder: Path, check: bool) -> None:
    """Write the reference pages: entities, operations, events, errors, protocol, command line, settings."""
    load()
    stale = []
    for name, body in pages(context.find_root().command).items():
        path = folder / name
        if path.exists() and path.read_text("utf-8") == body:
            continue
        stale.append(str(path))
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(body, "utf-8")
    for path in stale:
        click.echo(f"{'not current: ' if check else ''}{path}", err=True)
    sys.exit(1 if check and stale else 0)
