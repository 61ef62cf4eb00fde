"""gunicorn's settings, and what each worker does beside serving: run its part of the feed, and end with those above it."""

import os
import signal
import threading

from cogniflow.lifeline import Lifeline
from cogniflow.logs import configure_logging

worker_class = "cogniflow.web.worker.Worker"
control_socket_disable = True
limit_request_line = 8190
graceful_timeout = 5
timeout = 60
keepalive = 75
logconfig_dict = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"json": {"()": "cogniflow.logs.json_lines"}},
    "handlers": {"standard error": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["standard error"]},
    "loggers": {"gunicorn.error": {"level": "WARNING", "handlers": ["standard error"], "propagate": False}},
}


def post_worker_init(worker) -> None:
    """Start what a worker that is about to serve does beside, and let go of its sockets when it is told to end."""
    context, lifeline = worker.wsgi.extensions["cogniflow"], Lifeline()
    configure_logging(context.settings.log_level)
    context.start()
    ending = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: object) -> None:
        threading.Thread(target=context.stop, name="sockets end").start()
        ending(number, frame)

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_end_with_those_above, args=(worker, context, lifeline), name="lifeline", daemon=True).start()
    lifeline.say_ready()


def _end_with_those_above(worker, context, lifeline: Lifeline) -> None:
    """Whatever killed gunicorn's master or the supervisor: leave the port and the clients to the next one."""
    while os.getppid() == worker.ppid and not lifeline.is_cut(1.0):
        pass
    context.stop()  # gunicorn waits for sockets that are served in its threads
    if os.getppid() == worker.ppid:
        os.kill(worker.ppid, signal.SIGQUIT)
