"""The one read and write path of every record, whatever the door."""
