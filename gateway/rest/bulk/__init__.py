"""POST /v1/bulk and what follows from it."""
