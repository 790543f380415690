"""`python -m figures --from results [NAME ...]`: draws figures from saved results; the same as `distort figures`."""

import argparse
import os
import sys
from pathlib import Path

os.environ["JAX_ENABLE_X64"] = "1"


def main() -> int:
    """Draw, and say what was drawn and why; a figure that fails fails the run."""
    from artifacts import UserError
    from figures.catalogue import FIGURES, entry
    from figures.publishing import draw_figure

    parser = argparse.ArgumentParser(prog="python -m figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures; without a name, all of them")
    parser.add_argument("--from", dest="results", type=Path, default=Path("results"), help="results folder")
    arguments = parser.parse_args()
    names = [figure.name for figure in FIGURES]
    if unknown := [name for name in arguments.names if name not in names]:
        parser.error(f"there is no figure '{unknown[0]}'; there are: {', '.join(names)}")
    for name in arguments.names or names:
        try:
            outcome = draw_figure(entry(name), arguments.results)
        except UserError as error:
            print(f"figures: {error}", file=sys.stderr)
            return 1
        print(f"{name}: {outcome.reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
