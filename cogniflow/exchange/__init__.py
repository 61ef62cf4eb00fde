"""Data that leaves and enters as a whole: exports, backups."""
