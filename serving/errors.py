"""Errors of a build. Each message says what to do.

BuildError
  WeightsError      the weights cannot be obtained or verified, or are not what was declared
  ToolsMissing      the `model` extra is not installed
  FidelityError     the built model differs too much from its source
"""


class BuildError(Exception):
    """Base of the errors that end a build. An earlier model stays unchanged."""


class WeightsError(BuildError):
    """The weights cannot be obtained or verified, or are not what they are declared to be."""


class ToolsMissing(BuildError):
    """The requested build needs a package of the `model` extra."""


class FidelityError(BuildError):
    """A built format differs too much from its source to be used."""
