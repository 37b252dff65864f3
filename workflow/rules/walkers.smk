# What the generated benchmark looks like.


rule draw_walkers:
    input:
        code=code("draw_walkers"),
        store="results/{dataset}/tracklets.h5",
        truth="results/{dataset}/truth.h5",
    output:
        figure=report(
            "results/{dataset}/figures/walkers.webp",
            caption="../report/walkers.rst",
            category="Walkers",
            labels={"figure": "people, cameras, occluders"},
        ),
    log:
        f"{LOGS}/draw_walkers.log",
    benchmark:
        f"{LOGS}/draw_walkers.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m workflow.scripts.draw_walkers --store {input.store} --truth {input.truth} "
        "--figure {output.figure} 2>&1 | tee {log}"


rule draw_restored_walkers:
    input:
        code=code("draw_walkers"),
        store="results/{dataset}/tracklets.h5",
        truth="results/{dataset}/truth.h5",
        completed=f"{RUN}/completion~{{completion}}/tracklets.h5",
    output:
        figure=report(
            f"{FIGURES}/completion~{{completion}}/walkers.webp",
            caption="../report/walkers.rst",
            category="Walkers",
            labels={
                "figure": "restored by {completion}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_restored_walkers_{{completion}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_restored_walkers_{{completion}}.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m workflow.scripts.draw_walkers --store {input.store} --truth {input.truth} "
        "--completed {input.completed} --figure {output.figure} 2>&1 | tee {log}"
