# Localisation and completion against the walkers' ground truth.


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
    threads: settings.runtime.side_threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        config=part(settings.evaluation, "hidden_share"),
    shell:
        "python -m workflow.scripts.measure_localisation --config {params.config:q} --store {input.store} "
        "--scores {input.scores} --threshold {input.threshold} --truth {input.truth} "
        "--split {wildcards.split} --summary {output.summary} 2>&1 | tee {log}"


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
    threads: settings.runtime.side_threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    shell:
        "python -m workflow.scripts.measure_completion --store {input.store} "
        "--completed {input.completed} --regions {input.regions} --truth {input.truth} "
        "--summary {output.quality} 2>&1 | tee {log}"
