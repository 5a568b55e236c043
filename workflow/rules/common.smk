# What every rule uses: how paths look, and how a stage is called.
import os

from rftlab.plan import RUN_FILES
from rftlab.runlog import canonical_json

os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [f"{workflow.basedir}/src", os.environ.get("PYTHONPATH")])
)

RESULTS = f"results/{plan.study.study}"
LOGS = f"{RESULTS}/logs"
PYTHON = f"{sys.executable} -m"
TABLES = ("runs", "curves", "evaluations", "marginal_gains")


wildcard_constraints:
    model="[^/]+",
    dataset="[^/]+",
    variant="baseline|again|[^/]+/[^/]+",
    seed="[0-9]+",
    digest="[0-9a-f]{16}",
    suite="id|ood",
    split="train|validation|test",


def run_of(wildcards):
    """The run that wildcards name."""
    return plan.run(wildcards.model, wildcards.dataset, wildcards.variant, wildcards.seed)


def trained(runs):
    """The manifest of every run: it is published last, when a run is whole."""
    return [f"{plan.run_folder(run)}/checkpoints.json" for run in runs]
