"""Everything that may break while people work, broken on purpose: nothing is lost, told twice or told backwards."""
