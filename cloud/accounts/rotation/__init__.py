"""Changing the key that secrets are sealed with, while everything goes on."""
