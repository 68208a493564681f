"""The sidebar: preferences, panels, operators, and the timer that takes the worker's messages in."""
