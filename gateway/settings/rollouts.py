"""The settings of rollouts: how a process leaves, and which version of the model takes over."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from gateway.settings.dashboard import DashboardSettings
from serving import manifest

CANARY = re.compile(r"([1-9][0-9]{0,8}):([0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class CanaryShare:
    """A version of the default model that is on trial."""

    version: int
    """Number of its folder."""
    percent: float
    """Share of the accounts whose images it gets, above 0 to 100."""


class RolloutSettings(DashboardSettings):
    """The service's and the dashboard's settings, and those of rollouts."""

    drain_s: float = Field(default=0.0, ge=0)
    """Seconds for which the service still accepts requests after SIGTERM, while `/readyz` answers
    503, so that load balancers stop using it; more than 5 behind a load balancer. 0: it stops
    immediately."""
    grpc_connection_age_s: float = Field(default=300.0, ge=0)
    """Seconds after which a gRPC connection is replaced, give or take a tenth, so that clients that
    balance the load themselves notice new replicas. 0: never."""
    grpc_connection_grace_s: float = Field(default=300.0, gt=0)
    """Seconds for which calls may outlast their replaced connection: a stream that is older ends
    when its images are answered, and the client opens another one."""
    model_version: int = Field(default=0, ge=0)
    """Version of the default model: the number of its folder in the model repository. 0: the
    highest."""
    canary: str = ""
    """`version:percent`, such as `2:10`: another version of the default model, and the share of the
    accounts that get it; needs `CLEARBG_MODEL_VERSION`. Default: none."""

    @field_validator("canary")
    @classmethod
    def _check_canary(cls, text: str) -> str:
        found = CANARY.fullmatch(text)
        if text and not (found and 0 < float(found[2]) <= 100):
            raise ValueError("must be a version and a percentage up to 100, such as 2:10")
        return text

    @model_validator(mode="after")
    def _check_versions(self) -> "RolloutSettings":
        if self.canary_share and self.canary_share.version == self.model_version:
            raise ValueError("CLEARBG_CANARY names the version of CLEARBG_MODEL_VERSION")
        if self.canary_share and not self.model_version:
            raise ValueError(
                "CLEARBG_CANARY needs CLEARBG_MODEL_VERSION, the version that the others get"
            )
        return self

    @property
    def canary_share(self) -> CanaryShare | None:
        """`canary`, parsed."""
        found = CANARY.fullmatch(self.canary)
        return CanaryShare(int(found[1]), float(found[2])) if found else None

    @property
    def model_dir(self) -> Path:
        """The folder of the default model, in the version of `model_version`."""
        return manifest.version_folder(self.model_repository / self.model, self.model_version)

    @property
    def grpc_max_call_s(self) -> float:
        """Seconds after which streams and watches end; infinite while connections do not age."""
        return self.grpc_connection_grace_s if self.grpc_connection_age_s else math.inf
