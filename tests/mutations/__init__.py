"""The tests are tested: each defence of the feed is taken out once, and a named test must notice."""
