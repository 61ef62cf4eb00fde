"""What the company decides about messages to other systems."""

from cogniflow.kernel.setting import Setting, declare

declare(Setting("webhooks.keep_days", 30, "Days for which messages to other systems are kept.", least=1, most=3650))
