# Paths, wildcards and how a stage is called: what the other files share.
import os
import shlex
import socket
from pathlib import Path

from rftlab.files import canonical_json, digest
from rftlab.jobs import devices, warmstart
from rftlab.jobs.environment import STATE_CONFIG, STUDY, SUPERVISOR, refuse_unencodable
from rftlab.jobs.failures import Failures
from rftlab.jobs.interrupt import pass_on_interrupts
from rftlab.jobs.unlock import free_stale_lock
from rftlab.planning.check_checkpoints import products_of, refuse_removed
from rftlab.planning.expected import expected
from rftlab.planning.margin import refuse_unresolvable
from rftlab.planning.owner import claim, refuse_other_file
from rftlab.planning.tuning import choosing_runs, every_run, most_further
from rftlab.runfolder.expected import EXPECTED
from rftlab.runfolder.log import RUN_FILES
from rftlab.runfolder.study_plan import TABLES
from rftlab.views.figures import FORMATS, names


def prepend(variable, folder):
    """Put a folder before the others of a search path."""
    os.environ[variable] = os.pathsep.join([folder, *filter(None, [os.environ.get(variable)])])


# Stages are `python -m rftlab.<room>…`: with the Python that runs Snakemake, activated or not, and this checkout's code.
# Those that need torch go through rftlab.jobs.warmstart, which gets them from a process of this machine that has imported it.
prepend("PATH", os.path.dirname(sys.executable))
prepend("PYTHONPATH", f"{workflow.basedir}/src")
os.environ.update(PYTHONSAFEPATH="1")  # as `python -P`: a statistics.py in the working folder is the user's

# What messages of jobs name: the study files that `rftlab fetch` takes.
os.environ[STUDY] = shlex.join(map(os.fspath, workflow.configfiles))
# What no result depends on is no param: how a training saves its state, and whom it stops with.
os.environ[STATE_CONFIG] = plan.study.state.model_dump_json()
os.environ[SUPERVISOR] = f"{socket.gethostname()}:{os.getpid()}"

# Jobs on this machine share its devices: no more at a time than there are, each with one of its own.
DEVICES = devices.find() if workflow.is_main_process and plan.study.device != "cpu" else {}
if DEVICES and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", len(DEVICES))

failures = Failures()
if workflow.is_main_process:  # others are jobs of one
    kernel_lock = free_stale_lock(Path.cwd())
    pass_on_interrupts()
    logger.addFilter(failures)
    try:
        refuse_unencodable(plan.study.model_dump_json())
        refuse_other_file(Path(plan.folder), workflow.configfiles)
        refuse_removed(plan)
        refuse_unresolvable(plan)
    except BadInputError as error:
        sys.exit(str(error))


onstart:
    claim(Path(plan.folder), workflow.configfiles)
    if workflow.local_exec:
        warmstart.offer()
        devices.offer(DEVICES)
    else:  # a cluster gives its jobs devices itself
        workflow.register_resource("gpu", sys.maxsize)


onerror:
    failures.tell_at_exit()


RESULTS = f"results/{plan.study.study}"
LOGS = f"{RESULTS}/logs"
FIGURE_NAMES = names(plan.pairs())
CHECKED = f"{RESULTS}/data.json"
FIRST = 100  # priority of what must be known before hours are spent


wildcard_constraints:
    model="[^/]+",
    dataset="[^/]+",
    variant="baseline(?:@[^/]+)?|again|[^/]+/[^/]+",
    seed="[0-9]+",
    look="[0-9]+",
    digest="[0-9a-f]{16}",
    suite="id|ood|validation",
    split="train|validation|test",


def run_of(wildcards):
    """The run that wildcards name."""
    return plan.run(wildcards.model, wildcards.dataset, wildcards.variant, wildcards.seed)


def device(rule):
    """CUDA devices that a job of a rule asks for; what a cluster's profile says, ``gpu`` or ``gres``, comes first."""

    def count(wildcards):
        if workflow.local_exec and not workflow.remote_exec:
            return min(1, len(DEVICES))
        settings = workflow.resource_settings
        return devices.of_cluster(plan.study.device, settings.default_resources, settings.overwrite_resources.get(rule))

    return count


def device_here(wildcards):
    """The same of a base model's training: on a cluster it takes none, which would be of no use to it."""
    return min(1, len(DEVICES)) if workflow.local_exec and not workflow.remote_exec else 0


def constant(text):
    """A param that is taken as it is: braces in it, such as those of a prompt's template, are no wildcards."""
    return lambda wildcards: text


def trained(runs):
    """The manifest of every run: it is published last, when a run is whole."""
    return [f"{plan.run_folder(run)}/checkpoints.json" for run in runs]


def run_files(runs):
    """All that a run publishes."""
    return [f"{plan.run_folder(run)}/{name}" for run in runs for name in RUN_FILES]


def removals(runs):
    """What says which checkpoints of each run were removed, where the study does not keep them."""
    return [] if plan.study.checkpoints == "keep" else [f"{plan.run_folder(run)}/removed.json" for run in runs]
