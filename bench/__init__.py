"""Every figure of the README, measured side by side with what it is compared to, in one run."""
