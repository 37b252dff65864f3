# The checked configuration, and what rules ask of the plan that follows from it.
import os
from functools import partial


from snakemake.logging import logger

from stcnet_lib.config import joined
from workflow.library import ROOT, code
from workflow.plan import resources
from workflow.plan.needs import Needs, weight_file
from workflow.plan.options import Options
from workflow.plan.paths import FIGURES, LOGS, NETWORK, PROBE, RUN, TEST, Paths
from workflow.plan.resources import growing
from workflow.plan.settings import checked, overlaid, remarks
from workflow.plan.sources import Sources
from workflow.plan.summary import Summary
from workflow.plan.targets import Targets

if workflow.modifier.is_module:  # what a module is handed stands in the place of all configuration files
    config = overlaid(ROOT / "config.yaml", config)
settings = checked(config)
if workflow.is_main_process:
    for line in remarks(settings, config):
        logger.info(line)

paths = Paths(settings)
needs = Needs(settings)
sources = Sources(settings, needs)
options = Options(settings, paths, needs)
targets = Targets(settings, paths, needs)
summary = Summary(settings, paths, needs, targets)
gpus = partial(resources.gpus, runtime=settings.runtime, runs_here=lambda: workflow.local_exec)

os.environ.update(resources.job_environment(settings.runtime))


wildcard_constraints:
    **paths.wildcard_patterns(),
