# The checked configuration, and the paths that several stages share.
import os
import re


from stcnet_lib.config import Config, ConfigError, Section, load_config
from workflow.library import imported_files


def checked_config() -> Config:
    """The typed configuration; every problem is one line of the error, before any job starts."""
    try:
        return load_config(config)
    except ConfigError as error:
        raise SystemExit(f"the configuration cannot be used:\n{error}") from None


settings = checked_config()

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
    completion="|".join(map(re.escape, settings.completions)) or "none",
    network="|".join(map(re.escape, ["guider", *settings.networks])),
    train=r"[^/~]+",
    test=r"[^/~]+",
    choice="random|best|worst",


def code(script: str) -> list[str]:
    """The source files behind a command of `workflow/scripts`, which its rule tracks as inputs."""
    path = f"workflow/scripts/{script}.py"
    return [path, *imported_files(path)]


def growing(amount: int):
    """A resource that grows with every attempt; the profiles say how often a job is tried."""
    return lambda wildcards, attempt: amount * attempt


def gpus(count: int) -> int:
    """GPUs of a job: none at all where the configuration says that it runs on the CPU."""
    return 0 if settings.runtime.device == "cpu" else count


def part(section: Section, *keys: str) -> str:
    """The canonical JSON of some keys of a section: a stage that reads no others reruns for no others."""
    unknown = set(keys) - set(type(section).model_fields)
    assert not unknown, f"no such settings: {unknown}"
    return section.model_dump_json(include=set(keys))


def weight_file(section) -> list[str]:
    """The file that training starts from, if it starts from one."""
    return [] if section.pretrained in ("none", "imagenet") else [section.pretrained]


def store(name: str, wildcards) -> str:
    """The file of a data set by its name in `variants:`: raw, clean, or a completion."""
    folder = ROOT if name in ("raw", "clean") else f"{run(wildcards)}/completion~{name}"
    return f"{folder}/{'truth' if name == 'clean' else 'tracklets'}.h5"


def run(wildcards) -> str:
    return RUN.format(dataset=wildcards.dataset, split=wildcards.split, seed=wildcards.seed)


def network_folder(wildcards) -> str:
    """Where the network of a variant is: the guider is one of them and stands apart."""
    if wildcards.network == "guider":
        return f"{run(wildcards)}/guider"
    return f"{run(wildcards)}/train~{wildcards.train}/reid~{wildcards.network}"


def truth() -> list[str]:
    """The store of clean twins and masks, which only the walkers have."""
    return [f"{ROOT}/truth.h5"] if settings.has_truth else []


def needs_stcnet(completion: str) -> bool:
    return settings.completions[completion].method in ("stcnet", "spatial")


def needs_truth(completion: str) -> bool:
    return settings.completions[completion].masks == "oracle"


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


def each_network() -> list[tuple[str, str]]:
    """(training data, network) of every network that some variant needs, the guider left out."""
    pairs = [(row.train, row.network) for row in settings.variants if row.network != "guider"]
    return list(dict.fromkeys(pairs))


def restore_options(wildcards) -> str:
    """What only some completions need on the command line."""
    options = []
    if needs_stcnet(wildcards.completion):
        options += ["--stcnet", f"{run(wildcards)}/stcnet/model.json"]
    if needs_truth(wildcards.completion):
        options += [
            "--truth",
            *truth(),
            "--hidden-share",
            str(settings.evaluation.hidden_share),
        ]
    else:
        options += ["--scores", f"{run(wildcards)}/occlusion.parquet"]
    return " ".join(options)


def variant_labels() -> list[str]:
    """A name for every file of `each_variant`, in its order."""
    several = len(settings.splits) * len(settings.seeds) > 1
    labels = [
        f"{row.network}: {row.train} → {row.test}" + (f", split {split}, seed {seed}" if several else "")
        for row in settings.variants
        for split in settings.splits
        for seed in settings.seeds
    ]
    return list(dict.fromkeys(labels))


def tables() -> list[str]:
    """The tables that are wanted in the end."""
    paths = [f"{ROOT}/integrity.json"]
    if settings.variants:
        paths += [f"{ROOT}/comparison.csv", f"{ROOT}/comparison.json"]
    if settings.has_truth:
        paths += [
            path
            for name in visible_completions()
            for path in each_run(f"{RUN}/completion~{name}/quality.json")
        ]
    return paths


def localisation() -> list[str]:
    """How well occlusions are found, where the truth is known."""
    return each_run(f"{RUN}/localisation.json") if settings.has_truth else []


def used_completions() -> list[str]:
    """Completions that some variant needs; all of them where no variant is asked for."""
    used = {name for row in settings.variants for name in (row.train, row.test)}
    return [name for name in settings.completions if name in used or not settings.variants]


def visible_completions() -> list[str]:
    """Completions that can be laid beside the original, frame by frame: all but those that drop frames."""
    return [name for name in used_completions() if settings.completions[name].method != "discard"]


def each_completion(file: str) -> list[str]:
    """A file of every completion that some variant needs."""
    return [path for name in used_completions() for path in each_run(f"{RUN}/completion~{name}/{file}")]


def figures() -> list[str]:
    """The figures that are wanted in the end: of every stage that some variant needs."""
    patterns = ["scores.svg", "training_guider.svg"]
    if any(needs_stcnet(name) for name in used_completions()):
        patterns.append("training_stcnet.svg")
    patterns += [f"train~{train}/training_{network}.svg" for train, network in each_network()]
    patterns += [
        f"completion~{name}/strips_{choice}.png"
        for name in visible_completions()
        for choice in ("random", "best", "worst")
    ]
    comparison = [f"{ROOT}/figures/{name}" for name in ("cmc.svg", "comparison.html") if settings.variants]
    return comparison + [path for pattern in patterns for path in each_run(f"{FIGURES}/{pattern}")]
