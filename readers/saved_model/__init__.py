"""SavedModel directories of TensorFlow, read without TensorFlow and never run."""
