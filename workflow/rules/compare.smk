# One table of all variants.


rule measure_shares:
    input:
        code=code("measure_shares"),
        store="results/{dataset}/tracklets.h5",
        hidden=paths.truth() or f"{RUN}/occlusion.parquet",
    output:
        shares=f"{RUN}/shares.parquet",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_shares.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_shares.tsv"
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        config=settings.evaluation.part_json("hidden_share"),
        source=options.hidden_source(),
    shell:
        "python -m workflow.scripts.measure_shares --config {params.config:q} --store {input.store} "
        "{params.source} {input.hidden} --split {wildcards.split} --seed {wildcards.seed} "
        "--shares {output.shares} 2>&1 | tee {log}"


rule compare:
    input:
        code=code("compare"),
        metrics=paths.each_variant("metrics.json"),
        queries=paths.each_variant("queries.parquet"),
        threshold=paths.each_run(f"{RUN}/threshold.json"),
        shares=paths.each_run(f"{RUN}/shares.parquet"),
        localisation=targets.localisation(),
        restoration=targets.each_completion("restoration.json"),
    output:
        csv=report(
            "results/{dataset}/comparison.csv",
            caption="../report/comparison.rst",
            category="Comparison",
            labels={"figure": "the same table as a file (CSV)"},
        ),
        json="results/{dataset}/comparison.json",
    log:
        f"{LOGS}/compare.log",
    benchmark:
        f"{LOGS}/compare.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        config=settings.evaluation.part_json("protocol", "test_frames", "rerank", "bootstrap"),
        dataset=settings.dataset.label,
        rows=targets.variant_labels(),  # not used by the command: the order of inputs is not tracked
    shell:
        "python -m workflow.scripts.compare --config {params.config:q} --dataset {params.dataset:q} "
        "--metrics {input.metrics} --queries {input.queries} --threshold {input.threshold} "
        "--shares {input.shares} --localisation {input.localisation} --restoration {input.restoration} "
        "--csv {output.csv} --json {output.json} 2>&1 | tee {log}"


rule print_comparison:
    input:
        code=code("print_comparison"),
        json=f"{paths.root}/comparison.json",
    log:
        f"{paths.root}/logs/print_comparison.log",
    benchmark:
        f"{paths.root}/logs/print_comparison.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m workflow.scripts.print_comparison --comparison {input.json} 2>&1 | tee {log}"


rule write_results:
    input:
        code=code("write_results"),
        comparison="results/{dataset}/comparison.json",
        completion=targets.completion_table(),
    output:
        page="results/{dataset}/results.md",
        headline="results/{dataset}/headline.rst",
    log:
        f"{LOGS}/write_results.log",
    benchmark:
        f"{LOGS}/write_results.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        completion=lambda wildcards, input: ["--completion", *input.completion] if input.completion else [],
    shell:
        "python -m workflow.scripts.write_results --comparison {input.comparison} {params.completion} "
        "--page {output.page} --headline {output.headline} 2>&1 | tee {log}"
