# Localisation and completion against the walkers' ground truth.


rule measure_localisation:
    input:
        code=code("measure_localisation"),
        store="results/{dataset}/tracklets.h5",
        truth="results/{dataset}/truth.h5",
        scores=f"{RUN}/occlusion.parquet",
        threshold=f"{RUN}/threshold.json",
        regions=f"{RUN}/regions.h5",
        masks=paths.found_masks(),
    output:
        summary=f"{RUN}/localisation.json",
        csv=f"{RUN}/localisation.csv",
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
        config=settings.evaluation.part_json("hidden_share"),
        occlusion=settings.occlusion.canonical_json(),
        masks=lambda wildcards, input: ["--masks", *input.masks] if input.masks else [],
    shell:
        "python -m workflow.scripts.measure_localisation --config {params.config:q} "
        "--occlusion {params.occlusion:q} --store {input.store} --regions {input.regions} "
        "--scores {input.scores} --threshold {input.threshold} --truth {input.truth} "
        "{params.masks} --split {wildcards.split} --summary {output.summary} --csv {output.csv} "
        "2>&1 | tee {log}"


rule measure_completion:
    input:
        code=code("measure_completion", sources.guider()),
        store="results/{dataset}/tracklets.h5",
        completed=f"{RUN}/completion~{{completion}}/tracklets.h5",
        regions=f"{RUN}/completion~{{completion}}/regions.parquet",
        truth="results/{dataset}/truth.h5",
        model=f"{RUN}/guider/model.json",
        weights=f"{RUN}/guider/model.safetensors",
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
        gpu=gpus(1),
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        config=settings.evaluation.part_json("hidden_share", "bootstrap"),
    shell:
        "python -m workflow.scripts.measure_completion --config {params.config:q} --store {input.store} "
        "--completed {input.completed} --regions {input.regions} --truth {input.truth} "
        "--model {input.model} --completion {wildcards.completion} --split {wildcards.split} "
        "--seed {wildcards.seed} --summary {output.quality} 2>&1 | tee {log}"


rule compare_completions:
    input:
        code=code("compare_completions"),
        quality=targets.each_visible_completion("quality.json"),
        restoration=targets.each_visible_completion("restoration.json"),
    output:
        csv="results/{dataset}/completion.csv",
        json="results/{dataset}/completion.json",
    log:
        f"{LOGS}/compare_completions.log",
    benchmark:
        f"{LOGS}/compare_completions.tsv"
    localrule: True
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        names=needs.visible_completions(),  # not used by the command: the order of inputs is not tracked
    shell:
        "python -m workflow.scripts.compare_completions --quality {input.quality} "
        "--restoration {input.restoration} --csv {output.csv} --json {output.json} 2>&1 | tee {log}"


if settings.dataset.is_planted:

    rule measure_planted:
        input:
            code=code("measure_planted", sources.guider()),
            store="results/{dataset}/tracklets.h5",
            truth="results/{dataset}/truth.h5",
            scores=f"{RUN}/occlusion.parquet",
            threshold=f"{RUN}/threshold.json",
            guider=f"{RUN}/guider/model.json",
            weights=f"{RUN}/guider/model.safetensors",
            completions=targets.measured_completions(),
        output:
            summary=f"{RUN}/planted.json",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_planted.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/measure_planted.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.side_threads
        resources:
            gpu=gpus(1),
            mem_mb=growing(4000),
            runtime=growing(60),
        params:
            config=settings.evaluation.part_json("hidden_share"),
            completions=options.measured,
        shell:
            "python -m workflow.scripts.measure_planted --config {params.config:q} --store {input.store} "
            "--truth {input.truth} --scores {input.scores} --threshold {input.threshold} "
            "--guider {input.guider} --completions {params.completions} --split {wildcards.split} "
            "--summary {output.summary} 2>&1 | tee {log}"

    rule gather_planted:
        input:
            code=code("gather_planted"),
            runs=paths.each_run(f"{RUN}/planted.json"),
        output:
            summary="results/{dataset}/planted.json",
        log:
            f"{LOGS}/gather_planted.log",
        benchmark:
            f"{LOGS}/gather_planted.tsv"
        localrule: True
        conda:
            "../../envs/tables.yaml"
        threads: 1
        resources:
            mem_mb=growing(1000),
            runtime=growing(10),
        shell:
            "python -m workflow.scripts.gather_planted --runs {input.runs} --summary {output.summary} "
            "2>&1 | tee {log}"
