# Training: one job per run. Checkpoints lie beside checkpoints.json, their manifest, which is published last.
RUN = f"{RESULTS}/runs/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}"


rule train:
    input:
        model=lambda w: f"{plan.resources.model_folder(w.model)}/model.json",
        data=lambda w: plan.resources.data_file(w.dataset, "train"),
    output:
        run=f"{RUN}/run.json",
        metrics=f"{RUN}/metrics.jsonl",
        timings=f"{RUN}/timings.jsonl",
        provenance=f"{RUN}/provenance.json",
        checkpoints=f"{RUN}/checkpoints.json",
    log:
        f"{LOGS}/train/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: plan.study.threads
    resources:
        gpu=device("train"),
    params:
        folder=subpath(output.checkpoints, parent=True),
        model=subpath(input.model, parent=True),
        code=lambda w: plan.run_params(run_of(w))["code"],
        config=lambda w: plan.run_params(run_of(w))["config"],
    message:
        "train {wildcards.model} on {wildcards.dataset}: {wildcards.variant}, seed {wildcards.seed}"
    shell:
        "python -m rftlab.jobs.warmstart rftlab.training.train --config {params.config:q} --model {params.model:q}/model"
        " --data {input.data:q} --folder {params.folder:q} --code {params.code} > {log:q} 2>&1"


rule baseline:
    input:
        CHECKED,
        lambda w: trained(run for run in asked() if run.variant.name == "baseline"),


for factor in plan.study.factors:

    rule:
        name:
            f"factor_{factor}"
        input:
            CHECKED,
            lambda w, factor=factor: trained(run for run in asked() if run.variant.factor == factor),
