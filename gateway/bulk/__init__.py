"""Bulk jobs: many images in one request, durable, processed at low priority.

Jobs are rows in the database, images are blobs in the storage, and DBOS assigns jobs to workers.
"""
