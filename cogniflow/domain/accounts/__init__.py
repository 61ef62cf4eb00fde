"""Who may do what: users, roles, permissions, tokens of programs."""
