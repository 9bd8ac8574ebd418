"""From a saved model to people: lists with titles. Imports no torch."""
