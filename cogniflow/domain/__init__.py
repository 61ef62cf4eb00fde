"""The business: one folder per area, each with its models, operations and queries.

The areas are totally ordered; a lower one never calls a higher one:
replenishment > sales > purchasing > inventory > catalog > contacts > people > system > accounts.
"""
