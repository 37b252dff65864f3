# One table of all variants.


rule compare:
    input:
        code=code("compare"),
        metrics=each_variant("metrics.json"),
        queries=each_variant("queries.parquet"),
        threshold=each_run(f"{RUN}/threshold.json"),
        localisation=localisation(),
        restoration=each_completion("restoration.json"),
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
        config=part(settings.evaluation, "protocol", "bootstrap"),
        rows=variant_labels(),  # not used by the command: the order of inputs is not tracked
    shell:
        "python -m workflow.scripts.compare --config {params.config:q} --dataset {wildcards.dataset} "
        "--metrics {input.metrics} --queries {input.queries} --threshold {input.threshold} "
        "--localisation {input.localisation} --restoration {input.restoration} "
        "--csv {output.csv} --json {output.json} 2>&1 | tee {log}"


rule print_comparison:
    input:
        code=code("print_comparison"),
        json=f"{ROOT}/comparison.json",
    log:
        f"{ROOT}/logs/print_comparison.log",
    benchmark:
        f"{ROOT}/logs/print_comparison.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m workflow.scripts.print_comparison --comparison {input.json} 2>&1 | tee {log}"
