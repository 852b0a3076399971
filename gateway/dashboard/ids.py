"""Ids of rows in the paths of pages."""

from typing import Annotated

from fastapi import Path

MAX_INTEGER = 2**31 - 1
"""Largest value of an integer column of the database."""

Id = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
"""The parameter of a route whose path names a row; the database rejects larger numbers."""
