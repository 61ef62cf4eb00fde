"""What people add to any record: comments, files, views of their own."""
