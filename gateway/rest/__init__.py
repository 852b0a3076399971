"""HTTP: parse, call the core, answer. No logic and no error table here."""
