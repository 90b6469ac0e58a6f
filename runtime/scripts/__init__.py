"""Places to run scripts: interpreters of this machine, a process each."""
