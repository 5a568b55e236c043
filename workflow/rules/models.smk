# Base models: Hugging Face directories, shared between studies.
rule base_model:
    input:
        lambda w: plan.resources.model_files(w.model),
    output:
        manifest="resources/models/{model}/{digest}/model.json",
    log:
        f"{LOGS}/models/{{model}}-{{digest}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/models/{{model}}-{{digest}}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: plan.study.threads
    resources:
        gpu=device_here,
    params:
        folder=subpath(output.manifest, parent=True),
        code=lambda w: plan.resources.model_params(w.model)["code"],
        config=lambda w: plan.resources.model_params(w.model)["config"],
    message:
        "base model {wildcards.model}"
    shell:
        "python -m rftlab.jobs.warmstart rftlab.models.build --config {params.config:q} --folder {params.folder:q} > {log:q} 2>&1"


rule models:
    input:
        [f"{plan.resources.model_folder(model)}/model.json" for model in plan.study.models],
