"""Long, coverage-guided runs against what reads other people's files. `make fuzz`."""
