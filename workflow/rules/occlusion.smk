# Occlusion scores and the threshold.


rule score_occlusion:
    input:
        code=code("score_occlusion"),
        store="results/{dataset}/tracklets.h5",
        regions=f"{RUN}/regions.h5",
    output:
        scores=f"{RUN}/occlusion.parquet",
        threshold=f"{RUN}/threshold.json",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/score_occlusion.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/score_occlusion.tsv"
    priority: 10  # others wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        config=settings.occlusion.canonical_json(),
    shell:
        "python -m workflow.scripts.score_occlusion --config {params.config:q} --store {input.store} "
        "--regions {input.regions} --split {wildcards.split} --scores {output.scores} "
        "--threshold {output.threshold} 2>&1 | tee {log}"
