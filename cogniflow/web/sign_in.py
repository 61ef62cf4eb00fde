"""Signing in as flask-security does it, on our users, with attempts that wait and passwords that hold."""

import datetime as dt
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user
from flask_security import (
    ChangePasswordForm,
    FSQLALiteUserDatastore,
    LoginForm,
    PasswordUtil,
    RoleMixin,
    Totp,
    TwoFactorVerifyCodeForm,
    UserMixin,
)
from flask_security.forms import ForgotPasswordForm, VerifyForm
from flask_security.recovery_codes import MfRecoveryForm
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup
from passlib.totp import TotpMatch
from sqlalchemy import func, select
from sqlalchemy.orm import Session, synonym

from cogniflow.domain.accounts.models import Role, User
from cogniflow.domain.accounts.sign_in import SHORTEST_PASSWORD, Attempts, forgive_attempts, refuse_weak, take_attempt
from cogniflow.errors import Invalid

WRONG = "The e-mail address or the password is not right."
"""Told for both, so that nobody learns which addresses there are."""
KNOWN_COOKIE, A_YEAR = "cogniflow_known", 365 * 24 * 3600
"""Says that somebody has signed in to an account from this browser before: its attempts wait for nobody else's."""


class SignedInUser(UserMixin, User):
    """A user as flask-security knows one; the columns are those of accounts."""

    tf_primary_method = synonym("second_factor")
    tf_totp_secret = synonym("second_factor_secret")
    mf_recovery_codes = synonym("recovery_codes")

    @property
    def roles(self) -> tuple:
        """None: what a user may do is asked of `g.caller`, whose rights come from the permission rows."""
        return ()


class SignedInRole(RoleMixin, Role):
    """A role as flask-security wants one; it is never asked."""


class Accounts(FSQLALiteUserDatastore):
    """The living users: an archived one can neither sign in nor stay signed in."""

    def find_user(self, case_insensitive: bool = False, **wanted) -> SignedInUser | None:
        """The one living user with this e-mail address or session identity."""
        (name, value), = wanted.items()
        column = getattr(SignedInUser, name)
        same = func.lower(column) == func.lower(value) if case_insensitive else column == value
        return self.db.session.scalar(select(SignedInUser).where(same, SignedInUser.archived_at.is_(None)))

    def mf_delete_recovery_code(self, user: SignedInUser, idx: int) -> bool:
        """Take a used code away; as a new list, since a changed one would not be noticed."""
        user.recovery_codes = [each for place, each in enumerate(user.recovery_codes or []) if place != idx]
        return True


class Codes(Totp):
    """Codes of an authenticator, none of which is taken twice."""

    def get_last_counter(self, user: SignedInUser) -> int | None:
        """The last one taken."""
        return user.second_factor_counter

    def set_last_counter(self, user: SignedInUser, tmatch: TotpMatch) -> None:
        """Remember it."""
        user.second_factor_counter = tmatch.counter


class Passwords(PasswordUtil):
    """The rules for a new password."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        """What is wrong with it, None for nothing; and the password as it is hashed."""
        plain, user = self.normalize(password), kwargs.get("user")
        try:
            refuse_weak(plain, (user.email, user.name) if user else ())
        except Invalid as error:
            return [error.detail], plain
        return None, plain


class Waiting:
    """A form that judges a secret only when few before it were wrong; else it says how long to wait, and the answer is 429."""

    forgives = True
    """Whether what is right takes back what was wrong before."""

    def counted(self) -> tuple[Attempts, ...]:
        """What the attempt is counted under: somebody who has shown who they are, guessing what is theirs."""
        return (Attempts(f"user:{self._who().id}", free=5, longest=900),)

    def validate(self, **kwargs: Any) -> bool:
        """Whether the secret is right."""
        counted = self.counted()
        if wait := _apart(lambda session: take_attempt(session, counted)):
            g.wait = wait
            self.form_errors.append(f"Too many attempts. Try again in {_spoken(wait)}.")
            return False
        right = super().validate(**kwargs)
        if right and self.forgives:
            _apart(lambda session: forgive_attempts(session, counted))
        return right

    def _who(self) -> SignedInUser:
        return getattr(self, "user", None) or current_user


class SignInForm(Waiting, LoginForm):
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        sends = current_app.extensions["cogniflow"].settings.mails_links
        link = Markup('<a href="{}">Forgot the password?</a>').format(url_for("security.forgot_password")) if sends else ""
        self.password.description = link
        self.email.label.text, self.remember.label.text = "E-mail address", "Stay signed in"

    def counted(self) -> tuple[Attempts, ...]:
        """The account and the address; from a browser known to the account just that browser, which nobody else shuts out."""
        account = _account(self.email.data or "")
        known = known_browser(current_app)
        if known and known[1] == account:
            return (Attempts(f"device:{known[0]}", free=5, longest=900),)
        return (Attempts(f"account:{account}", free=10, longest=60), Attempts(f"address:{_network()}", free=30, longest=900))


class ForgottenForm(Waiting, ForgotPasswordForm):
    """The address to mail a link to; each mail counts, so that nobody's letterbox is filled."""

    forgives = False

    def counted(self) -> tuple[Attempts, ...]:
        """The letterbox and the address."""
        return (Attempts(f"mail:{_account(self.email.data or '')}", free=3, longest=900),
                Attempts(f"address:{_network()}", free=30, longest=900))


