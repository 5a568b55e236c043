# Datasets and evaluation sets, one job each: all splits come from one pass. A rule each, because their splits differ.
for name in plan.data:

    rule:
        name:
            f"dataset_{name}"
        output:
            [plan.data_file(name, split) for split in plan.splits(name)],
            manifest=f"{plan.data_folder(name)}/data.json",
        log:
            f"{LOGS}/data/{name}.log",
        localrule: True
        conda:
            "../../envs/cpu.yaml"
        params:
            **{key: constant(value) for key, value in plan.data_params(name).items()},
            folder=subpath(output.manifest, parent=True),
        message:
            f"dataset {name}"
        shell:
            "python -m rftlab.data --config {params.config:q} --folder {params.folder:q} > {log:q} 2>&1"


rule data:
    input:
        plan.data_files(),
