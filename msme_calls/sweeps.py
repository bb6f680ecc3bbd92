"""What the clock brings: sweeps that look for rows whose time has come. A lost wake-up loses nothing."""

from collections.abc import Callable
from datetime import datetime

Sweep = Callable[[datetime], int]
SWEEPS: dict[str, Sweep] = {}  # by name, in the order of registration


def sweep(function: Sweep) -> Sweep:
    """Register a sweep: it takes the instant, commits what it does, and returns how much it did."""
    SWEEPS[function.__name__] = function
    return function
