# From a source layout, or the walkers' generator, to one packed store.


rule prepare_dataset:
    input:
        code=code("prepare_dataset"),
    output:
        **({"truth": "results/{dataset}/truth.h5"} if settings.has_truth else {}),
        store="results/{dataset}/tracklets.h5",
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
        config=settings.dataset.canonical_json(),
        truth=["--truth", *truth()] if settings.has_truth else [],
    shell:
        "python -m workflow.scripts.prepare_dataset --config {params.config:q} --store {output.store} "
        "--report {output.report} {params.truth} --processes {threads} 2>&1 | tee {log}"
