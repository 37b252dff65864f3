# Occlusion scores and the threshold; where they learn from planted occluders, the probe they learn from.


rule plant_probe:
    input:
        code=code("plant_probe"),
        store="results/{dataset}/tracklets.h5",
    output:
        store=f"{PROBE}/tracklets.h5",
        truth=f"{PROBE}/truth.h5",
        report=f"{PROBE}/planting.json",
    log:
        f"{LOGS}/split~{{split}}/plant_probe.log",
    benchmark:
        f"{LOGS}/split~{{split}}/plant_probe.tsv"
    priority: 10  # others wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        config=settings.occlusion.probe.canonical_json(),
    shell:
        "python -m workflow.scripts.plant_probe --config {params.config:q} --source {input.store} "
        "--split {wildcards.split} --store {output.store} --truth {output.truth} --report {output.report} "
        "--processes {threads} 2>&1 | tee {log}"


if settings.occlusion.scores == "planted":

    rule train_detector:
        input:
            code=code("train_detector", sources.guider()),
            store=f"{PROBE}/tracklets.h5",
            truth=f"{PROBE}/truth.h5",
            guider=f"{RUN}/guider/model.json",
            weights=f"{RUN}/guider/model.safetensors",
        output:
            model=f"{RUN}/detector/model.json",
            weights=ensure(f"{RUN}/detector/model.safetensors", non_empty=True),
            history=f"{RUN}/detector/history.csv",
            probe=f"{RUN}/probe.parquet",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/train_detector.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/train_detector.tsv"
        priority: 10  # others wait for it
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            gpu=gpus(1),
            mem_mb=growing(8000),
            runtime=growing(240),
        params:
            config=settings.occlusion.detector.canonical_json(),
        shell:
            "python -m workflow.scripts.train_detector --config {params.config:q} --store {input.store} "
            "--truth {input.truth} --guider {input.guider} --split {wildcards.split} --seed {wildcards.seed} "
            "--model {output.model} --probe {output.probe} 2>&1 | tee {log}"

    rule detect_occlusion:
        input:
            code=code("detect_occlusion", sources.guider()),
            store="results/{dataset}/tracklets.h5",
            guider=f"{RUN}/guider/model.json",
            guider_weights=f"{RUN}/guider/model.safetensors",
            detector=f"{RUN}/detector/model.json",
            weights=f"{RUN}/detector/model.safetensors",
        output:
            hidden=f"{RUN}/hidden.h5",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/detect_occlusion.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/detect_occlusion.tsv"
        priority: 10  # others wait for it
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            gpu=gpus(1),
            mem_mb=growing(6000),
            runtime=growing(240),
        shell:
            "python -m workflow.scripts.detect_occlusion --store {input.store} --guider {input.guider} "
            "--detector {input.detector} --hidden {output.hidden} 2>&1 | tee {log}"

elif settings.occlusion.scores == "cosine" and settings.occlusion.threshold == "planted":

    use rule extract_features as extract_probe_features with:
        input:
            code=code("extract_features", sources.guider()),
            store=f"{PROBE}/tracklets.h5",
            model=f"{RUN}/guider/model.json",
            weights=f"{RUN}/guider/model.safetensors",
        output:
            regions=f"{RUN}/probe_regions.h5",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/extract_probe_features.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/extract_probe_features.tsv"

    rule score_probe:
        input:
            code=code("score_probe"),
            store="results/{dataset}/tracklets.h5",
            regions=f"{RUN}/regions.h5",
            truth=f"{PROBE}/truth.h5",
            probe_store=f"{PROBE}/tracklets.h5",
            probe_regions=f"{RUN}/probe_regions.h5",
        output:
            probe=f"{RUN}/probe.parquet",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/score_probe.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/score_probe.tsv"
        priority: 10  # others wait for it
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            mem_mb=growing(4000),
            runtime=growing(30),
        params:
            config=settings.occlusion.part_json("reference", "trim", "power", "smoothing"),
        shell:
            "python -m workflow.scripts.score_probe --config {params.config:q} --store {input.store} "
            "--regions {input.regions} --probe-store {input.probe_store} --truth {input.truth} "
            "--probe-regions {input.probe_regions} --split {wildcards.split} --probe {output.probe} "
            "2>&1 | tee {log}"


