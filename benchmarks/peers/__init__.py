"""What ours is measured against, each written anew from the mathematics, faithful to how that program works."""
