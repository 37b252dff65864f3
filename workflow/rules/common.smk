# The checked configuration, and the paths that several stages share.
import os
import re


from snakemake.logging import logger

from stcnet_lib.config import Config, ConfigError, ReIDConfig, Section, joined, load_config, truth_rows
from stcnet_lib.config.kinds import NETWORKS, NetworkKind
from stcnet_lib.config.layouts import LAYOUTS
from stcnet_lib.config.methods import METHODS
from stcnet_lib.config.reid import saved_parts
from workflow.library import source_files
from workflow.machine import has_gpu


def checked_config() -> Config:
    """The typed configuration; every problem is one line of the error, before any job starts."""
    try:
        return load_config(config)
    except ConfigError as error:
        raise SystemExit(f"the configuration cannot be used:\n{error}") from None


settings = checked_config()
if not settings.has_truth and workflow.is_main_process:
    left_out = ", ".join(sorted(truth_rows(config)))
    logger.info(f"Rows of {left_out} are left out: the truth is known of walkers and of planted occluders.")

idle = [name for name, row in settings.completions.items() if row.least_confidence]
if idle and not settings.occlusion.needs_probe and workflow.is_main_process:
    logger.info(
        f"completions.{idle[0]}.least_confidence is idle: nothing is planted in the train split, see occlusion."
    )

ROOT = f"results/{settings.dataset.name}"
RUN = "results/{dataset}/split~{split}/seed~{seed}"  # one split, one seed
NETWORK = f"{RUN}/train~{{train}}/reid~{{network}}"
TEST = f"{NETWORK}/test~{{test}}"
LOGS = "results/{dataset}/logs"
FIGURES = "results/{dataset}/figures/split~{split}/seed~{seed}"

# How jobs run is not what they compute. It reaches the scripts through the environment, which
# Snakemake does not track: changing `runtime` reruns nothing.
os.environ.update(
    STCNET_RUNTIME=settings.runtime.canonical_json(),
    # Threads that wait for others sleep instead of spinning: decoding workers need the cores, and a
    # training beside other work was measured five times faster.
    OMP_WAIT_POLICY="PASSIVE",
    # Large arrays keep their memory instead of giving it back and asking for it again, zeroed, at every
    # operation: a step of STCnet was measured 1.4 times faster.
    MALLOC_MMAP_THRESHOLD_=str(2**30),
    MALLOC_TRIM_THRESHOLD_=str(2**32),
    STCNET_LAUNCH=(
        f"torchrun --standalone --nproc-per-node {settings.runtime.gpus} -m"
        if settings.runtime.gpus > 1
        else "python -m"
    ),
)


wildcard_constraints:
    dataset=re.escape(settings.dataset.name),
    split=r"\d+",
    seed=r"\d+",
    stcnet="|".join(map(re.escape, ["default", *settings.stcnets])),
    completion="|".join(map(re.escape, settings.completions)) or "none",
    network="|".join(map(re.escape, ["guider", *settings.networks])),
    train=r"[^/~]+",
    test=r"[^/~]+",
    choice="random|best|worst",


def code(script: str, modules=()) -> list[str]:
    """The source files behind a command of `workflow/scripts`, which its rule tracks as inputs.

    `modules` are files that the command loads by name, because only some of its jobs need them.
    """
    return source_files(f"workflow/scripts/{script}.py", modules)


def guider_files() -> list[str]:
    """The files of the kinds of parts that the guider has, be it trained here or not."""
    trained = settings.trained_guider
    parts = saved_parts(trained) if trained else settings.guider.parts
    return [part.file for part in parts]


def network_files(wildcards) -> list[str]:
    """The same of the network of a variant."""
    if is_guider(wildcards):
        return guider_files()
    return network(wildcards.network).files


def filling_files(wildcards) -> list[str]:
    """The files of the methods that a completion may fill by, and of what judges them."""
    row = settings.completions[wildcards.completion]
    methods = {row.method}
    if needs_judge(wildcards.completion):
        methods.add("copy")  # what does not pass is copied
    if row.fallback != "none":
        methods.add(row.fallback)
    files = {file for method in methods for file in METHODS[method].files}
    if needs_stcnet(wildcards.completion):
        files.update(network_kind(row.stcnet).filling_files)
    if needs_judge(wildcards.completion):
        files.update(guider_files())
    return sorted(files)


def network_kind(stcnet: str) -> NetworkKind:
    """The kind of a completion network by its name."""
    return NETWORKS[settings.stcnet_named(stcnet).kind]


def growing(amount: int):
    """A resource that grows with every attempt; the profiles say how often a job is tried."""
    return lambda wildcards, attempt: amount * attempt


def gpus(count: int):
    """GPUs of a job: none where it will run on CPUs, so that such jobs may run side by side."""

    def needed(wildcards) -> int:
        device = settings.runtime.device
        # Only what runs here can be told by looking here: a cluster's submit host may have no GPU itself.
        here = device == "auto" and workflow.local_exec and not has_gpu()
        return 0 if device == "cpu" or here else count

    return needed


def part(section: Section, *keys: str) -> str:
    """The canonical JSON of some keys of a section: a stage that reads no others reruns for no others."""
    unknown = set(keys) - set(type(section).model_fields)
    assert not unknown, f"no such settings: {unknown}"
    return section.model_dump_json(include=set(keys))


