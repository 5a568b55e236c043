# The race: after each look tables decide which levels go on, and only their next seeds are trained. Trainings depend on no
# decision: a decision says which runs the next look *asks for*, so no finished run is made again because of one.
import functools
import json

LOOKS = len(plan.study.looks.looks)


@functools.cache
def tell_of_race():
    """Once, in a dry run: the jobs that it lists are those of the present look."""
    if workflow.dryrun and (LOOKS > 1 or plan.candidates):
        most = len([*plan.runs(), *choosing_runs(plan), *most_further(plan)])
        there = sum(map(os.path.exists, trained(every_run(plan))))
        what = "is a race" if LOOKS > 1 else "chooses values before it compares them"
        logger.info(
            f"{plan.study.study} {what}: what its present look needs is listed. {there} runs are there; at most"
            f" {most - there} could follow."
        )


def asked(before=LOOKS):
    """Runs that the looks before a look ask for, counted from 1; by default all. Waits for a look that is not taken."""
    tell_of_race()
    runs = plan.first_runs()
    for look in range(1, before):
        more = json.loads(Path(checkpoints.look.get(look=look).output[0]).read_text())["next"]
        if not more:
            break
        runs += map(plan.run_at, more)
    return runs


checkpoint look:
    input:
        plan=f"{RESULTS}/plan.json",
        expected=f"{RESULTS}/{EXPECTED}",
        data=CHECKED,
        runs=lambda w: run_files(asked(int(w.look))),
        evaluations=lambda w: plan.evaluations(asked(int(w.look))),
    output:
        f"{RESULTS}/looks/{{look}}.json",
    log:
        f"{LOGS}/looks/{{look}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=plan.stage_code("look"),
    message:
        f"look {{wildcards.look}} of {LOOKS} at {plan.study.study}"
    shell:
        "python -m rftlab.analysis.looks --plan {input.plan:q} --expected {input.expected:q} --data {input.data:q}"
        " --look {wildcards.look} --output {output:q} > {log:q} 2>&1"
