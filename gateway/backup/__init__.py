"""Backs up the database and the images of bulk jobs into a folder, and restores them from it."""
