"""What comes from others (`make audit`, `make licences`), and what goes out (`make wheel`, the pages)."""
