"""Users' own Claude keys: kept encrypted, never shown again, removable."""
