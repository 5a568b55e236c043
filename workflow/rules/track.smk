# MLflow is a view: this rule imports what lies under results/, as often as you like. One store for all studies.
rule track:
    input:
        plan=rules.plan.output.plan,
        tables=rules.tables.output,
        figures=rules.figures.output,
        report=rules.report.output,
    output:
        f"{RESULTS}/track.json",
    log:
        f"{LOGS}/track.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("track"),
    message:
        "track in results/mlflow.db"
    shell:
        "python -m rftlab.views.track --plan {input.plan:q} --done {output:q} > {log:q} 2>&1"
