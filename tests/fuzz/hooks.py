"""What Schemathesis sends where our description says that files go: mostly real ones."""

import schemathesis
from hypothesis import strategies as st

from tests.fuzz import seeds

FILES = st.sampled_from(list(seeds.files().values()))
schemathesis.openapi.format("binary", FILES | st.binary(max_size=200))
