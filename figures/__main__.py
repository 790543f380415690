"""`python -m figures --from results [NAME ...]`: draws figures from saved results; the same as `distort figures`."""

import argparse
import os
import sys
from pathlib import Path

os.environ["JAX_ENABLE_X64"] = "1"


def main() -> int:
    """Draw what can be drawn, and say why; a figure that was named and cannot be drawn fails the run."""
    from artifacts import UserError
    from figures.catalogue import FIGURES, entry
    from figures.missing import NothingToDraw
    from figures.publishing import draw_figure

    parser = argparse.ArgumentParser(prog="python -m figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures; without a name, all of them")
    parser.add_argument("--from", dest="results", type=Path, default=Path("results"), help="results folder")
    arguments = parser.parse_args()
    names = [figure.name for figure in FIGURES]
    if unknown := [name for name in arguments.names if name not in names]:
        parser.error(f"there is no figure '{unknown[0]}'; there are: {', '.join(names)}")
    failed = False
    for name in arguments.names or names:
        try:
            print(f"{name}: {draw_figure(entry(name), arguments.results).reason}")
        except NothingToDraw as nothing:
            print(f"{name}: not drawn. {nothing}")
            failed |= bool(arguments.names)
        except UserError as error:
            print(f"figures: {error}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
