"""Who may call: API keys, and the database they are kept in."""
