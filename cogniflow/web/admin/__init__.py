"""Flask-Admin for every entity, derived from its declaration."""

from cogniflow.web.admin.site import register_admin

__all__ = ["register_admin"]
