from snakemake.utils import min_version

min_version("9.10")


# Beside this file are the code and its defaults; results go to the working directory, whose own
# config.yaml, if it has one, needs to hold only what differs.
configfile: f"{workflow.current_basedir}/config.yaml"


if os.path.isfile("config.yaml") and os.getcwd() != str(workflow.current_basedir):

    configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


rule all:
    default_target: True
    input:
        targets.tables(),
        targets.each_completion("tracklets.h5"),
        targets.figures(),


include: "workflow/rules/prepare.smk"
include: "workflow/rules/guider.smk"
include: "workflow/rules/occlusion.smk"
include: "workflow/rules/stcnet.smk"
include: "workflow/rules/gather.smk"
include: "workflow/rules/restore.smk"
include: "workflow/rules/reid.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/truth.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/walkers.smk"
