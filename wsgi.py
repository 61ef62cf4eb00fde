"""What the web server serves: the app with the dashboards mounted on it."""

from cogniflow.app import create_app
from cogniflow.config import load_settings
from dash_apps.shell import mount

app = mount(create_app(load_settings()))
