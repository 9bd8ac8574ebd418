"""The bipartite graph, its symmetric normalisation, and the operators that run over its neighbour lists."""
