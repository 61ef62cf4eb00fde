"""`python -m cogniflow.cli`: the same as `cogniflow`."""

from cogniflow.cli import main

main()