if settings.occlusion.finds_pixels:

    rule train_masks:
        input:
            code=code("train_masks", sources.masks()),
            store=f"{PROBE}/tracklets.h5",
            truth=f"{PROBE}/truth.h5",
            guider=paths.masks_guider(),
        output:
            model=f"{RUN}/masks/model.json",
            weights=ensure(f"{RUN}/masks/model.safetensors", non_empty=True),
            history=f"{RUN}/masks/history.csv",
            probe=f"{RUN}/masks/probe.parquet",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/train_masks.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/train_masks.tsv"
        priority: 10  # others wait for it
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            gpu=gpus(1),
            mem_mb=growing(8000),
            runtime=growing(240),
        params:
            config=settings.occlusion.pixels.canonical_json(),
            guider=lambda wildcards, input: ["--guider", input.guider[0]] if input.guider else [],
        shell:
            "python -m workflow.scripts.train_masks --config {params.config:q} --store {input.store} "
            "--truth {input.truth} {params.guider} --split {wildcards.split} --seed {wildcards.seed} "
            "--model {output.model} --probe {output.probe} 2>&1 | tee {log}"

    rule find_masks:
        input:
            code=code("find_masks", sources.masks()),
            store="results/{dataset}/tracklets.h5",
            model=f"{RUN}/masks/model.json",
            weights=f"{RUN}/masks/model.safetensors",
            guider=paths.masks_guider(),
            scores=paths.masks_scores(),
        output:
            masks=f"{RUN}/masks.h5",
            hidden=f"{RUN}/masks/hidden.h5",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/find_masks.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/find_masks.tsv"
        priority: 10  # others wait for it
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            gpu=gpus(1),
            mem_mb=growing(6000),
            runtime=growing(240),
        params:
            guider=lambda wildcards, input: ["--guider", input.guider[0]] if input.guider else [],
            scores=lambda wildcards, input: ["--scores", *input.scores] if input.scores else [],
        shell:
            "python -m workflow.scripts.find_masks --store {input.store} --model {input.model} "
            "{params.guider} {params.scores} --masks {output.masks} --hidden {output.hidden} 2>&1 | tee {log}"

    # What judges of completions learn from: hidden pixels of the planted tracklets
    use rule find_masks as find_probe_masks with:
        input:
            code=code("find_masks", sources.masks()),
            store=f"{PROBE}/tracklets.h5",
            model=f"{RUN}/masks/model.json",
            weights=f"{RUN}/masks/model.safetensors",
            guider=paths.masks_guider(),
            scores=[],
        output:
            masks=f"{RUN}/masks/probe.h5",
            hidden=f"{RUN}/masks/probe_hidden.h5",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/find_probe_masks.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/find_probe_masks.tsv"


rule score_occlusion:
    input:
        code=code("score_occlusion"),
        store="results/{dataset}/tracklets.h5",
        scores=paths.score_source(),
        probe=paths.threshold_probe(),
    output:
        scores=f"{RUN}/occlusion.parquet",
        threshold=f"{RUN}/threshold.json",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/score_occlusion.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/score_occlusion.tsv"
    priority: 10  # others wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        config=settings.occlusion.model_dump_json(exclude={"probe", "detector", "masks", "pixels"}),
        source=options.score_source(),
        probe=lambda wildcards, input: ["--probe", *input.probe] if input.probe else [],
    shell:
        "python -m workflow.scripts.score_occlusion --config {params.config:q} --store {input.store} "
        "{params.source} {input.scores} {params.probe} --split {wildcards.split} --scores {output.scores} "
        "--threshold {output.threshold} 2>&1 | tee {log}"
