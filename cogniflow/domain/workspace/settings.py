"""What the company decides about what people add to records."""

from cogniflow.kernel.setting import Setting, declare

declare(Setting("attachments.most_bytes", 5_000_000, "Bytes that a file added to a record may have.", least=1, most=100_000_000))
