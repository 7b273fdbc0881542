"""How a command ends: its exit status, and the signals that stop it."""

import signal

FAILED, BAD_ARGUMENTS, STOPPED = 1, 2, 130
STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
