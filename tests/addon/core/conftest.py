"""What the tests of the add-on's core share with those of the API."""

from tests.api.conftest import png

__all__ = ["png"]
