"""The one kind of error that is meant for the user's eyes."""


class UserError(Exception):
    """Something that the user can put right.

    The window shows it as a banner, the command line as one line with exit code 2.

    Attributes:
        message: What went wrong, in words that need no knowledge of the program.
        hint: What to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
