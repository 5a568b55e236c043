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


# Before anything is trained or evaluated: answers that can be scored, evaluation sets that are not trained on. Jobs that
# wait for it take it as `ancient`: a set that is added later retrains nothing. The report has a copy of its own, because
# results/ may lose what can be made again, and what training waits for is not made again without training.
for rule_name, checked in (("datacheck", CHECKED), ("datareport", f"{RESULTS}/data.json")):

    rule:
        name:
            rule_name
        input:
            plan.resources.data_files(),
        output:
            checked,
        log:
            f"{LOGS}/{rule_name}.log",
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
        plan.resources.data_files(),
