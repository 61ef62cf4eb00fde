"""What browsers are told not to do with our answers."""

from flask import Flask, Response, g, request

PROTECTION = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What every answer forbids; an answer that says otherwise itself is left alone."""
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin"}
"""What is added where the answer goes over TLS: the browser never asks this host without it again."""
CONTENT_POLICY = ("default-src 'self'; script-src {}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
                  "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
"""What a page may load: only what we serve, and of inline scripts those alone whose hashes it names (`g.script_hashes`)."""


def protect_answers(app: Flask) -> None:
    """Tell browsers with every answer of `app` what not to do with it."""
    app.after_request(_secure_cookies)
    app.after_request(_protect)


def _secure_cookies(answer: Response) -> Response:
    """Mark every cookie given over TLS for TLS only."""
    if request.is_secure:
        given = answer.headers.getlist("Set-Cookie")
        answer.headers.setlist("Set-Cookie", [each if "; Secure" in each else f"{each}; Secure" for each in given])
    return answer


def _protect(answer: Response) -> Response:
    """A page is never kept, anything else only where it says so."""
    for name, value in {**PROTECTION, **(OVER_TLS if request.is_secure else {})}.items():
        answer.headers.setdefault(name, value)
    page = answer.mimetype == "text/html"
    if page:
        answer.headers["Content-Security-Policy"] = CONTENT_POLICY.format(" ".join(("'self'", *g.get("script_hashes", ()))))
    if page or "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    return answer
