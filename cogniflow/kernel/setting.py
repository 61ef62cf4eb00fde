"""Settings of the company: each declared once with its type, its default and what it may be; the value is a row."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "flag", "choice"]


@dataclass(frozen=True)
class Setting:
    """A setting that the code reads: a text, a whole number, yes or no, or one of its `choices`."""

    key: str
    default: str | int | bool
    description: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    check: str | None = None
    """Function of schema `cogniflow` that says whether a text may be the value."""
    expects: str | None = None
    """What `check` asks for, such as "a time zone such as Europe/Berlin"."""
    confirm: str | None = None
    """What a person must agree to before it is changed."""

    @property
    def kind(self) -> Kind:
        """How its value is given; its default says so."""
        if self.choices:
            return "choice"
        return "flag" if isinstance(self.default, bool) else "number" if isinstance(self.default, int) else "text"


_settings: dict[str, Setting] = {}


def declare(*settings: Setting) -> None:
    """Make the settings known."""
    _settings.update({each.key: each for each in settings})


def settings() -> dict[str, Setting]:
    """Every declared setting by its key."""
    return _settings
