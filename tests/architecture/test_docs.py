"""What is written must be what is there."""

import re

from click.testing import CliRunner

from cogniflow.cli import main
from tests.architecture.source import ROOT


def test_the_reference_is_current():
    done = CliRunner().invoke(main, ["docs", "--check", "--folder", str(ROOT / "docs/reference")])
    assert done.exit_code == 0, done.output


def test_the_readme_names_every_setting():
    from cogniflow.config import Settings

    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in Settings.model_fields if name != "database_url" and f"COGNIFLOW_{name.upper()}" not in readme]
    assert missing == []


def test_no_page_links_to_a_file_that_is_not_there():
    broken = [
        (str(page.relative_to(ROOT)), target)
        for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_folder_of_the_house_is_on_the_map():
    page = (ROOT / "docs/ARCHITECTURE.md").read_text("utf-8")
    rooms = [path.name for path in (ROOT / "cogniflow").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [room for room in rooms if f"{room}/" not in page] == []
