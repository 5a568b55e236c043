# From outcomes to numbers, charts and the report. Everything here can be deleted and made again in seconds.
rule plan:
    output:
        f"{RESULTS}/plan.json",
    log:
        f"{LOGS}/plan.log",
    params:
        code=plan.stage_code("plan"),
        study=canonical_json(dict(config)),
    message:
        "plan of {plan.study.study}"
    conda:
        "../../envs/cpu.yaml"
    shell:
        "{PYTHON} rftlab.planfile --study {params.study:q} --output {output:q} > {log:q} 2>&1"


rule tables:
    input:
        plan=rules.plan.output,
        runs=[f"{plan.run_folder(run)}/{name}" for run in plan.runs() for name in RUN_FILES],
        evaluations=plan.evaluations(),
    output:
        [f"{RESULTS}/tables/{name}.{form}" for name in TABLES for form in ("csv", "parquet")],
    log:
        f"{LOGS}/tables.log",
    params:
        code=plan.stage_code("tables"),
        folder=f"{RESULTS}/tables",
    message:
        "tables"
    conda:
        "../../envs/cpu.yaml"
    shell:
        "{PYTHON} rftlab.tables --plan {input.plan:q} --folder {params.folder:q} > {log:q} 2>&1"
