"""Alembic's entry: runs on the connection, and in the transaction, that `cloud.db.migrate` passes."""

from alembic import context

from cloud.db import account_models as account_models  # its tables are part of the metadata
from cloud.db import scene_models as scene_models
from cloud.db.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
