"""The one exception whose text is meant for the person at the keyboard."""


class UserError(Exception):
    """Something the user can put right; its text is one sentence that says what is wrong and what cures it."""
