"""The dashboards: one Dash app with pages, in the same frame as every other page."""

from functools import cache, partial

from dash import Dash, html, page_container, register_page
from flask import Blueprint, Flask, abort, current_app, g, render_template, request
from markupsafe import Markup
from sqlalchemy import Row, select

from cogniflow.analytics.registry import panel
from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.branding.queries import shown_name
from cogniflow.domain.system.models import SystemModule, SystemSubModule
from dash_apps import overview, people
from dash_apps.cards import seen_by
from dash_apps.skeleton import first_paint

PREFIX = "/dash/"
PAGES = {PREFIX: overview.cards, f"{PREFIX}people": people.cards}
"""What makes the cards of each page, by its address."""


class Dashboards(Dash):
    """Dash, drawing its pages into the product's own frame."""

    def interpolate_index(self, css: str = "", config: str = "", scripts: str = "", renderer: str = "", **_: str) -> str:
        """The whole page: the frame, a skeleton of its cards, and Dash's scripts."""
        if request.path not in PAGES:
            abort(404)
        g.script_hashes = self.csp_hashes()
        tags = {"css": css, "config": config, "scripts": scripts, "renderer": renderer}
        return render_template("dashboards/page.html", heading=named(request.path).page, skeleton=first_paint(page(request.path)),
                               **{name: Markup(each) for name, each in tags.items()})


def mount(app: Flask) -> Flask:
    """Serve the dashboards of `app` at /dash/ and return it."""
    app.extensions["cogniflow"].pages.update((address, partial(may_see, address)) for address in PAGES)
    app.register_blueprint(Blueprint("dashboards", __name__, template_folder="templates"))
    dashboards = Dashboards(
        __name__, server=app, url_base_pathname=PREFIX, use_pages=True, pages_folder="", include_pages_meta=False,
        # layouts depend on who asks, so there is none to check callbacks against before somebody does
        suppress_callback_exceptions=True,
        use_async=False, serve_locally=True, update_title=None, csrf_token_name="XSRF-TOKEN")
    dashboards.layout = page_container
    for number, address in enumerate(PAGES):
        register_page(f"dash_apps.page_{number}", path=f"/{address.removeprefix(PREFIX)}",
                      title=lambda address=address: tab_title(address), layout=lambda address=address, **_: page(address))
    return app


def page(address: str) -> html.Div:
    """The page at this address, with the cards that the caller may see."""
    names = named(address)
    module = html.P(names.module, className="cf-crumb", **{"data-follows": "module"})
    head = html.Div(html.Div([module, html.H1(names.page, **{"data-follows": "entry"})]), className="cf-pagehead")
    return html.Div([head, *seen_by(g.caller, PAGES[address]())])


def may_see(address: str, caller: Caller) -> bool:
    """Whether any figure of the page is the caller's to read."""
    return any(panel(name).visible_to(caller) for name in figures(address))


@cache
def figures(address: str) -> tuple[str, ...]:
    """The panels of the page."""
    return tuple(card.id for _, row in PAGES[address]() for card in row)


def tab_title(address: str) -> str:
    """What the browser's tab says of the page."""
    names = named(address)
    return f"{names.page} · {names.company}"


def named(address: str) -> Row:
    """`page`, `module` and `company` as the navigation and the branding call them. Answers 404 for a page taken out of use."""
    names = select(SystemSubModule.title.label("page"), SystemModule.title.label("module"), shown_name().label("company")).join(
        SystemModule, SystemModule.id == SystemSubModule.module_id).where(
        SystemSubModule.route == address, SystemSubModule.enabled, SystemModule.enabled)
    with current_app.extensions["cogniflow"].database.reading() as session:
        return session.execute(names).first() or abort(404)
