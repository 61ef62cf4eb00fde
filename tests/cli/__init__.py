"""The command as people and programs use it: real processes, real servers, real kills."""
