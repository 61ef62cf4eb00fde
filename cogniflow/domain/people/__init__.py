"""The company's people: departments and employees."""