class CodeForm(Waiting, TwoFactorVerifyCodeForm):
    """A code of the authenticator."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.code.label.text = "Code"


class RecoveryForm(Waiting, MfRecoveryForm):
    """A recovery code instead."""


class PasswordAgainForm(Waiting, VerifyForm):
    """The password once more, before something that a borrowed browser must not do."""


class NewPasswordForm(Waiting, ChangePasswordForm):
    """The password and a new one."""


FORMS = {"login_form": SignInForm, "two_factor_verify_code_form": CodeForm, "mf_recovery_form": RecoveryForm,
         "verify_form": PasswordAgainForm, "change_password_form": NewPasswordForm, "forgot_password_form": ForgottenForm}
"""The forms that wait."""


def known_browser(app: Flask) -> list[str] | None:
    """What this browser is known as, and to which account; None where it is not known."""
    try:
        return _signer(app).loads(request.cookies.get(KNOWN_COOKIE, ""))
    except BadSignature:
        return None


def make_known(app: Flask, email: str) -> str:
    """What the browser keeps of a sign-in."""
    return _signer(app).dumps([secrets.token_urlsafe(12), _account(email)])


def sign_in_configuration(key: str) -> dict[str, Any]:
    """How flask-security is set up; every key of its own is derived from `key`."""
    return {
        "SECURITY_PASSWORD_HASH": "argon2", "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
        "SECURITY_PASSWORD_SALT": sha256(b"password salt " + key.encode()).hexdigest(),
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST_PASSWORD,
        "SECURITY_CHANGEABLE": True, "SECURITY_SEND_PASSWORD_CHANGE_EMAIL": False, "SECURITY_CHANGE_URL": "/password",
        "SECURITY_POST_CHANGE_VIEW": "/account",
        "SECURITY_RECOVERABLE": True, "SECURITY_SEND_PASSWORD_RESET_NOTICE_EMAIL": False, "SECURITY_EMAIL_HTML": False,
        "SECURITY_EMAIL_SUBJECT_PASSWORD_RESET": "Your new password", "SECURITY_RESET_PASSWORD_WITHIN": dt.timedelta(days=1),
        "SECURITY_TWO_FACTOR": True, "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False, "SECURITY_TWO_FACTOR_POST_SETUP_VIEW": "/account",
        "SECURITY_TOTP_ISSUER": "CogniFlow", "SECURITY_TOTP_SECRETS": {"1": sha256(b"totp " + key.encode()).hexdigest()},
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True, "SECURITY_MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES_KEYS": [urlsafe_b64encode(sha256(b"recovery codes " + key.encode()).digest())],
        "SECURITY_RETURN_GENERIC_RESPONSES": True, "SECURITY_MSG_GENERIC_AUTHN_FAILED": (WRONG, "error"),
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_JOIN_USER_ROLES": False, "SECURITY_STATIC_FOLDER": None,
        # A second factor is changed only by who has just said the password.
        "SECURITY_FRESHNESS": dt.timedelta(minutes=15), "SECURITY_FRESHNESS_GRACE_PERIOD": dt.timedelta(minutes=15),
    }


def _apart(work: Callable[[Session], Any]) -> Any:
    """Do something in a transaction of its own, while flask-security's session holds no connection: nobody waits for two."""
    held = current_app.extensions["sqlalchemy"].session
    kept = list(held)
    held.close()
    with current_app.extensions["cogniflow"].database.transaction() as session:
        done = work(session)
    held.add_all(kept)
    return done


def _signer(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(app.config["SECRET_KEY"], salt="known browser")


def _account(email: str) -> str:
    return sha256(email.strip().lower().encode()).hexdigest()[:32]


def _network() -> str:
    """The address of the browser; of IPv6 the part that one household has."""
    address = request.remote_addr or ""
    return ":".join(address.split(":")[:4]) if ":" in address else address


def _spoken(seconds: int) -> str:
    return "a second" if seconds == 1 else f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
