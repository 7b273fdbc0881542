"""The exceptions whose text is meant for the person at the keyboard."""


class UserError(Exception):
    """Something the user can put right; its text is one sentence that says what is wrong and what cures it."""


class ImpossibleHereError(UserError):
    """Something that was asked for rightly and cannot be done on this machine, or not now."""
