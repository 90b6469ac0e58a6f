"""The proof: rows, verdicts, planted faults; what needs an exporter and a runtime at once."""
