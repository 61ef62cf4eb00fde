"""Mail that the product sends by itself, through the server of the settings."""

import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage
from functools import partial
from typing import Any

import structlog
from flask import Flask
from flask_security import MailUtil

from cogniflow.config import Settings

PATIENCE = 15
"""Seconds that the mail server may take to answer."""


class Mail(MailUtil):
    """Sends what flask-security has written; in a thread, so that nobody learns from the time it takes whether there was any."""

    def __init__(self, app: Flask):
        super().__init__(app)
        self._settings: Settings = app.extensions["cogniflow"].settings

    def validate(self, email: str) -> str:
        """The address as accounts hold it; whether it can be reached, its mail server says, not a name server."""
        return self.normalize(email)

    def send_mail(self, template: str, subject: str, recipient: str, sender: str, body: str | None, html: str | None,
                  **_: Any) -> None:
        """Send it; a failure is logged."""
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = str(subject), str(sender), str(recipient)
        message.set_content(body or "")
        threading.Thread(target=self._deliver, args=(message,), name="mail", daemon=True).start()

    def _deliver(self, message: EmailMessage) -> None:
        try:
            deliver(self._settings, message)
        except (OSError, smtplib.SMTPException) as error:
            structlog.get_logger("mail").error("mail_failed", problem=str(error))


def deliver(settings: Settings, message: EmailMessage) -> None:
    """Hand the message to the mail server. Raises OSError or SMTPException."""
    trusted = ssl.create_default_context()
    connect = partial(smtplib.SMTP_SSL, context=trusted) if settings.smtp_security == "tls" else smtplib.SMTP
    # our own name is given: else it would be asked of a name server that may not answer
    with connect(settings.smtp_host, settings.smtp_port, socket.gethostname(), timeout=PATIENCE) as server:
        if settings.smtp_security == "starttls":
            server.starttls(context=trusted)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value() if settings.smtp_password else "")
        server.send_message(message)
