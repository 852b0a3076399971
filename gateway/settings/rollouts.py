"""The settings of rollouts: how a process leaves, and when connections are replaced."""

import math

from pydantic import Field

from gateway.settings.dashboard import DashboardSettings


class RolloutSettings(DashboardSettings):
    """The service's and the dashboard's settings, and those of rollouts."""

    drain_s: float = Field(default=0.0, ge=0)
    """Seconds for which the service still accepts requests after SIGTERM, while `/readyz` answers
    503, so that load balancers stop using it; more than 5 behind a load balancer. 0: it stops at
    once."""
    grpc_connection_age_s: float = Field(default=300.0, ge=0)
    """Seconds after which a gRPC connection is replaced, give or take a tenth, so that clients that
    balance the load themselves notice new replicas. 0: never."""
    grpc_connection_grace_s: float = Field(default=300.0, gt=0)
    """Seconds for which calls may outlast their replaced connection: a stream that is older ends
    when its images are answered, and the client opens another one."""

    @property
    def grpc_max_call_s(self) -> float:
        """Seconds after which streams and watches end; infinite while connections do not age."""
        return self.grpc_connection_grace_s if self.grpc_connection_age_s else math.inf
