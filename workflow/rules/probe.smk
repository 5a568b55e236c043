# The probe, where the study has one: a pool of rollouts for each base model and dataset, what every variant makes of it,
# and whether that foretold what was measured. The report shows it.
from rftlab.planning import probes

PROBES = probes.probe_files(plan)
PREDICTION = [f"{RESULTS}/prediction.json"] if PROBES else []
POOL = f"{RESULTS}/probe/{{model}}/{{dataset}}"


rule probe_pool:
    input:
        checkpoint=lambda w: probes.checkpoint_file(plan, w.model, w.dataset),
        data=lambda w: plan.resources.data_file(w.dataset, "train"),
    output:
        f"{POOL}/pool.npz",
    log:
        f"{LOGS}/probe/{{model}}/{{dataset}}/pool.log",
    benchmark:
        f"{RESULTS}/benchmarks/probe/{{model}}/{{dataset}}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: plan.study.threads
    resources:
        gpu=device("probe_pool"),
    params:
        weights=lambda w, input: probes.weights_option(input.checkpoint),
        code=lambda w: probes.pool_params(plan, w.model, w.dataset)["code"],
        config=lambda w: probes.pool_params(plan, w.model, w.dataset)["config"],
    message:
        "rollouts of {wildcards.model} on {wildcards.dataset} to probe"
    shell:
        "python -m rftlab.jobs.warmstart rftlab.probe.collect --config {params.config:q} {params.weights} --data {input.data:q}"
        " --output {output:q} > {log:q} 2>&1"


rule probe:
    input:
        pool=f"{POOL}/pool.npz",
    output:
        f"{POOL}/probe.json",
    log:
        f"{LOGS}/probe/{{model}}/{{dataset}}/probe.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=lambda w: probes.replay_params(plan, w.model, w.dataset)["code"],
        config=lambda w: probes.replay_params(plan, w.model, w.dataset)["config"],
    message:
        "probe {wildcards.model} on {wildcards.dataset}"
    shell:
        "python -m rftlab.probe.replay --config {params.config:q} --pool {input.pool:q} --output {output:q} > {log:q} 2>&1"


rule prediction:
    input:
        plan=f"{RESULTS}/plan.json",
        verdicts=f"{RESULTS}/tables/verdicts.parquet",
        probes=PROBES,
    output:
        f"{RESULTS}/prediction.json",
    log:
        f"{LOGS}/prediction.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("prediction"),
    message:
        "prediction of {plan.study.study}"
    shell:
        "python -m rftlab.analysis.prediction --plan {input.plan:q} --verdicts {input.verdicts:q} --output {output:q}"
        " --probes {input.probes:q} > {log:q} 2>&1"
