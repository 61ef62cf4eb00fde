"""Settings of the installation, from the environment and `.env`; wrong values fail at start with one line."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cogniflow.errors import CogniFlowError


class ConfigurationError(CogniFlowError):
    """A setting has a value that cannot work."""

    title = "Wrong setting"


class Settings(BaseSettings):
    """Every setting of an installation; what an administrator changes while it runs is in `system_settings`."""

    model_config = SettingsConfigDict(env_prefix="COGNIFLOW_", env_file=".env", extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[SecretStr | None, Field(
        validation_alias=AliasChoices("DATABASE_URL", "COGNIFLOW_DATABASE_URL", "database_url"),
        description="A PostgreSQL server (15 to 18) to use instead of the embedded one.")] = None
    app_url: Annotated[SecretStr | None, Field(
        description="Address the web workers use, where it is neither derived from DATABASE_URL nor embedded.")] = None
    data_dir: Annotated[Path, Field(description="Folder of the embedded database and generated keys.")] = Path(".cogniflow")
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port of everything: pages, REST, sockets.")] = 8000
    workers: Annotated[int, Field(ge=1, le=64, description="Web worker processes.")] = 1
    threads: Annotated[int, Field(ge=8, le=1000, description="Threads of one worker; with `loop` an open socket holds one.")] = 64
    pool_size: Annotated[int, Field(ge=2, le=200, description="Database connections of one worker.")] = 16
    admin_password: Annotated[SecretStr | None, Field(
        description="First administrator's password, at the first start only; generated when empty.")] = None
    secret_key: Annotated[SecretStr | None, Field(
        description="Signs cookies and links, encrypts second factors; generated into the data folder when empty.")] = None
    session_idle_minutes: Annotated[int, Field(ge=5, le=43_200,
        description="Minutes after which an unused session ends, unless its user chose to stay signed in.")] = 480
    session_days: Annotated[int, Field(ge=1, le=365, description="Days after which any session ends.")] = 30
    proxies: Annotated[int, Field(ge=0, le=9,
        description="Proxies in front whose X-Forwarded-For, -Proto and -Host are believed.")] = 0
    public_url: Annotated[str | None, Field(pattern=r"^https?://[^/]+$",
        description="Where people reach it, such as https://erp.example.com: what links in mail begin with.")] = None
    smtp_host: Annotated[str | None, Field(
        description="Mail server; without it, and PUBLIC_URL, no mail is sent or offered.")] = None
    smtp_port: Annotated[int, Field(ge=1, le=65535, description="Its port.")] = 587
    smtp_user: Annotated[str | None, Field(description="Name to sign in to it with, if it wants one.")] = None
    smtp_password: Annotated[SecretStr | None, Field(description="Password to sign in to it with.")] = None
    smtp_security: Annotated[Literal["starttls", "tls", "none"], Field(
        description="How the connection to it is encrypted.")] = "starttls"
    smtp_sender: Annotated[str, Field(description="Address that mail comes from.")] = "cogniflow@localhost"
    sockets: Annotated[Literal["hub", "loop"], Field(
        description="Who serves sockets: one thread for all, or a thread of a worker for each (TLS ended in Python).")] = "hub"
    realtime_path: Annotated[Path | None, Field(
        description="Where a realtime process takes the workers' sockets; `cogniflow up` sets it.")] = None
    bell: Annotated[Literal["adaptive", "always"], Field(
        description="Who rings for the feed: always each writer, or the feed itself while many write at once.")] = "adaptive"
    allowed_origins: Annotated[list[str], Field(description="Other origins that may open a socket.")] = []
    public_metrics: Annotated[bool, Field(description="Serve /metrics, /docs/api and /openapi.json without sign-in.")] = False
    max_body_bytes: Annotated[int, Field(ge=1024, description="Largest request body, in bytes.")] = 8 * 1024 * 1024
    private_webhooks: Annotated[bool, Field(
        description="Let webhooks be sent to private networks and this machine; else only to public addresses.")] = False
    feed_retention_days: Annotated[int, Field(ge=1, le=365, description="Days the change log is kept.")] = 3
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="Least severity logged.")] = "info"

    @property
    def mails_links(self) -> bool:
        """Whether mail can be sent, and says where it leads: not what a request claimed that we are called."""
        return bool(self.smtp_host and self.public_url)


def load_settings(**given) -> Settings:
    """Read the settings; `given` values win. Raises ConfigurationError with one line naming what is wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in wrong["loc"])
        variable = "DATABASE_URL" if "database_url" in name.lower() else f"COGNIFLOW_{name.upper()}"
        raise ConfigurationError(f"{variable}: {wrong['msg']}") from None
