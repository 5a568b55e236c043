# From outcomes to numbers, charts and the report. Everything here can be deleted and made again in seconds.
rule plan:
    output:
        plan=f"{RESULTS}/plan.json",
        expected=f"{RESULTS}/{EXPECTED}",
    log:
        f"{LOGS}/plan.log",
    priority: FIRST
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("plan"),
        study=constant(plan.study.model_dump_json(exclude_unset=True, exclude={"state"})),
        data=constant(canonical_json(plan.resources.data_digests)),  # a file that changed has another path
        jobs=lambda w: digest(expected(plan)),
    message:
        "plan of {plan.study.study}"
    shell:
        "python -m rftlab.planning.planfile --study {params.study:q} --jobs {params.jobs} --output {output.plan:q} > {log:q} 2>&1"


rule tables:
    input:
        plan=rules.plan.output.plan,
        expected=rules.plan.output.expected,
        runs=lambda w: run_files(asked()),
        evaluations=lambda w: plan.evaluations(asked()),
        tuned=lambda w: run_files(tuned()) + plan.evaluations(tuned()),
        data=CHECKED,
    output:
        [f"{RESULTS}/tables/{name}.{form}" for name in TABLES for form in ("csv", "parquet")],
    log:
        f"{LOGS}/tables.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("tables"),
        study=rules.plan.params.study,
        jobs=rules.plan.params.jobs,
        folder=lambda w, output: os.path.dirname(output[0]),
    message:
        "tables"
    shell:
        "(python -m rftlab.planning.planfile --study {params.study:q} --jobs {params.jobs}"
        " && python -m rftlab.analysis.tables --plan {input.plan:q} --expected {input.expected:q} --data {input.data:q}"
        " --folder {params.folder:q}) > {log:q} 2>&1"


rule figures:
    input:
        plan=rules.plan.output.plan,
        tables=rules.tables.output,
    output:
        [
            report(
                f"{RESULTS}/figures/{name}.svg",
                caption="../report/figure.rst",
                category="Figures",
                labels={"figure": name},
            )
            for name in FIGURE_NAMES
        ],
        [f"{RESULTS}/figures/{name}.{form}" for name in FIGURE_NAMES for form in FORMATS if form != "svg"],
    log:
        f"{LOGS}/figures.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("figures"),
        tables=lambda w, input: os.path.dirname(input.tables[0]),
        folder=lambda w, output: os.path.dirname(output[0]),
    message:
        "figures"
    shell:
        "python -m rftlab.views.figures --plan {input.plan:q} --tables {params.tables:q} --folder {params.folder:q}"
        " > {log:q} 2>&1"


rule report:
    input:
        plan=rules.plan.output.plan,
        runs=lambda w: run_files(asked()),
        tables=rules.tables.output,
        figures=rules.figures.output,
        data=CHECKED,
        evaluations=lambda w: plan.evaluations(asked()),
        queries=plan.resources.data_files(),
        prediction=PREDICTION,
    output:
        report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{LOGS}/report.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("report"),
        tables=lambda w, input: os.path.dirname(input.tables[0]),
        figures=lambda w, input: os.path.dirname(input.figures[0]),
        prediction=lambda w, input: " ".join(["--prediction", *input.prediction]) if input.prediction else "",
    message:
        "report"
    shell:
        "python -m rftlab.views.report --plan {input.plan:q} --tables {params.tables:q} --figures {params.figures:q}"
        " --data {input.data:q} --output {output:q} {params.prediction} > {log:q} 2>&1"
