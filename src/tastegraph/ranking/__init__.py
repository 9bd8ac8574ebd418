"""How good lists are: exact metrics, protocols, intervals. Knows no model."""
