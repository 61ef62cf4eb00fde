"""What other systems are told of changes by a message of our own, and what became of each message."""
