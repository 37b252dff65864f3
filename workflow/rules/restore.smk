# A completion makes a data set of the same form out of the raw one.


rule restore_dataset:
    input:
        code=code("restore_dataset"),
        store="results/{dataset}/tracklets.h5",
        scores=branch(
            lambda wildcards: not needs_truth(wildcards.completion),
            then=f"{RUN}/occlusion.parquet",
        ),
        stcnet=branch(
            lambda wildcards: needs_stcnet(wildcards.completion),
            then=lambda wildcards: [
                f"{stcnet_folder(wildcards)}/model.json",
                f"{stcnet_folder(wildcards)}/model.safetensors",
            ],
        ),
        truth=branch(
            lambda wildcards: needs_truth(wildcards.completion),
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
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.side_threads
    resources:
        gpu=gpus(1),
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        config=lambda wildcards: settings.completions[wildcards.completion].canonical_json(),
        options=restore_options,
        references=lambda wildcards: settings.references_of(wildcards.completion),
    shell:
        "python -m workflow.scripts.restore_dataset --config {params.config:q} --store {input.store} "
        "{params.options} --references {params.references} --completed {output.completed} "
        "--regions {output.regions} --summary {output.summary} 2>&1 | tee {log}"
