"""What a caller sent, read into an order and carried out: the same for every transport."""
