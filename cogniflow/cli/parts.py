"""The parts of a running installation that are processes of their own: web server, realtime process, process of webhooks."""

import socket
from pathlib import Path

from cogniflow.cli import web_server
from cogniflow.cli.supervised import Supervised
from cogniflow.config import Settings
from cogniflow.realtime.handover import listen


def realtime_path(settings: Settings) -> Path:
    """Where the realtime process takes the sockets of the workers."""
    return settings.data_dir.absolute() / "realtime.sock"


class Parts:
    """gunicorn at the socket `door`, webhooks and, where the hub serves sockets, the realtime process: run and ended together."""

    def __init__(self, settings: Settings, app_url: str, door: socket.socket):
        """Nothing is started yet."""
        chosen = {"COGNIFLOW_APP_URL": app_url, "COGNIFLOW_DATA_DIR": str(settings.data_dir.absolute()),
                  "COGNIFLOW_HOST": settings.host, "COGNIFLOW_PORT": str(settings.port),
                  "COGNIFLOW_WORKERS": str(settings.workers)}
        self._listeners, self._parts = [door], []
        if settings.sockets == "hub":
            chosen["COGNIFLOW_REALTIME_PATH"] = str(realtime_path(settings))
            handed = listen(realtime_path(settings))
            self._listeners.append(handed)
            command = ["-m", "cogniflow.cli", "realtime", "--listener", str(handed.fileno())]
            self._parts.append(Supervised("realtime process", command, chosen, handed.fileno()))
        self._parts.append(Supervised("process of webhooks", ["-m", "cogniflow.cli", "webhooks"], chosen))
        self._parts.append(Supervised("web server", web_server.command(settings, door), chosen, door.fileno()))

    def start(self) -> None:
        """Start them and wait until all serve. Raises Unavailable if one does not."""
        for each in self._parts:
            each.start()
        for each in self._parts:
            each.keep_running()

    def reload(self) -> None:
        """Put fresh processes in the place of all; connections that come meanwhile are served by the old or the new one."""
        for each in self._parts:
            each.replace()

    def end(self) -> None:
        """Take no more connections and end them; each says good-bye to its clients."""
        self._listeners[0].close()
        for each in self._parts:
            each.tell_to_end()
        for each in self._parts:
            each.end()
        for each in self._listeners:
            each.close()
