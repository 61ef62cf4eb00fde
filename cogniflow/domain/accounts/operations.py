"""What is done with users."""

from sqlalchemy.orm import Session

from cogniflow.domain.accounts.models import User
from cogniflow.errors import Conflict
from cogniflow.kernel.operation import operation


@operation(User, "remove_second_factor")
def remove_second_factor(session: Session, user: User) -> User:
    """Let a user who has lost the second factor sign in with the password alone, and set it up again."""
    if user.second_factor is None:
        raise Conflict("No second factor is set up.")
    user.second_factor = user.second_factor_secret = user.second_factor_counter = user.recovery_codes = None
    return user
