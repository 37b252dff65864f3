# Occlusion scores, the threshold, and how well they find what the walkers' truth knows.


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


rule measure_localisation:
    input:
        code=code("measure_localisation"),
        store="results/{dataset}/tracklets.h5",
        truth="results/{dataset}/truth.h5",
        scores=f"{RUN}/occlusion.parquet",
        threshold=f"{RUN}/threshold.json",
    output:
        summary=f"{RUN}/localisation.json",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_localisation.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_localisation.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        config=part(settings.evaluation, "hidden_share"),
    shell:
        "python -m workflow.scripts.measure_localisation --config {params.config:q} --store {input.store} "
        "--scores {input.scores} --threshold {input.threshold} --truth {input.truth} "
        "--split {wildcards.split} --summary {output.summary} 2>&1 | tee {log}"
