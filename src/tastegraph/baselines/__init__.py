"""Models to beat, each with `fit(interactions)` and `rank(users, k, exclude)`."""
