"""Prompt2Mesh's backend, agent and Blender pod. See cloud/README.md for the map."""
