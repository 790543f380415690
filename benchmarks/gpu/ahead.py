"""What a GPU's compiler makes of a training step, where there is none: `python -m benchmarks.gpu.ahead NETWORK BATCH`.

JAX's plugin for CUDA (`pip install 'jax[cuda13]'`) compiles for a device that is described to it. Nothing can be timed
so, and no kernel is chosen by trying; but which operations there are, in which layout, and how many bytes they move
is seen.
"""

import argparse
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple
from unittest.mock import patch

#: An H200, in the words of XLA's `GpuTargetConfigProto`.
H200 = """
gpu_device_info {
  threads_per_block_limit: 1024 threads_per_warp: 32 threads_per_core_limit: 2048
  shared_memory_per_block: 49152 shared_memory_per_core: 233472 shared_memory_per_block_optin: 232448
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  memory_bandwidth: 4800000000000 l2_cache_size: 52428800 device_memory_size: 148942979072
  cuda_compute_capability { major: 9 } registers_per_core_limit: 65536 registers_per_block_limit: 65536
}
platform_name: "CUDA" dnn_version_info { major: 9 minor: 20 } device_description_str: "NVIDIA H200"
"""
#: What the plugin and JAX's attention ask of a device.
ANSWERS = {
    "jax._src.cudnn.fused_attention_stablehlo.check_cudnn_version": lambda: 92000,
    "jax._src.cudnn.fused_attention_stablehlo.check_compute_capability": lambda capability: True,
    "jax._src.cudnn.fused_attention_stablehlo.is_cuda_compute_capability_equal": lambda capability: False,
    "empirical.backbones.dot_product_attention.fused": lambda queries: True,
}
#: Triton's products are chosen by trying, which needs a device; without them those of the library are taken.
OPTIONS = {"xla_gpu_enable_triton_gemm": False}
BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}
#: These move nothing.
STILL = {"parameter", "get-tuple-element", "bitcast", "tuple", "constant"}
INSTRUCTION = re.compile(r"\s+(?:ROOT )?%([\w.\-]+) = (\([^=]*?\)|\S+) ([\w\-]+)\((.*?)\)(.*)")


class Moved(NamedTuple):
    """Instructions of the same name, shapes and source, and the bytes that they read and write together."""

    count: int
    bytes: int
    what: str


def moved(program: str) -> list[Moved]:
    """Of a compiled program as text, the largest first. What is read from a cache counts like what is not."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    shapes: dict[str, str] = {}
    for name, shape, operation, operands, rest in _instructions(program):
        shapes[name] = shape
        if operation in STILL:
            continue
        source, target = (re.search(rf'{key}="([^"]*)"', rest) for key in ("op_name", "custom_call_target"))
        words = [re.sub(r"[\d.]+$", "", name), re.sub(r"\{[^}]*\}", "", shape)]
        row = found[" | ".join([*words, *(match.group(1)[-70:] for match in (source, target) if match)])]
        row[0] += 1
        row[1] += sum(map(_size, [shape, *(shapes.get(one, "") for one in re.findall(r"%([\w.\-]+)", operands))]))
    return sorted((Moved(count, size, what) for what, (count, size) in found.items()), key=lambda row: -row.bytes)


def _instructions(program: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Of the program itself, not of its fusions: name, shape, operation, operands and the rest of the line."""
    entry = program[program.index("\nENTRY ") :]
    for line in entry.splitlines():
        match = INSTRUCTION.match(line)
        if match:
            name, shape, operation, operands, rest = match.groups()
            yield name, shape, operation, operands, rest


def _size(shape: str) -> int:
    """Bytes of an array, or of the arrays of a tuple."""
    total = 0
    for kind, sides in re.findall(r"(\w+)\[([\d,]*)\]", shape):
        count = 1
        for side in filter(None, sides.split(",")):
            count *= int(side)
        total += count * BYTES.get(kind, 0)
    return total


def compiled(network: str, batch: int, precision: str) -> str:
    """A training step at 224 pixels, compiled for the described device, as text."""
    # Before JAX is imported: the plugin is there, and asks for no device.
    os.environ |= {"JAX_PLATFORMS": "cuda,cpu", "JAX_SKIP_CUDA_CONSTRAINTS_CHECK": "1"}
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    from jax.experimental import topologies

    device = topologies.get_topology_desc("", "cuda", target_config=H200, topology="1x1x1").devices[0]
    jax.config.update("jax_platforms", "cpu")
    from benchmarks.gpu.programs import FULL_SIDE, described_step

    state, step = described_step(network, FULL_SIDE, precision)
    images = jax.ShapeDtypeStruct((batch, FULL_SIDE, FULL_SIDE, 3), jnp.float32)
    given = ((images, jax.ShapeDtypeStruct((batch,), jnp.int32)), state)
    arrays, rest = eqx.partition(given, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    there = jax.sharding.SingleDeviceSharding(device)
    arrays = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=there), arrays)
    with ExitStack() as answered:
        for name, answer in ANSWERS.items():
            answered.enter_context(patch(name, answer))
        program = jax.jit(lambda arrays: eqx.filter(step.__wrapped__(*eqx.combine(arrays, rest)), eqx.is_array))
        return program.lower(arrays).compile(compiler_options=OPTIONS).as_text()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.ahead", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("network", choices=["resnet50", "clip_resnet50", "clip_vit_b16", "mobilenet_v2"])
    parser.add_argument("batch", type=int)
    parser.add_argument("--precision", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--rows", type=int, default=30)
    asked = parser.parse_args()
    rows = moved(compiled(asked.network, asked.batch, asked.precision))
    print(f"{sum(row.bytes for row in rows) / 1e9:.1f} GB a step")
    for row in rows[: asked.rows]:
        print(f"{row.bytes / 1e9:8.2f} GB {row.count:5}  {row.what}")


if __name__ == "__main__":
    main()
