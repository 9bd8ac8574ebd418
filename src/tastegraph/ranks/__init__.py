"""Ranks: processes that work on one thing, and what they tell one another."""
