"""The Blender extension: the cloud in the sidebar of the 3D view.

It talks to the server over HTTPS alone, and runs nothing that a model wrote. Blender is imported when it registers
the add-on, so that the core can be used without.
"""

import sys

# An update is enabled in a Blender that still has the older version's modules, and reloads this one alone.
for _name in [name for name in sys.modules if name.startswith(__name__ + ".")]:
    del sys.modules[_name]


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    from .panel import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the add-on is disabled; its threads have ended within a second."""
    from .panel import registration

    registration.unregister()
