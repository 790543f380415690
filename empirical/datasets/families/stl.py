"""STL-10, whose test images are an OOD set of CIFAR-10."""

from empirical.datasets.sources import GB, Fetched, Source

SOURCE = Source(
    name="stl10", title="STL-10 (test images)", bytes_on_disk=int(3.2 * GB),
    folders=("stl10_binary",),
    licence="not stated; images from ImageNet",
    fetched=(Fetched(
        url="https://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", name="stl10_binary.tar.gz",
        size=2_640_397_119, sha256="f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866",
        md5="91f7769df0f17e558f3565bffb0c7dfb",
    ),),
    md5={"test_X.bin": "7f263ba9f9e0b06b93213547f721ac82", "test_y.bin": "36f9794fa4beb8a2c72628de14fa638e"},
)  # fmt: skip
