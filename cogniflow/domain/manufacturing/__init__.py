"""What goods are made of, and how they are put together."""
