"""Background removal as a service: what HTTP, the command line and the later transports share."""
