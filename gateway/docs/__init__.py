"""The guide at /docs: the Markdown of `docs/` as web pages, a search, and the API's reference."""
