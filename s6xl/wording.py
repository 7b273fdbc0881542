"""Words that every part of s6xl uses alike."""


def counted(number: int, noun: str) -> str:
    """``1 step``, ``1,000 steps``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
