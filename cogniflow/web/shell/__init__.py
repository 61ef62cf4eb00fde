"""The frame around every page: navigation, sign-in, problems, static files."""
