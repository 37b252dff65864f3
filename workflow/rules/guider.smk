# The first re-ID network, trained on the raw data or taken as it is: it finds occlusions and guides the completion.


if settings.trained_guider:

    rule use_guider:
        input:
            code=code("use_guider", sources.guider()),
            checked=needs.checked_data(),
            model=settings.trained_guider,
            weights=paths.trained_guider_weights(),
        output:
            model=f"{RUN}/guider/model.json",
            weights=ensure(f"{RUN}/guider/model.safetensors", non_empty=True),
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/use_guider.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/use_guider.tsv"
        conda:
            "../../envs/torch.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(10),
        shell:
            "python -m workflow.scripts.use_guider --trained {input.model} --model {output.model} "
            "2>&1 | tee {log}"

else:

    rule pretrain_guider:
        input:
            code=code("train_reid", sources.guider()),
            checked=needs.checked_data(),
            store="results/{dataset}/tracklets.h5",
            weights=weight_file(settings.guider),
        output:
            model=f"{RUN}/guider/model.json",
            weights=ensure(f"{RUN}/guider/model.safetensors", non_empty=True),
            history=f"{RUN}/guider/history.csv",
        log:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/pretrain_guider.log",
        benchmark:
            f"{LOGS}/split~{{split}}/seed~{{seed}}/pretrain_guider.tsv"
        priority: 10  # others wait for it
        conda:
            "../../envs/torch.yaml"
        threads: settings.runtime.threads
        resources:
            gpu=gpus(settings.runtime.gpus),
            mem_mb=growing(8000),
            runtime=growing(720),
        params:
            config=settings.guider.canonical_json(),
        shell:
            "$STCNET_LAUNCH workflow.scripts.train_reid --config {params.config:q} --store {input.store} "
            "--split {wildcards.split} --seed {wildcards.seed} --model {output.model} 2>&1 | tee {log}"


rule extract_features:
    input:
        code=code("extract_features", sources.guider()),
        store="results/{dataset}/tracklets.h5",
        model=f"{RUN}/guider/model.json",
        weights=f"{RUN}/guider/model.safetensors",
    output:
        regions=f"{RUN}/regions.h5",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/extract_features.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/extract_features.tsv"
    priority: 10  # others wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        gpu=gpus(1),
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        config=settings.features.canonical_json(),
    shell:
        "python -m workflow.scripts.extract_features --config {params.config:q} --store {input.store} "
        "--model {input.model} --regions {output.regions} 2>&1 | tee {log}"
