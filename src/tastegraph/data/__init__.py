"""Ground floor: known data sets, readers, interactions and splits. NumPy and Polars only, never torch."""
