"""Under which account the embedded server runs: PostgreSQL refuses to run as root, so root lends it another one."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cogniflow.errors import Unavailable


@dataclass(frozen=True)
class ServerAccount:
    """How to run a server program: the words before its command, and who must own its files (None: we do)."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def give(self, path: Path) -> None:
        """Hand a file or folder of ours, with all in it, to the account that runs the server."""
        if self.uid is None or self.gid is None:
            return
        for owned in (path, *path.rglob("*")):
            os.chown(owned, self.uid, self.gid, follow_symlinks=False)


def choose_account(data_dir: Path, cluster: Path, postgres: Path) -> ServerAccount:
    """The account for this data folder: ourselves, or for root the first way that works on this machine.

    Creates no account and opens no folder to others. Raises Unavailable if root can find no way.
    """
    if os.geteuid() != 0:
        return ServerAccount()
    for account in _accounts_for_root(data_dir, cluster):
        if _can_run(account, postgres, data_dir):
            return account
    raise Unavailable(
        f"PostgreSQL does not run as root, and no other account can run {postgres} in {data_dir}. "
        f"Start CogniFlow as an ordinary user, or install `util-linux` (unshare, setpriv), or set DATABASE_URL.")


def _accounts_for_root(data_dir: Path, cluster: Path) -> list[ServerAccount]:
    folder = data_dir.stat()
    if folder.st_uid != 0:
        # no capability here: the folder's owner reaches the socket, and must not reach root through it
        return [ServerAccount(("setpriv", f"--reuid={folder.st_uid}", f"--regid={folder.st_gid}", "--clear-groups"),
                              folder.st_uid, folder.st_gid)]
    if cluster.exists() and cluster.stat().st_uid != 0:
        return [_borrowed_account(cluster.stat().st_uid, cluster.stat().st_gid)]
    renamed_root = ServerAccount(("unshare", "--user", "--map-user=1", "--map-group=1"))
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return [renamed_root]
    return [renamed_root, _borrowed_account(nobody.pw_uid, nobody.pw_gid)]


def _borrowed_account(uid: int, gid: int) -> ServerAccount:
    """An unprivileged account that may still pass root's closed folders, where containers forbid unshare."""
    return ServerAccount(("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups",
                          "--inh-caps=+dac_override", "--ambient-caps=+dac_override"), uid, gid)


def _can_run(account: ServerAccount, postgres: Path, data_dir: Path) -> bool:
    trial = [*account.prefix, "sh", "-c", 'test -x "$0" && test -w "$1"', str(postgres), str(data_dir)]
    try:
        return subprocess.run(trial, capture_output=True, cwd="/", timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
