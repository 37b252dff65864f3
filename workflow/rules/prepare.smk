# From a source layout, or the walkers' generator, to one packed store that has all parts a run needs.


rule prepare_dataset:
    input:
        code=code("prepare_dataset", sources.reading()),
    output:
        **paths.prepared_truth(),
        store=paths.prepared(),
        report="results/{dataset}/integrity.json",
    log:
        f"{LOGS}/prepare_dataset.log",
    benchmark:
        f"{LOGS}/prepare_dataset.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        config=settings.dataset.source_json(),
        truth=options.prepared_truth(),
    shell:
        "python -m workflow.scripts.prepare_dataset --config {params.config:q} --store {output.store} "
        "--report {output.report} {params.truth} --processes {threads} 2>&1 | tee {log}"


if settings.dataset.is_planted:

    rule plant_occluders:
        input:
            code=code("plant_occluders"),
            source=paths.prepared(),
        output:
            store="results/{dataset}/tracklets.h5",
            truth="results/{dataset}/truth.h5",
            report="results/{dataset}/planting.json",
        log:
            f"{LOGS}/plant_occluders.log",
        benchmark:
            f"{LOGS}/plant_occluders.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            mem_mb=growing(4000),
            runtime=growing(120),
        params:
            config=settings.dataset.plant.canonical_json(),
        shell:
            "python -m workflow.scripts.plant_occluders --config {params.config:q} --source {input.source} "
            "--store {output.store} --truth {output.truth} --report {output.report} --processes {threads} "
            "2>&1 | tee {log}"


rule check_dataset:
    input:
        code=code("check_dataset"),
        store="results/{dataset}/tracklets.h5",
    output:
        checked="results/{dataset}/checked.json",
    log:
        f"{LOGS}/check_dataset.log",
    benchmark:
        f"{LOGS}/check_dataset.tsv"
    priority: 20  # all others are in vain if it fails
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        splits=settings.splits,
        needs=options.check(),
    shell:
        "python -m workflow.scripts.check_dataset --store {input.store} --checked {output.checked} "
        "--splits {params.splits} {params.needs} 2>&1 | tee {log}"
