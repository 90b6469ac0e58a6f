"""The proof: rows, verdicts and planted faults; whatever needs an exporter and a runtime at once."""
