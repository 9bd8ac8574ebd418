"""Recipes, runs and their records: what turns a data set into evidence."""
