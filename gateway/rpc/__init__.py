"""The gRPC API: thin, like the HTTP one. The contract is in protos/."""
