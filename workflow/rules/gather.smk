# The network that gathers hidden pixels from other frames.


rule train_gather:
    input:
        code=code("train_gather"),
        store="results/{dataset}/tracklets.h5",
        masks=f"{RUN}/masks.h5",
    output:
        model=f"{RUN}/gather/model.json",
        weights=ensure(f"{RUN}/gather/model.safetensors", non_empty=True),
        history=f"{RUN}/gather/history.csv",
        samples=report(
            f"{RUN}/gather/samples.png",
            caption="../report/gathered.rst",
            category="Completion",
            labels={
                "figure": "gathered pixels",
                "network": "gather",
                "split": "{split}",
                "seed": "{seed}",
            },
        ),
    log:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/train_gather.log",
    benchmark:
        f"{LOGS}/split~{{split}}/seed~{{seed}}/train_gather.tsv"
    priority: 10  # others wait for it
    conda:
        "../../envs/torch.yaml"
    threads: settings.runtime.threads
    resources:
        gpu=gpus(1),
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        config=settings.gather.canonical_json(),
    shell:
        "python -m workflow.scripts.train_gather --config {params.config:q} --store {input.store} "
        "--masks {input.masks} --split {wildcards.split} --seed {wildcards.seed} --model {output.model} "
        "2>&1 | tee {log}"
