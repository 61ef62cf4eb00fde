"""CogniFlow: a real-time ERP over PostgreSQL."""

__version__ = "0.1.0"
