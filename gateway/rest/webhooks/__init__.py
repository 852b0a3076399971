"""Webhooks: what they are signed with, and what became of them."""
