# Datasets and evaluation sets, one job each: all splits come from one pass. A rule each, because their splits differ.
for name in plan.resources.data:

    rule:
        name:
            f"dataset_{name}"
        output:
            [plan.resources.data_file(name, split) for split in plan.resources.splits(name)],
            manifest=f"{plan.resources.data_folder(name)}/data.json",
        log:
            f"{LOGS}/data/{name}.log",
        priority: FIRST
        localrule: True
        conda:
            "../../envs/cpu.yaml"
        params:
            **{key: constant(value) for key, value in plan.resources.data_params(name).items()},
            folder=subpath(output.manifest, parent=True),
        message:
            f"dataset {name}"
        shell:
            "python -m rftlab.data --config {params.config:q} --folder {params.folder:q} > {log:q} 2>&1"


# Answers that can be scored, evaluation sets that are not trained on. Nothing that trains or evaluates waits for it, so that a
# set that is added later retrains nothing: it goes first, what fails stops Snakemake, and no table is made without it.
rule datacheck:
    input:
        plan.resources.data_files(),
    output:
        CHECKED,
    log:
        f"{LOGS}/datacheck.log",
    priority: FIRST
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        **{key: constant(value) for key, value in plan.datacheck_params().items()},
    message:
        "check the data of {plan.study.study}"
    shell:
        "python -m rftlab.data.check --config {params.config:q} --output {output:q} > {log:q} 2>&1"


rule data:
    input:
        CHECKED,
        plan.resources.data_files(),
