"""The engines of others that predict: Ray, Spark and DuckDB."""
