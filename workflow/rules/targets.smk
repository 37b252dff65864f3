# What is wanted in the end: tables, figures and completions that the configuration asks for.


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
        paths += [f"{ROOT}/{name}" for name in ("comparison.csv", "comparison.json", "results.md")]
    if settings.dataset.is_planted:
        paths.append(f"{ROOT}/planted.json")
    if completions_measured():
        paths += [f"{ROOT}/completion.csv", *completions_measured()]
    return paths


def localisation() -> list[str]:
    """How well occlusions are found, where the truth is known."""
    return each_run(f"{RUN}/localisation.json") if settings.has_truth else []


def completions_measured() -> list[str]:
    """The table of all completions, where the truth is known."""
    return [f"{ROOT}/completion.json"] if settings.has_truth and visible_completions() else []


def used_completions() -> list[str]:
    """Completions that some variant needs; all of them where no variant is asked for."""
    used = {name for row in settings.variants for name in (*row.trained_on, row.test)}
    return [name for name in settings.completions if name in used or not settings.variants]


def pictured_completions() -> list[str]:
    """Completions of which strips are drawn: STCnet's and the copies, with masks that data of one's own have."""
    rows = {name: settings.completions[name] for name in visible_completions()}
    return [
        name
        for name, row in rows.items()
        if (row.method, row.masks, row.stcnet)
        in (("stcnet", "predicted", "default"), ("copy", "predicted", "default"))
    ]


def visible_completions() -> list[str]:
    """Completions that can be laid beside the original, frame by frame: all but those that drop frames."""
    return [
        name for name in used_completions() if not METHODS[settings.completions[name].method].drops_frames
    ]


def each_visible_completion(file: str) -> list[str]:
    """A file of every completion that can be laid beside the original, split and seed."""
    return [path for name in visible_completions() for path in each_run(f"{RUN}/completion~{name}/{file}")]


def each_completion(file: str) -> list[str]:
    """A file of every completion that some variant needs."""
    return [path for name in used_completions() for path in each_run(f"{RUN}/completion~{name}/{file}")]


def figures() -> list[str]:
    """The figures that are wanted in the end: of every stage that some variant needs."""
    patterns = ["scores.svg", "flags.png", *(() if settings.trained_guider else ("training_guider.svg",))]
    stcnets = [settings.completions[name].stcnet for name in used_completions() if needs_stcnet(name)]
    patterns += [f"training_stcnet~{name}.svg" for name in dict.fromkeys(stcnets)]
    patterns += [f"train~{train}/training_{network}.svg" for train, network in each_network()]
    patterns += [
        f"completion~{name}/strips_{choice}.png"
        for name in pictured_completions()
        for choice in ("random", "best", "worst")
    ]
    comparison = [f"{ROOT}/figures/{name}" for name in ("cmc.svg", "comparison.html") if settings.variants]
    if settings.is_generated:
        comparison.append(f"{ROOT}/figures/walkers.png")
        patterns += [f"completion~{name}/walkers.png" for name in pictured_completions()]
    return comparison + [path for pattern in patterns for path in each_run(f"{FIGURES}/{pattern}")]
