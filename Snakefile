# rftlab: one study, from base models to report. `snakemake -n` lists the plan, `snakemake` makes it.
# Work as in any Snakemake project: snakemake report --configfile my.yaml --cores 8
import os
import sys

from snakemake.utils import min_version

min_version("9.27")

# Modules are imported from this checkout's src, and none from the working folder or beside this file: what is called
# statistics.py there is the user's.
users = {"", os.getcwd(), str(workflow.basedir)}
sys.path[:] = [f"{workflow.basedir}/src", *(path for path in sys.path if path not in users)]

from rftlab.errors import BadInputError
from rftlab.planning.plan import Plan
from rftlab.study.read import read_study

if not (config or workflow.configfiles):  # they merge: the default must not leak into another study

    configfile: "config/demo.yaml"


try:
    plan = Plan(read_study(config, workflow.configfiles, workflow.config_settings.config_args))
except BadInputError as error:
    sys.exit(str(error))


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/race.smk"
include: "workflow/rules/tune.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/probe.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/track.smk"


rule all:
    default_target: True
    input:  # everything: what was deleted, or what failed while a newer report was there, is made again
        CHECKED,
        lambda w: trained(asked()),
        lambda w: plan.evaluations(asked()),
        lambda w: removals(asked()),
        lambda w: [*trained(tuned()), *plan.evaluations(tuned()), *removals(tuned())],
        rules.tables.output,
        rules.figures.output,
        rules.report.output,
        rules.track.output,
