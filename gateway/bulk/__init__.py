"""Bulk jobs: many images in one request, durable, done at low priority.

What is to be done is in the database, images are in the storage, and DBOS hands jobs to workers.
"""
