"""Makes Schemathesis send mostly real images in fields for files."""

import schemathesis
from hypothesis import strategies as st

from tests.fuzz import seeds

FILES = st.sampled_from(list(seeds.files().values()))
schemathesis.openapi.format("binary", FILES | st.binary(max_size=200))
