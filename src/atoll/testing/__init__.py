"""A world in memory: organisations, network, clock, faults. Everything a test of a consortium needs, in one process."""
