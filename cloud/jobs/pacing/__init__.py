"""The pace at which all runners together call a model: one row of the database for each key and model."""
