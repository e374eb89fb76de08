"""Time and memory to a proven optimum: ours against the dense model and other solvers."""
