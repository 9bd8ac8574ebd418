"""The tutorial's experiments on MovieLens 1M: its protocol, its readings, our records and the tables beside its own."""
