"""The texts of the panels as settings, so that a person can change what an open page says."""

from cogniflow.analytics.registry import default_texts
from cogniflow.kernel.setting import Setting, declare

declare(*(Setting(key, text, "Text of the dashboards.") for key, text in default_texts().items()))
