"""Reference data and the demonstration, in plain SQL; packaged as `cogniflow.seeds`."""
