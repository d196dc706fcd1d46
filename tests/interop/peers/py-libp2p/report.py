"""What the program prints: JSON objects, one per line, the only thing the runner reads."""

import json
import sys
import time


def report(event, **members):
    """Prints one event on a line of its own."""
    sys.stdout.write(json.dumps({"event": event, **members}) + "\n")
    sys.stdout.flush()


def words(error):
    """An error and what it is made of, in one line."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(words(part) for part in error.exceptions)
    own = " ".join(f"{type(error).__name__}: {error}".split())
    cause = error.__cause__
    return own if cause is None else f"{own}; {words(cause)}"


def since(began):
    """Milliseconds since `began`, by the clock of `time.perf_counter`."""
    return round((time.perf_counter() - began) * 1e3, 3)
