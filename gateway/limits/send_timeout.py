"""How long a client may take to receive an answer."""

SEND_TIMEOUT_S = 120.0
"""For a whole answer: 13 MB at 1 Mbit/s. A client that reads slower is disconnected."""
