"""Scripts: a model as a module of an interpreted language, docs/reference/scripts.md."""
