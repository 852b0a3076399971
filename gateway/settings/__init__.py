"""All settings of the service, read once from the environment variables CLEARBG_*."""

from gateway.settings.rollouts import CanaryShare, RolloutSettings
from gateway.settings.service import Networks, parse_networks, split_list

__all__ = ["CanaryShare", "Networks", "Settings", "parse_networks", "split_list"]


class Settings(RolloutSettings):
    """The settings. An invalid value stops the process before it listens."""
