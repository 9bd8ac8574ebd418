"""`tastegraph`: the commands, and how their mistakes are told."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import tastegraph
from tastegraph.cli import (
    compare,
    data,
    evaluate,
    export,
    index,
    quickstart,
    recommend,
    reproduce,
    runs,
    serve,
    similar,
    train,
    tune,
)
from tastegraph.cli.ranks import after_rank_0, check_command, is_other_rank, let_rank_0_speak
from tastegraph.cli.terminal import printable
from tastegraph.errors import StoppedError, TasteGraphError

__all__ = ["app", "run"]

app = typer.Typer(
    name="tastegraph",
    help="From a ratings file to an honestly evaluated LightGCN recommender and a Guess You Love list.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("quickstart")(quickstart.quickstart)
app.add_typer(data.app, name="data")
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("tune")(tune.tune)
app.command("recommend")(recommend.recommend)
app.command("similar")(similar.similar)
app.command("runs")(runs.runs)
app.command("export")(export.export)
app.command("index")(index.index)
app.command("serve")(serve.serve)
app.add_typer(reproduce.app, name="reproduce")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tastegraph {tastegraph.__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Tell what runs, and show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Exit codes: 0 done, 1 failed with one line on stderr, 2 wrong usage."""


def run() -> None:
    """Run the command line: a user's mistake is one line on stderr and exit code 1, never a traceback."""
    # torch and numba each keep a pool of threads. Left to spin while they wait, they take the cores from one another
    # and from whatever else runs: a training step beside one busy process took 90 ms instead of 6. It must be said
    # before either is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _make_streams_sound()
    let_rank_0_speak()
    debug = "--debug" in sys.argv
    if debug:
        logging.basicConfig(format="%(name)s: %(message)s")
        logging.getLogger("tastegraph").setLevel(logging.DEBUG)
    sys.argv[1:] = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        check_command(sys.argv[1:])
        app()
    except BrokenPipeError:
        # The reader (`| head`) has gone: close quietly, as other commands do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except StoppedError as error:
        print(f"tastegraph: {printable(error)}", file=sys.stderr)  # noqa: T201 (a command speaks)
        sys.exit(128 + error.signal)
    except (TasteGraphError, OSError) as error:
        if debug:
            raise
        sys.exit(f"tastegraph: {after_rank_0()}{printable(_one_line(error))}")
    except SystemExit as ended:
        if ended.code:
            after_rank_0()
        raise
    except Exception:
        if is_other_rank():
            sys.stderr = sys.__stderr__  # a fault of ours is told by whichever rank has it
        raise


def _make_streams_sound() -> None:
    """Give a closed stream somewhere to write, and write what an encoding lacks as an escape."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (for the whole process)
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror.lower()}"
    return " ".join(str(error).split())
