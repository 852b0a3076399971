"""remove.bg's API: a parser and a presenter around the same core."""
