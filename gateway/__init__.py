"""Background removal as a service: what HTTP, gRPC and the command line share."""

import os

# gRPC reads this when it is first imported, and else comments on each start of a process.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