def data_needs() -> list[str]:
    """What a run asks of its data, as options of `check_dataset`."""
    options = [] if settings.trained_guider and not each_network() else ["--trains"]
    if settings.variants:
        options += ["--protocol", settings.evaluation.protocol]
    stcnets = {settings.completions[name].stcnet for name in used_completions() if needs_stcnet(name)}
    if settings.trained_guider and any(settings.stcnet_named(name).needs_classes for name in stcnets):
        options += ["--guider", settings.trained_guider]
    return options


def checked_data() -> list[str]:
    """The file that says the data are complete, for rules that train: generated data always are.

    Ancient: after another protocol the check runs again, and a training has no reason to.
    """
    return [] if settings.is_generated else ancient([f"{ROOT}/checked.json"])


def weight_file(section) -> list[str]:
    """The file that training starts from, if it starts from one."""
    return [] if section.pretrained in ("none", "imagenet") else [section.pretrained]


def store(name: str, wildcards) -> str:
    """The file of a data set by its name in `variants:`: raw, clean, or a completion."""
    folder = ROOT if name in ("raw", "clean") else f"{run(wildcards)}/completion~{name}"
    return f"{folder}/{'truth' if name == 'clean' else 'tracklets'}.h5"


def run(wildcards) -> str:
    return RUN.format(dataset=wildcards.dataset, split=wildcards.split, seed=wildcards.seed)


def is_guider(wildcards) -> bool:
    """Whether the network of a variant is the guider itself and not another one with its settings."""
    return (wildcards.network, wildcards.train) == ("guider", "raw")


def network_folder(wildcards) -> str:
    """Where the network of a variant is: the guider itself stands apart, trained on raw data."""
    if is_guider(wildcards):
        return f"{run(wildcards)}/guider"
    return f"{run(wildcards)}/train~{wildcards.train}/reid~{wildcards.network}"


def prepared() -> str:
    """The store of the source as it is: occluders are planted over it, or it is what all stages read."""
    return f"results/{{dataset}}/{'source' if settings.dataset.is_planted else 'tracklets'}.h5"


def truth() -> list[str]:
    """The store of clean twins and masks: of the walkers, and where occluders were planted."""
    return [f"{ROOT}/truth.h5"] if settings.has_truth else []


def hidden_by_truth() -> list[str]:
    """The options by which a command learns which thirds are hidden."""
    return ["--truth", *truth(), "--hidden-share", str(settings.evaluation.hidden_share)]


def needs_stcnet(completion: str) -> bool:
    return METHODS[settings.completions[completion].method].needs_network


def needs_truth(completion: str) -> bool:
    return settings.completions[completion].masks == "oracle"


def needs_judge(completion: str) -> bool:
    """Judges learn from planted occluders: where none are planted, all that is flagged is replaced."""
    return settings.completions[completion].least_confidence > 0 and settings.occlusion.needs_probe


def stcnet_folder(wildcards) -> str:
    """Where the network of a completion is."""
    return f"{run(wildcards)}/stcnet~{settings.completions[wildcards.completion].stcnet}"


def score_source() -> str:
    """The file that scores are made of: features of regions, or what the detectors say."""
    return f"{RUN}/{'hidden' if settings.occlusion.scores == 'planted' else 'regions'}.h5"


def each_run(pattern: str) -> list[str]:
    """A path of every split and seed."""
    return expand(
        pattern,
        dataset=settings.dataset.name,
        split=settings.splits,
        seed=settings.seeds,
        allow_missing=True,
    )


def each_variant(file: str) -> list[str]:
    """A file of every variant, split and seed, in the order of the configuration."""
    paths = [
        path
        for row in settings.variants
        for path in each_run(f"{RUN}/train~{row.train}/reid~{row.network}/test~{row.test}/{file}")
    ]
    return list(dict.fromkeys(paths))


def network(name: str) -> ReIDConfig:
    """The settings of a re-ID network."""
    return settings.guider if name == "guider" else settings.networks[name]


def each_network() -> list[tuple[str, str]]:
    """(training data, network) of every network that some variant needs, the guider itself left out."""
    pairs = [(row.train, row.network) for row in settings.variants]
    return [pair for pair in dict.fromkeys(pairs) if pair != ("raw", "guider")]


def restore_options(wildcards) -> str:
    """What only some completions need on the command line."""
    options = []
    if needs_stcnet(wildcards.completion):
        options += ["--stcnet", f"{stcnet_folder(wildcards)}/model.json"]
    if needs_truth(wildcards.completion):
        options += hidden_by_truth()
    else:
        options += ["--scores", f"{run(wildcards)}/occlusion.parquet"]
    if needs_judge(wildcards.completion):
        folder = f"{run(wildcards)}/completion~{wildcards.completion}"
        options += ["--judge", f"{folder}/judge.json", "--guider", f"{run(wildcards)}/guider/model.json"]
    return " ".join(options)


def needs_completion(wildcards) -> bool:
    return settings.export.contents != "raw"


def export_options(wildcards) -> str:
    """What only some exports need on the command line."""
    if not needs_completion(wildcards):
        return ""
    folder = f"{run(wildcards)}/completion~{wildcards.completion}"
    options = [
        "--completed",
        f"{folder}/tracklets.h5",
        "--regions",
        f"{folder}/regions.parquet",
    ]
    if not needs_truth(wildcards.completion):
        options += ["--scores", f"{run(wildcards)}/occlusion.parquet"]
    if needs_stcnet(wildcards.completion):
        options += ["--stcnet", f"{stcnet_folder(wildcards)}/model.json"]
    return " ".join(options)
