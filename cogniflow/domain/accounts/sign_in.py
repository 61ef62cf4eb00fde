"""What stands between a guesser and an account: attempts that wait, and passwords that are not guessed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Integer, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from cogniflow.errors import FieldError, Invalid

SHORTEST_PASSWORD = 12
LONGEST_JUDGED = 72
"""Characters of a password that its strength is judged by."""
STRONG_ENOUGH = 3
"""Of 4: the least strength accepted, some 10^8 guesses."""


@dataclass(frozen=True)
class Attempts:
    """What attempts are counted under; after `free` failures the next one waits, longer each time, up to `longest` seconds."""

    key: str
    free: int
    longest: int


def take_attempt(session: Session, counted: Sequence[Attempts]) -> int:
    """Count an attempt about to be made; the seconds it has to wait instead, 0 for none."""
    return session.scalar(select(func.cogniflow.take_sign_in(
        cast([each.key for each in counted], ARRAY(Text)), cast([each.free for each in counted], ARRAY(Integer)),
        cast([each.longest for each in counted], ARRAY(Integer)))))


def forgive_attempts(session: Session, counted: Sequence[Attempts]) -> None:
    """The attempt has succeeded: what failed before is not held against the next."""
    session.execute(select(func.cogniflow.sign_in_succeeded(cast([each.key for each in counted], ARRAY(Text)))))


def refuse_weak(password: str, known: Sequence[str] = ()) -> None:
    """Refuse a password that is short, common, or made of what is known of its user: Invalid, beside `password`."""
    if len(password) < SHORTEST_PASSWORD:
        said = f"must have at least {SHORTEST_PASSWORD} characters"
    elif (judged := zxcvbn(password[:LONGEST_JUDGED], user_inputs=_parts(known)))["score"] < STRONG_ENOUGH:
        hint = judged["feedback"]["warning"] or "Add another word or two; uncommon words are better."
        said = f"would be guessed too easily: {hint[:1].lower()}{hint[1:]}".rstrip(".")
    else:
        return
    raise Invalid(f"The password {said}.", [FieldError("password", said)])


def _parts(known: Sequence[str]) -> list[str]:
    return [part for text in known for part in (text, *text.replace("@", " ").replace(".", " ").split())]
