"""REST for every entity, and its OpenAPI document."""

from flask import Blueprint, Flask

from cogniflow.kernel.entity import entities
from cogniflow.web.api.attachments import add_attachments
from cogniflow.web.api.dashboards import add_dashboards
from cogniflow.web.api.navigation import add_navigation
from cogniflow.web.api.notifications import add_notifications
from cogniflow.web.api.openapi import add_openapi
from cogniflow.web.api.resources import add_resource


def register_api(app: Flask) -> None:
    """Serve the REST addresses of every declared entity, the dashboards, the OpenAPI document and its page."""
    blueprint = Blueprint("api", __name__)
    for entity in entities():
        add_resource(blueprint, entity)
    add_attachments(blueprint)
    add_navigation(blueprint)
    add_notifications(blueprint)
    add_dashboards(blueprint)
    add_openapi(blueprint)
    app.register_blueprint(blueprint)
