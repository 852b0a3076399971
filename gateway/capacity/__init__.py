"""How many replicas, cores and model instances a load needs."""
