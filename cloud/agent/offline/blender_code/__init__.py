"""Blender code that the bundler cuts its scripts from. Read as text by the backend, never imported there."""
