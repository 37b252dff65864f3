"""What the workflow makes of a configuration, as plain Python: rules state files, and ask here for the rest.

`settings.py` checks the configuration, `paths.py` says where files lie, `needs.py` what of them a job and a
whole run need, `sources.py` what code beside its script a job runs, `options.py` what goes onto command
lines, `targets.py` what is wanted in the end, and `resources.py` what jobs ask of a machine. Rules import
names from these modules (`from workflow.plan.paths import Paths`) and never a module by its path: `import
workflow.plan.paths` would bind the name `workflow`, which in a Snakefile is Snakemake's own object. The
package keeps that name, because `workflow` is the folder in which Snakemake and its users look for one.
"""
