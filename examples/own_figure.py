"""A figure of the project in settings of one's own, at the size of a slide.

    python examples/own_figure.py FOLDER

Nothing is saved but the picture: the experiment is simulated here, drawn, and written as SVG and PNG.
"""

import sys
from pathlib import Path


def main(folder: Path) -> None:
    from figures import entry, save
    from figures.look.sizes import sized
    from simulations import EXPERIMENTS, configured

    experiment = next(experiment for experiment in EXPERIMENTS if experiment.name == "toy_example")
    config = configured(experiment, "quick", {"angle": 0.3, "heads": [0.2, 0.8]})
    with sized("talk"):
        figure = entry("toy_example").load().draw(experiment.simulate(config))
    for path in save(figure, folder, "toy_example"):
        print(path)


if __name__ == "__main__":
    from artifacts.runtime import prepare_jax

    prepare_jax()
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
