"""The embedded server runs for root and for ordinary users."""

import os
import shutil
import signal
from pathlib import Path

from cogniflow.db.embedded import EmbeddedServer
from tests.db.supervised import NOBODY, Supervisor, as_nobody, ask, eventually, mode_of, need_root, processes_in


def test_an_ordinary_user_needs_nothing_more(home, binaries):
    words = []
    if os.geteuid() == 0:
        words = as_nobody()
        os.chown(home, NOBODY, NOBODY)
    supervisor = Supervisor(home / "data", binaries, *words)
    said = supervisor.says()
    assert said[:3] == ["started", said[1], "True"]
    assert Path(f"/proc/{said[1]}").stat().st_uid == (os.geteuid() or NOBODY)
    os.kill(int(said[1]), signal.SIGKILL)
    eventually(lambda: int(said[1]) not in processes_in(home))
    assert supervisor.told("ensure")[::3] == ["ensured", "True"]
    assert supervisor.told("stop") == ["stopped", "None"]
    supervisor.close()
    assert processes_in(home) == []


def test_in_a_persons_folder_roots_server_has_that_persons_rights_only(home, newest):
    words = as_nobody()
    os.chown(home, NOBODY, NOBODY)
    with EmbeddedServer(home, newest, durable=False) as server:
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status and "CapEff:\t0000000000000000" in status
        assert {path.stat().st_uid for path in (home / "postgres").rglob("*")} == {NOBODY}
    assert processes_in(home) == []
    person = Supervisor(home, newest, *words)
    assert person.says()[0] == "started", "the person can go on where root left it"
    person.told("stop")
    person.close()


def test_root_needs_no_unshare(home, newest):
    need_root()
    (home / "bin").mkdir()
    for program in ("setpriv", "sh"):
        (home / "bin" / program).symlink_to(shutil.which(program))
    for _start in ("the first creates the database", "the second finds it as an unprivileged account left it"):
        supervisor = Supervisor(home / "data", newest, PATH=str(home / "bin"))
        said = supervisor.says()
        assert Path(f"/proc/{said[1]}").stat().st_uid != 0
        assert ask(said[3], "SELECT 1") == (1,)
        supervisor.told("stop")
        supervisor.close()
    assert mode_of(home / "data") == 0o700 and (home / "data").stat().st_uid == 0
    with EmbeddedServer(home / "data", newest, durable=False) as server:
        assert ask(server.app_url(), "SELECT 1") == (1,)
