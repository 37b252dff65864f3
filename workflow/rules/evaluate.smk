# Retrieval with the features of one variant, and how close a completion comes to the truth.


rule evaluate:
    input:
        code=code("evaluate"),
        embeddings=f"{TEST}/embeddings.h5",
    output:
        metrics=f"{TEST}/metrics.json",
        queries=f"{TEST}/queries.parquet",
        cmc=f"{TEST}/cmc.csv",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/evaluate_{{train}}_{{network}}_{{test}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/evaluate_{{train}}_{{network}}_{{test}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(6000),
        runtime=growing(60),
    params:
        config=part(settings.evaluation, "ranks", "protocol"),
    shell:
        "python -m workflow.scripts.evaluate --config {params.config:q} --embeddings {input.embeddings} "
        "--metrics {output.metrics} --queries {output.queries} --cmc {output.cmc} 2>&1 | tee {log}"


rule measure_completion:
    input:
        code=code("measure_completion"),
        store="results/{dataset}/tracklets.h5",
        completed=f"{RUN}/completion~{{completion}}/tracklets.h5",
        regions=f"{RUN}/completion~{{completion}}/regions.parquet",
        truth="results/{dataset}/truth.h5",
    output:
        quality=f"{RUN}/completion~{{completion}}/quality.json",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_completion_{{completion}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_completion_{{completion}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    shell:
        "python -m workflow.scripts.measure_completion --store {input.store} "
        "--completed {input.completed} --regions {input.regions} --truth {input.truth} "
        "--summary {output.quality} 2>&1 | tee {log}"
