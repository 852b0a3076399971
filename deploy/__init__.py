"""What runs the service and watches it."""
