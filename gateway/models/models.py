"""The models that a service has, chosen by name."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.errors import BadOption
from gateway.models.model import Model
from serving.manifest import DEFAULT, SIDE


@dataclass(frozen=True)
class ServedModel:
    """A model, and what callers may know of it."""

    name: str
    model: Model
    side: int = SIDE
    """Height and width of its input and mask, in pixels."""
    title: str = ""
    version: str = ""
    """Identifies the weights."""
    licence: str = ""
    """Of the weights, as it was declared."""
    non_commercial: bool = False


@dataclass(frozen=True)
class Canary:
    """Another version of the default model, on trial with a share of the owners of images."""

    served: ServedModel
    version: int
    """Number of its folder."""
    percent: float
    """Share of the owners."""

    def has(self, owner: str) -> bool:
        """Return whether an owner's images go to this version.

        Always the same answer for an owner, in all replicas; a larger share keeps those of a
        smaller one.
        """
        digest = hashlib.sha256(f"{self.version} {owner}".encode()).digest()
        return int.from_bytes(digest[:8]) < self.percent / 100 * 2**64


class Models:
    """The models by name. They share one queue.

    Args:
        served: all of them.
        default: name of the one that is used unless a request or its account says otherwise.
        canary: of the default one.

    Raises:
        KeyError: there is no model of that name.
    """

    def __init__(
        self, *served: ServedModel, default: str = DEFAULT, canary: Canary | None = None
    ) -> None:
        self._by_name = {each.name: each for each in served}
        self.default = self._by_name[default]
        self._canary = canary

    @classmethod
    def only(cls, model: Model) -> "Models":
        """Return a single model under the default name."""
        return cls(ServedModel(DEFAULT, model))

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._by_name.values())

    def choose(self, name: str, allowed: Collection[str] | None = None) -> ServedModel:
        """Return the model of a request.

        Args:
            name: as requested; empty: the default, or the first that is allowed.
            allowed: names that the account may use; None: all.

        Raises:
            BadOption: there is no such model, or the account may not use it.
        """
        usable = self.usable(allowed)
        for each in usable:
            if each.name == name or not name:
                return each
        names = ", ".join(each.name for each in usable)
        possible = f"one of {names}" if names else "one that your account may use"
        raise BadOption("model", f"model must be {possible}.")

    def version_for(self, owner: str, served: ServedModel) -> ServedModel:
        """Return the version of a model that an owner's images get: itself, or its canary.

        Args:
            owner: whose images they are; see `Caller.owner`.
            served: as `choose` has returned it.
        """
        is_on_trial = served is self.default and self._canary and self._canary.has(owner)
        return self._canary.served if self._canary and is_on_trial else served

    def usable(self, allowed: Collection[str] | None) -> list[ServedModel]:
        """Return the models that an account may use; the one that it gets by default is first."""
        found = [each for each in self if allowed is None or each.name in allowed]
        return sorted(found, key=lambda each: each is not self.default)

    async def close(self) -> None:
        """Close all of them."""
        if self._canary:  # first, since it falls back to the default one
            await self._canary.served.model.close()
        for each in self:
            await each.model.close()
