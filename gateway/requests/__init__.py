"""A removal request, from the payload that a transport received to the result."""
