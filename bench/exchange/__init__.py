"""The benchmark of registration: one module a measure, each with a function `measure(folder, quick)` that yields figures."""
