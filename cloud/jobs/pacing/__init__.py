"""The pace at which all runners together call a model: shared through one row of the database for each key and model."""
