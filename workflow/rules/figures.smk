# The pictures of the report.


rule draw_cmc:
    input:
        code=code("draw_cmc"),
        cmc=paths.each_variant("cmc.csv"),
    output:
        figure=report(
            "results/{dataset}/figures/cmc.svg",
            caption="../report/cmc.rst",
            category="Comparison",
            labels={"figure": "CMC curves"},
        ),
    log:
        f"{LOGS}/draw_cmc.log",
    benchmark:
        f"{LOGS}/draw_cmc.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        labels=targets.variant_labels(),
    shell:
        "python -m workflow.scripts.draw_cmc --cmc {input.cmc} --labels {params.labels:q} "
        "--figure {output.figure} 2>&1 | tee {log}"


rule draw_table:
    input:
        code=code("draw_table"),
        comparison="results/{dataset}/comparison.json",
    output:
        figure=report(
            "results/{dataset}/figures/comparison.html",
            caption="../report/comparison.rst",
            category="Comparison",
            labels={"figure": "table of all variants"},
        ),
    log:
        f"{LOGS}/draw_table.log",
    benchmark:
        f"{LOGS}/draw_table.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    shell:
        "python -m workflow.scripts.draw_table --comparison {input.comparison} --figure {output.figure} "
        "2>&1 | tee {log}"


rule draw_scores:
    input:
        code=code("draw_scores"),
        store="results/{dataset}/tracklets.h5",
        scores=f"{RUN}/occlusion.parquet",
        threshold=f"{RUN}/threshold.json",
        truth=paths.truth(),
    output:
        figure=report(
            f"{FIGURES}/scores.svg",
            caption="../report/scores.rst",
            category="Occlusion",
            labels={
                "figure": "occlusion scores",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_scores.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_scores.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        truth=options.hidden(),
    shell:
        "python -m workflow.scripts.draw_scores --store {input.store} --scores {input.scores} "
        "--threshold {input.threshold} {params.truth} --split {wildcards.split} "
        "--figure {output.figure} 2>&1 | tee {log}"


rule draw_flags:
    input:
        code=code("draw_flags"),
        store="results/{dataset}/tracklets.h5",
        scores=f"{RUN}/occlusion.parquet",
        truth=paths.truth(),
    output:
        figure=report(
            f"{FIGURES}/flags.webp",
            caption="../report/flags.rst",
            category="Occlusion",
            labels={"figure": "flags, right and wrong", "split": "{split}", "seed": "{seed}"},
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_flags.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_flags.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        truth=options.hidden(),
    shell:
        "python -m workflow.scripts.draw_flags --store {input.store} --scores {input.scores} "
        "{params.truth} --split {wildcards.split} --seed {wildcards.seed} --figure {output.figure} "
        "2>&1 | tee {log}"


rule draw_strips:
    input:
        code=code("draw_strips"),
        store="results/{dataset}/tracklets.h5",
        completed=f"{RUN}/completion~{{completion}}/tracklets.h5",
        regions=f"{RUN}/completion~{{completion}}/regions.parquet",
        truth=paths.truth(),
    output:
        random=report(
            f"{FIGURES}/completion~{{completion}}/strips_random.webp",
            caption="../report/strips.rst",
            category="Completion",
            labels={
                "figure": "random tracklets",
                "completion": "{completion}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
        best=report(
            f"{FIGURES}/completion~{{completion}}/strips_best.webp",
            caption="../report/strips.rst",
            category="Completion",
            labels={
                "figure": "best tracklets",
                "completion": "{completion}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
        worst=report(
            f"{FIGURES}/completion~{{completion}}/strips_worst.webp",
            caption="../report/strips.rst",
            category="Completion",
            labels={
                "figure": "worst tracklets",
                "completion": "{completion}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_strips_{{completion}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_strips_{{completion}}.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        truth=options.truth(),
        people=options.people,
    shell:
        "python -m workflow.scripts.draw_strips --store {input.store} --completed {input.completed} "
        "--regions {input.regions} {params.truth} {params.people} --seed {wildcards.seed} "
        "--random {output.random} --best {output.best} --worst {output.worst} 2>&1 | tee {log}"


rule draw_training_guider:
    input:
        code=code("draw_training"),
        history=f"{RUN}/guider/history.csv",
    output:
        figure=report(
            f"{FIGURES}/training_guider.svg",
            caption="../report/training.rst",
            category="Training",
            labels={"figure": "guider", "split": "{split}", "seed": "{seed}"},
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_training_guider.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_training_guider.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        title=lambda wildcards: f"guider, split {wildcards.split}, seed {wildcards.seed}",
    shell:
        "python -m workflow.scripts.draw_training --history {input.history} --title {params.title:q} "
        "--figure {output.figure} 2>&1 | tee {log}"


use rule draw_training_guider as draw_training_stcnet with:
    input:
        code=code("draw_training"),
        history=f"{RUN}/stcnet~{{stcnet}}/history.csv",
    output:
        figure=report(
            f"{FIGURES}/training_stcnet~{{stcnet}}.svg",
            caption="../report/training.rst",
            category="Training",
            labels={
                "figure": "STCnet, {stcnet}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_training_stcnet_{{stcnet}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_training_stcnet_{{stcnet}}.tsv"
    params:
        title=lambda wildcards: (
            f"STCnet, {wildcards.stcnet}, split {wildcards.split}, seed {wildcards.seed}"
        ),


use rule draw_training_guider as draw_training_reid with:
    input:
        code=code("draw_training"),
        history=f"{NETWORK}/history.csv",
    output:
        figure=report(
            f"{FIGURES}/train~{{train}}/training_{{network}}.svg",
            caption="../report/training.rst",
            category="Training",
            labels={
                "figure": "{network} on {train}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_training_{{train}}_{{network}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/draw_training_{{train}}_{{network}}.tsv"
    params:
        title=lambda wildcards: (
            f"{wildcards.network} on {wildcards.train}, " f"split {wildcards.split}, seed {wildcards.seed}"
        ),
