# The tuned comparison: look 0 chooses a value for each level by the runs of other seeds, and the looks after it race what was
# chosen. As in the race, a file says which runs the next look asks for, and no training depends on one.


def tuned(before=LOOKS):
    """Runs that the looks before a look ask for, counted from 0; by default all. Waits for a look that is not taken."""
    runs = choosing_runs(plan)
    for look in range(before if runs else 0):
        more = json.loads(Path(checkpoints.tuned_look.get(look=look).output[0]).read_text())["next"]
        if not more:
            break
        runs += map(plan.run_at, more)
    return runs


checkpoint tuned_look:
    input:
        plan=f"{RESULTS}/plan.json",
        expected=f"{RESULTS}/{EXPECTED}",
        data=CHECKED,
        runs=lambda w: run_files(tuned(int(w.look))),
        evaluations=lambda w: plan.evaluations(tuned(int(w.look))),
    output:
        f"{RESULTS}/tuned/{{look}}.json",
    log:
        f"{LOGS}/tuned/{{look}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("tuned_look"),
    message:
        f"look {{wildcards.look}} of {LOOKS} at tuned {plan.study.study}"
    shell:
        "python -m rftlab.analysis.tuned_looks --plan {input.plan:q} --expected {input.expected:q} --data {input.data:q}"
        " --look {wildcards.look} --output {output:q} > {log:q} 2>&1"
