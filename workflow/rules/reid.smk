# Re-ID networks, trained on any data set, and the features they give to the test tracklets of any.


rule train_reid:
    input:
        code=lambda wildcards: code("train_reid", sources.reid(wildcards)),
        checked=needs.checked_data(),
        store=lambda wildcards: [paths.store(name, wildcards) for name in joined(wildcards.train)],
        weights=lambda wildcards: weight_file(needs.reid(wildcards.network)),
    output:
        model=f"{NETWORK}/model.json",
        weights=ensure(f"{NETWORK}/model.safetensors", non_empty=True),
        history=f"{NETWORK}/history.csv",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/train_reid_{{train}}_{{network}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/train_reid_{{train}}_{{network}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.side_threads
    resources:
        gpu=gpus(settings.runtime.gpus),
        mem_mb=growing(8000),
        runtime=growing(720),
    params:
        config=lambda wildcards: needs.reid(wildcards.network).canonical_json(),
    shell:
        "$STCNET_LAUNCH workflow.scripts.train_reid --config {params.config:q} --store {input.store} "
        "--split {wildcards.split} --seed {wildcards.seed} --model {output.model} 2>&1 | tee {log}"


rule embed:
    input:
        code=lambda wildcards: code("embed", sources.reid(wildcards)),
        store=lambda wildcards: paths.store(wildcards.test, wildcards),
        model=lambda wildcards: f"{paths.network(wildcards)}/model.json",
        weights=lambda wildcards: f"{paths.network(wildcards)}/model.safetensors",
    output:
        embeddings=f"{TEST}/embeddings.h5",
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/embed_{{train}}_{{network}}_{{test}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/embed_{{train}}_{{network}}_{{test}}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.side_threads
    resources:
        gpu=gpus(1),
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        config=settings.evaluation.part_json("test_frames", "test_clip"),
    shell:
        "python -m workflow.scripts.embed --config {params.config:q} --store {input.store} "
        "--model {input.model} --split {wildcards.split} --embeddings {output.embeddings} "
        "2>&1 | tee {log}"
