# The completion network.


rule train_stcnet:
    input:
        code=lambda wildcards: code("train_stcnet", sources.learning(wildcards)),
        store="results/{dataset}/tracklets.h5",
        scores=f"{RUN}/occlusion.parquet",
        guider=f"{RUN}/guider/model.json",
        guider_weights=f"{RUN}/guider/model.safetensors",
    output:
        model=f"{RUN}/stcnet~{{stcnet}}/model.json",
        weights=ensure(f"{RUN}/stcnet~{{stcnet}}/model.safetensors", non_empty=True),
        history=f"{RUN}/stcnet~{{stcnet}}/history.csv",
        samples=report(
            f"{RUN}/stcnet~{{stcnet}}/samples.png",
            caption="../report/samples.rst",
            category="Completion",
            labels={
                "figure": "training samples",
                "network": "{stcnet}",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/train_stcnet_{{stcnet}}.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/train_stcnet_{{stcnet}}.tsv"
    priority: 10  # others wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.side_threads  # a second one was measured to bring nothing
    resources:
        gpu=gpus(settings.runtime.gpus),
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        config=lambda wildcards: settings.stcnet_named(wildcards.stcnet).canonical_json(),
    shell:
        "$STCNET_LAUNCH workflow.scripts.train_stcnet --config {params.config:q} --store {input.store} "
        "--scores {input.scores} --guider {input.guider} --split {wildcards.split} "
        "--seed {wildcards.seed} --model {output.model} 2>&1 | tee {log}"
