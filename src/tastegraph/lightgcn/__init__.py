"""LightGCN: the layer, the model, its loss, its negatives and its training loop. Ordinary PyTorch."""
