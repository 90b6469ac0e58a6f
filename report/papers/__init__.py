"""Papers that other tools read: a model card and a bill of materials, from the same facts."""
