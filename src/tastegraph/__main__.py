"""`python -m tastegraph`."""

from tastegraph.cli.main import run

if __name__ == "__main__":
    run()
