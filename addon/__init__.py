"""The Blender extension: the cloud in the sidebar of the 3D view.

It talks to the server over HTTPS alone, and runs nothing that a model wrote. Blender is imported when it registers
the add-on, so that the core can be used without.
"""


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    from .panel import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the add-on is disabled; its threads have ended within a second."""
    from .panel import registration

    registration.unregister()
