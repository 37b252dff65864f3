# A data set as images in its source's own layout; made only when asked for by its path.


rule export_dataset:
    input:
        code=code("export_dataset", sources.layout()),
        store="results/{dataset}/tracklets.h5",
        completion=branch(
            needs.exports_completion(),
            then=[
                f"{RUN}/completion~{{completion}}/tracklets.h5",
                f"{RUN}/completion~{{completion}}/regions.parquet",
            ],
        ),
        scores=branch(
            lambda wildcards: needs.exports_completion() and not needs.truth_for(wildcards.completion),
            then=f"{RUN}/occlusion.parquet",
        ),
        stcnet=branch(
            lambda wildcards: needs.exports_completion() and needs.stcnet_for(wildcards.completion),
            then=lambda wildcards: f"{paths.stcnet(wildcards)}/model.json",
        ),
    output:
        folder=directory(f"{RUN}/completion~{{completion}}/export"),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/export_dataset_{{completion}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/export_dataset_{{completion}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.side_threads
    resources:
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        config=settings.export.canonical_json(),
        dataset=settings.dataset.canonical_json(),
        options=options.export,
    shell:
        "python -m workflow.scripts.export_dataset --config {params.config:q} --dataset {params.dataset:q} "
        "--split {wildcards.split} --store {input.store} {params.options} --folder {output.folder} "
        "2>&1 | tee {log}"
