"""``Model.report``: everything that is known of a model, as one page and as JSON."""
