"""HTTP: sign-in, REST, admin, shell and the socket route."""
