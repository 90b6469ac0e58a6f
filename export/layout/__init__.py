"""Where the numbers of a C header lie: places by liveness, wires, diagonals, the stack."""
