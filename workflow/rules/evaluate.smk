# Evaluation: one job per run and suite, over all its checkpoints; the base model once for all runs with its prompt.
rule evaluate_base:
    input:
        model=lambda w: f"{plan.resources.model_folder(w.model)}/model.json",
        sets=lambda w: [plan.evaluation_file(name) for name in plan.base_sets(w.digest)],
    output:
        f"{RESULTS}/evaluations/{{model}}/base/{{digest}}.parquet",
    log:
        f"{LOGS}/evaluate/{{model}}/base/{{digest}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{{model}}/base/{{digest}}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: plan.study.threads
    resources:
        gpu=device("evaluate_base"),
    params:
        model=subpath(input.model, parent=True),
        code=lambda w: plan.base_params(w.model, w.digest)["code"],
        config=lambda w: plan.base_params(w.model, w.digest)["config"],
    message:
        "evaluate the base model {wildcards.model}"
    shell:
        "python -m rftlab.jobs.warmstart rftlab.evaluation.evaluate --config {params.config:q} --model {params.model:q}/model"
        " --code {params.code} --output {output:q} > {log:q} 2>&1"


rule evaluate:
    input:
        checkpoints=f"{RUN}/checkpoints.json",
        sets=lambda w: [plan.evaluation_file(name) for name in plan.suites_of(run_of(w))[w.suite]],
    output:
        f"{RESULTS}/evaluations/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}/{{suite}}.parquet",
    log:
        f"{LOGS}/evaluate/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}/{{suite}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}/{{suite}}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: plan.study.threads
    resources:
        gpu=device("evaluate"),
    params:
        run=subpath(input.checkpoints, parent=True),
        code=lambda w: plan.evaluation_params(run_of(w), w.suite)["code"],
        config=lambda w: plan.evaluation_params(run_of(w), w.suite)["config"],
    message:
        "evaluate {wildcards.model} on {wildcards.dataset}: {wildcards.variant}, seed {wildcards.seed}, {wildcards.suite}"
    shell:
        "python -m rftlab.jobs.warmstart rftlab.evaluation.evaluate --config {params.config:q} --run {params.run:q}"
        " --code {params.code} --output {output:q} > {log:q} 2>&1"


rule evaluations:
    input:
        CHECKED,
        lambda w: plan.evaluations(asked()),
        lambda w: plan.evaluations(tuned()),


# Once nothing reads them any more; checkpoints.json stays, since evaluations depend on it.
rule remove_checkpoints:
    input:
        checkpoints=f"{RUN}/checkpoints.json",
        evaluations=lambda w: [plan.evaluation(run_of(w), suite) for suite in plan.suites_of(run_of(w))],
    output:
        f"{RUN}/removed.json",
    log:
        f"{LOGS}/remove_checkpoints/{{model}}/{{dataset}}/{{variant}}/seed-{{seed}}.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        run=subpath(input.checkpoints, parent=True),
        keep=plan.study.checkpoints,
        made=lambda w: canonical_json(products_of(plan, run_of(w))),
    message:
        "remove checkpoints of {wildcards.model} on {wildcards.dataset}: {wildcards.variant}, seed {wildcards.seed}"
    shell:
        "python -m rftlab.evaluation.removal --run {params.run:q} --keep {params.keep:q} --made {params.made:q} > {log:q} 2>&1"
