# Retrieval with the features of one variant.


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
    threads: settings.runtime.side_threads
    resources:
        mem_mb=growing(6000),
        runtime=growing(60),
    params:
        config=settings.evaluation.part_json(
            "ranks", "protocol", "test_frames", *settings.evaluation.rerank_keys
        ),
    shell:
        "python -m workflow.scripts.evaluate --config {params.config:q} --embeddings {input.embeddings} "
        "--network {wildcards.network} --train {wildcards.train} --test {wildcards.test} "
        "--split {wildcards.split} --seed {wildcards.seed} "
        "--metrics {output.metrics} --queries {output.queries} --cmc {output.cmc} 2>&1 | tee {log}"
