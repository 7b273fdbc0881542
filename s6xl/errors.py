"""The exceptions whose text is meant for the person at the keyboard, and the exit statuses of commands."""

FAILED, BAD_ARGUMENTS, STOPPED = 1, 2, 130


class UserError(Exception):
    """Something the user can put right; its text is one sentence that says what is wrong and what cures it."""


class ImpossibleHereError(UserError):
    """Something that was asked for rightly and cannot be done on this machine, or not now."""
