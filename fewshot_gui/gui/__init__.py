"""The window. Nothing else imports it, and no other room imports PySide6."""
