"""Work to be done: who does it, what it waits for, when it comes again."""
