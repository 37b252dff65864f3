# A completion makes a data set of the same form out of the raw one.


rule judge_completion:
    input:
        code=lambda wildcards: code("judge_completion", sources.filling(wildcards)),
        store=f"{PROBE}/tracklets.h5",
        truth=f"{PROBE}/truth.h5",
        probe=paths.scored_probe(),
        threshold=f"{RUN}/threshold.json",
        guider=f"{RUN}/guider/model.json",
        weights=f"{RUN}/guider/model.safetensors",
        stcnet=branch(
            lambda wildcards: needs.stcnet_for(wildcards.completion),
            then=paths.stcnet_files,
        ),
        gather=branch(
            lambda wildcards: needs.gather_for(wildcards.completion),
            then=paths.gather_files,
        ),
        masks=branch(
            lambda wildcards: needs.masks_for(wildcards.completion),
            then=f"{RUN}/masks/probe.h5",
        ),
    output:
        judge=f"{RUN}/completion~{{completion}}/judge.json",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/judge_completion_{{completion}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/judge_completion_{{completion}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.side_threads
    resources:
        gpu=gpus(1),
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        config=lambda wildcards: settings.completions[wildcards.completion].canonical_json(),
        occlusion=settings.occlusion.model_dump_json(exclude={"probe", "detector", "masks", "pixels"}),
        references=lambda wildcards: settings.references_of(wildcards.completion).canonical_json(),
        fills=options.judged,
    shell:
        "python -m workflow.scripts.judge_completion --config {params.config:q} "
        "--occlusion {params.occlusion:q} --store {input.store} --truth {input.truth} "
        "--probe {input.probe} --threshold {input.threshold} --guider {input.guider} {params.fills} "
        "--references {params.references:q} --judge {output.judge} 2>&1 | tee {log}"


rule restore_dataset:
    input:
        code=lambda wildcards: code("restore_dataset", sources.filling(wildcards)),
        store="results/{dataset}/tracklets.h5",
        scores=branch(
            lambda wildcards: needs.scores_for(wildcards.completion),
            then=f"{RUN}/occlusion.parquet",
        ),
        masks=branch(
            lambda wildcards: needs.masks_for(wildcards.completion),
            then=f"{RUN}/masks.h5",
        ),
        stcnet=branch(
            lambda wildcards: needs.stcnet_for(wildcards.completion),
            then=paths.stcnet_files,
        ),
        gather=branch(
            lambda wildcards: needs.gather_for(wildcards.completion),
            then=paths.gather_files,
        ),
        judge=branch(
            lambda wildcards: needs.judge_for(wildcards.completion),
            then=[
                f"{RUN}/completion~{{completion}}/judge.json",
                f"{RUN}/guider/model.json",
                f"{RUN}/guider/model.safetensors",
            ],
        ),
        truth=branch(
            lambda wildcards: needs.truth_for(wildcards.completion),
            then="results/{dataset}/truth.h5",
        ),
    output:
        completed=f"{RUN}/completion~{{completion}}/tracklets.h5",
        regions=f"{RUN}/completion~{{completion}}/regions.parquet",
        summary=f"{RUN}/completion~{{completion}}/restoration.json",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/restore_dataset_{{completion}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/restore_dataset_{{completion}}.tsv"
    priority: 5  # trainings, embeddings and measurements wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        gpu=gpus(1),
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        config=lambda wildcards: settings.completions[wildcards.completion].canonical_json(),
        options=options.restore,
        references=lambda wildcards: settings.references_of(wildcards.completion).canonical_json(),
    shell:
        "python -m workflow.scripts.restore_dataset --config {params.config:q} --store {input.store} "
        "{params.options} --references {params.references:q} --completion {wildcards.completion} "
        "--split {wildcards.split} --seed {wildcards.seed} --completed {output.completed} "
        "--regions {output.regions} --summary {output.summary} 2>&1 | tee {log}"
