# The page that the report opens on.


rule write_summary:
    input:
        code=code("write_summary"),
        comparison="results/{dataset}/comparison.json",
        store="results/{dataset}/tracklets.h5",
        metrics=paths.each_variant("metrics.json"),
        cmc=paths.each_variant("cmc.csv"),
        strips=summary.strips(),
        networks=summary.networks(),
        completion=targets.completion_table(),
    output:
        page=report(
            "results/{dataset}/summary.html",
            caption="../report/summary.rst",
            category="Summary",
            labels={"figure": "what this run found"},
        ),
        frame="results/{dataset}/summary_frame.html",
    log:
        f"{LOGS}/write_summary.log",
    benchmark:
        f"{LOGS}/write_summary.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        logs=LOGS,  # benchmark files: times are no results, so they are not tracked
        options=summary.options(),
    shell:
        "python -m workflow.scripts.write_summary --comparison {input.comparison} --store {input.store} "
        "--metrics {input.metrics} --cmc {input.cmc} {params.options} --logs {params.logs} "
        "--page {output.page} --frame {output.frame} 2>&1 | tee {log}"
