"""The error of settings whose model cannot run here."""


class ModelSetupError(Exception):
    """The model that the settings describe cannot run on this machine. The message says why."""
