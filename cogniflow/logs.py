"""How every process of the installation logs: JSON lines on standard error."""

import logging
import sys

import structlog
import structlog.tracebacks

# never the locals of a failing frame: among them are passwords and tokens
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
FORM = (structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True), TRACEBACKS)


def configure_logging(level: str) -> None:
    """Log as JSON lines on standard error, from the least severity `level` on."""
    structlog.configure(
        processors=[*FORM, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def json_lines() -> logging.Formatter:
    """Writes what libraries log in the same form."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        foreign_pre_chain=FORM)
