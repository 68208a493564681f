"""The root of our operators: they send an order and come back at once (bpy)."""

from typing import Any, ClassVar

import bpy

from .session import Session, current

Result = set[Any]
FINISHED: Result = {"FINISHED"}
CANCELLED: Result = {"CANCELLED"}


class Asking(bpy.types.Operator):
    """Mixed into each operator; `run` does the work, `grey_because` says why not."""

    # No undo step, no line in the redo panel: they change nothing in the scene.
    bl_options = {"INTERNAL"}  # noqa: RUF012 - as Blender has it
    needs_sign_in: ClassVar[bool] = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        session = current()
        if session is None:
            return False
        sentence = cls.why_grey(session, context)
        if sentence:
            cls.poll_message_set(sentence)
        return not sentence

    @classmethod
    def why_grey(cls, session: Session, context: bpy.types.Context) -> str:
        """What Blender shows beside the grey button; empty: it can be pressed."""
        if cls.needs_sign_in and not session.state.signed_in:
            return session.state.connection_words or "Sign in first."
        return cls.grey_because(session, context)

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        """Why the button is grey, in a sentence; empty: it is not."""
        return ""

    def execute(self, context: bpy.types.Context) -> Result:
        session = current()
        if session is None:
            return CANCELLED
        sentence = self.run(session, context)
        if sentence:
            session.refuse(sentence)
            self.report({"WARNING"}, sentence)
            return CANCELLED
        return FINISHED

    def run(self, session: Session, context: bpy.types.Context) -> str:
        """Do it. Returns: why not, in a sentence; empty: it is done or ordered."""
        raise NotImplementedError
