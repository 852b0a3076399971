"""Tells accounts what has happened, by Standard Webhooks 1.0.0 (standardwebhooks.com)."""
