"""Where each source of images comes from: addresses, published sizes and checksums, licences, steps by hand.

Checksums are the published ones (docs/protocol.md). Where none is published, none is given: what was fetched is then
named by its own SHA-256 in the report of the download, which the reader may compare.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field


class Fetched(BaseModel):
    """One file to fetch; `into` is where it, or what its archive holds, goes below the data root."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    name: str
    into: str = ""
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    @property
    def archive(self) -> bool:
        """Whether it is unpacked after it is fetched."""
        return self.name.endswith((".tar", ".tar.gz", ".zip"))


class Source(BaseModel):
    """A source of images.

    Attributes:
      bytes_on_disk: about, unpacked.
      md5, sha256: published checksums of files in its folder.
      steps: what to do by hand; empty where `fetched` does it all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    bytes_on_disk: int
    licence: str
    fetched: tuple[Fetched, ...] = ()
    steps: tuple[str, ...] = ()
    md5: Mapping[str, str] = Field(default_factory=dict)
    sha256: Mapping[str, str] = Field(default_factory=dict)


GB = 10**9
_VISDA = "http://csr.bu.edu/ftp/visda/2019/multi-source"
_SENTRY = "https://raw.githubusercontent.com/virajprabhu/SENTRY/main/data/DomainNet/txt"
_BERKELEY = "https://people.eecs.berkeley.edu/~hendrycks"
_CIFAR10_1 = "https://github.com/modestyachts/CIFAR-10.1/raw/master/datasets"
_SPLITS = {
    "clipart_test_mini.txt": "c3245f4f14de510c9c39aefa4ebbbaa9",
    "clipart_train_mini.txt": "a2df2ec4cb60e40837a156d1f9902617",
    "painting_test_mini.txt": "3c50c9658ea2bd4ddf2d118fc6461736",
    "painting_train_mini.txt": "4f22b8a7ba44612fbaf5863a7c45c5ef",
    "real_test_mini.txt": "cd789bc3ae7c094042138cf22e0152b7",
    "real_train_mini.txt": "a9d1da6c58eb4afb611842aca19b3835",
    "sketch_test_mini.txt": "a6301828625dc10d2638799d7b827fc8",
    "sketch_train_mini.txt": "773db4714b329085abdaeebade8781e7",
}  # fmt: skip
_CIFAR10_1_FILES = {
    "cifar10.1_v6_data.npy": "2997188e5816f5bd545dc77771b6227828c28146049fcecf3fa10775474cacc6",
    "cifar10.1_v6_labels.npy": "ae40beda001693674edc94d925ee8268cfe68905f8f9aff800c8dcdfcd6c9448",
}

SOURCES = (
    Source(
        name="imagenet", title="ImageNet (ILSVRC 2012)", bytes_on_disk=155 * GB,
        licence="non-commercial research, on registration",
        steps=(
            "Register at image-net.org and accept the terms.",
            "Fetch ILSVRC2012_img_train.tar (md5 1d675b47d978889d74fa0da5fadfb00e), ILSVRC2012_img_val.tar "
            "(md5 29b22e2961454d5413ddabcf34fc5622) and ILSVRC2012_devkit_t12.tar.gz "
            "(md5 fa75699e90414af021442c21a62c3abf).",
            "Put them into one folder DIR; `distort bench download imagenet --from DIR` checks them, unpacks the 1,000 "
            "archives of the training archive and sorts the validation images. LOC_val_solution.csv (Kaggle) may take "
            "the development kit's place.",
        ),
    ),
    Source(
        name="imagenet_v2", title="ImageNetV2, matched frequency", bytes_on_disk=int(1.3 * GB),
        licence="MIT (repository)",
        fetched=(Fetched(
            url="https://huggingface.co/datasets/vaishaal/ImageNetV2/resolve/main/imagenetv2-matched-frequency.tar.gz",
            name="imagenetv2-matched-frequency.tar.gz", size=1_264_079_360,
            sha256="f0c37fdf925916b19ea1323cd9a2208cdb6959ba2c32eef2a7fc393835c9ca7c",
        ),),
    ),
    Source(
        name="imagenet_r", title="ImageNet-R", bytes_on_disk=int(2.2 * GB), licence="MIT (repository)",
        fetched=(Fetched(
            url=f"{_BERKELEY}/imagenet-r.tar", name="imagenet-r.tar", size=2_191_079_936,
            sha256="18c6bf493b39a0d975d48e587437f562caab9c52ae6327dcfa9dd8eb54aa1b52",
            md5="a61312130a589d0ca1a8fca1f2bd3337",
        ),),
    ),
    Source(
        name="imagenet_a", title="ImageNet-A", bytes_on_disk=int(0.7 * GB), licence="MIT (repository)",
        fetched=(Fetched(
            url=f"{_BERKELEY}/imagenet-a.tar", name="imagenet-a.tar", size=687_552_512,
            sha256="3bb3632277e6ba6392ea64c02ddbf4dd2266c9caffd6bc09c9656d28f012589e",
            md5="c3e55429088dc681f30d81f4726b6595",
        ),),
    ),
    Source(
        name="imagenet_sketch", title="ImageNet-Sketch", bytes_on_disk=int(7.7 * GB), licence="MIT (repository)",
        fetched=(Fetched(
            url="https://huggingface.co/datasets/imagenet_sketch/resolve/main/data/ImageNet-Sketch.zip",
            name="ImageNet-Sketch.zip", size=7_593_573_012,
            sha256="4d3ce6b82a7c48aabf14aeac105eb533e75707f152cc858f55bfc022031a72ed",
        ),),
    ),
    Source(
        name="domainnet", title="DomainNet (clipart, painting, real, sketch)", bytes_on_disk=int(13.7 * GB),
        licence="none found",
        fetched=(
            *(Fetched(url=f"{_SENTRY}/{name}", name=name, into="domainnet/SENTRY_splits", md5=md5)
              for name, md5 in _SPLITS.items()),
            *(Fetched(url=f"{_VISDA}/{path}", name=path.split("/")[-1], into="domainnet")
              for path in ("groundtruth/clipart.zip", "groundtruth/painting.zip", "real.zip", "sketch.zip")),
        ),
        md5={f"SENTRY_splits/{name}": md5 for name, md5 in _SPLITS.items()},
    ),
    Source(
        name="cifar10", title="CIFAR-10", bytes_on_disk=int(0.19 * GB), licence="not stated",
        fetched=(Fetched(
            url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", name="cifar-10-binary.tar.gz",
            size=170_052_171, sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),),
        md5={
            "data_batch_1": "c99cafc152244af753f735de768cd75f", "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751", "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb", "test_batch": "40351d587109b95175f43aff81a1287e",
        },
    ),
    Source(
        name="stl10", title="STL-10 (test images)", bytes_on_disk=int(3.2 * GB),
        licence="not stated; images from ImageNet",
        fetched=(Fetched(
            url="https://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz", name="stl10_binary.tar.gz",
            size=2_640_397_119, sha256="f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866",
            md5="91f7769df0f17e558f3565bffb0c7dfb",
        ),),
        md5={"test_X.bin": "7f263ba9f9e0b06b93213547f721ac82", "test_y.bin": "36f9794fa4beb8a2c72628de14fa638e"},
    ),
    Source(
        name="cifar10_1", title="CIFAR-10.1 v6", bytes_on_disk=6_152_256, licence="MIT (repository); from TinyImages",
        fetched=tuple(
            Fetched(url=f"{_CIFAR10_1}/{name}", name=name, into="CIFAR-10.1/datasets", sha256=sha256, size=size)
            for (name, sha256), size in zip(_CIFAR10_1_FILES.items(), (6_144_128, 8_128), strict=True)
        ),
        sha256=_CIFAR10_1_FILES,
    ),
    Source(
        name="fmow", title="Functional Map of the World (WILDS 1.1)", bytes_on_disk=55 * GB,
        licence="FMoW Challenge Public License",
        steps=(
            "Fetch the WILDS archive fmow_v1.1 (53,893,324,800 bytes, no checksum published) from "
            "https://worksheets.codalab.org/rest/bundles/0xaec91eb7c9d548ebb15e1b5e60f966ab/contents/blob/ "
            "(reported unreachable since spring 2026; ask the WILDS maintainers for a mirror).",
            "Unpack it to fmow_v1.1/ below the data root: images/rgb_img_<row>.png, rgb_metadata.csv and "
            "country_code_mapping.csv.",
        ),
    ),
)  # fmt: skip


def source(name: str) -> Source:
    """The source of this name, which must be one of `SOURCES`."""
    return next(one for one in SOURCES if one.name == name)
