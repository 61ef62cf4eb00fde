"""Work that recurs by the clock."""
