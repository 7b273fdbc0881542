"""The exceptions whose text is meant for the user, and the exit statuses of commands."""

# Exit statuses; 0 is done.
FAILED = 1  # it cannot be done here or now, it has failed, or a check has found something wrong
USER_ERROR = 2  # the user can put it right: an argument, a file, a setting; click ends so, too
STOPPED = 130  # by Ctrl-C or another signal; 128 + SIGINT, as shells count


class UserError(Exception):
    """Something the user can put right; its text is one sentence that says what is wrong, then the cure."""


class ImpossibleHereError(UserError):
    """Something the user may ask for that cannot be done on this machine, or not now."""
