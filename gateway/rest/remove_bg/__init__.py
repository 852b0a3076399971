"""remove.bg's API, parsed for and answered from the same core."""
