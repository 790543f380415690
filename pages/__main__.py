"""`python -m pages [--check] [--from DIR]`: fill the generated blocks of README and docs."""

import argparse
import sys
from pathlib import Path

from artifacts.runtime import prepare_jax
from pages import advice, blocks, claims, description, digits, evidence, examples, gpu, measured, speed

prepare_jax()

CONTENTS = {
    "advice_record": advice.advice_record,
    "agreement_table": measured.agreement_table,
    "backbones_table": speed.backbones_table,
    "claims_table": claims.claims_table,
    "embedded_best_table": digits.embedded_best_table,
    "embedded_careful_table": digits.embedded_careful_table,
    "embedded_differences_table": digits.embedded_differences_table,
    "embedded_rates_table": digits.embedded_rates_table,
    "embedded_sets_table": digits.embedded_sets_table,
    "exact_training": speed.exact_training,
    "experiments_counted": claims.experiments_counted,
    "feeding_table": speed.feeding_table,
    "gpu_used": gpu.gpu_used,
    "loading_table": speed.loading_table,
    "measured_table": measured.measured_table,
    "minimal_output": examples.minimal_output,
    "paper_table": measured.paper_table,
    "photographs": gpu.photographs,
    "picture_caption": measured.picture_caption,
    "reduced_flow_table": speed.reduced_flow_table,
    "readme_output": examples.readme_output,
    "scale_table": speed.scale_table,
    "statements_counted": claims.statements_counted,
    "structure_table": speed.structure_table,
    "training_table": speed.training_table,
}
#: Blocks whose content takes a run of a program.
RUN = ("minimal_output", "readme_output")


def pages() -> list[Path]:
    """Every page that may hold blocks."""
    return [evidence.ROOT / "README.md", *sorted((evidence.ROOT / "docs").glob("*.md"))]


def stale(*, write: bool, run: bool = True) -> list[str]:
    """The pages that differ from what the results say.

    Args:
      write: put that right.
      run: run the programs whose output a page shows; else what stands there counts.
    """
    contents = CONTENTS if run else {name: make for name, make in CONTENTS.items() if name not in RUN}
    stale_pages = []
    for path in pages():
        if path == description.FILE:
            continue
        text = path.read_text(encoding="utf-8")
        new = blocks.filled(text, contents | ({} if run else _as_they_are(text)))
        if new != text:
            stale_pages.append(path.name)
            if write:
                path.write_text(new, encoding="utf-8")
    text = description.description()
    if not description.FILE.is_file() or description.FILE.read_text(encoding="utf-8") != text:
        stale_pages.append(description.FILE.name)
        if write:
            description.FILE.write_text(text, encoding="utf-8")
    return stale_pages


def _as_they_are(text: str) -> dict:
    kept = {match["name"]: match[0] for match in blocks.BLOCK.finditer(text) if match["name"] in RUN}
    return {name: lambda block=block: "\n".join(block.split("\n")[1:-1]) for name, block in kept.items()}


def main() -> int:
    """Fill, or check."""
    parser = argparse.ArgumentParser(prog="python -m pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a page differs")
    parser.add_argument("--from", dest="results", type=Path, help="take over numbers and picture of this folder")
    asked = parser.parse_args()
    if asked.results is not None:
        evidence.take_over(asked.results)
    stale_pages = stale(write=not asked.check)
    for name in stale_pages:
        print(f"{name} {'differs from' if asked.check else 'follows'} the results")
    return 1 if asked.check and stale_pages else 0


if __name__ == "__main__":
    sys.exit(main())
