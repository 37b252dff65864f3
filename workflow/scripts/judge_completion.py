"""Learn, on planted train tracklets, when a region that a completion replaces is better than it was."""

from pathlib import Path
from typing import get_args

import numpy as np

from stcnet_lib.common.compute import compute_for
from stcnet_lib.completion.fallback import choose
from stcnet_lib.completion.filling import filler_for, network_for
from stcnet_lib.completion.judge_training import cases_of, judges_of
from stcnet_lib.completion.judging import write_judges
from stcnet_lib.config import CompletionConfig, OcclusionConfig, References, parse_section
from stcnet_lib.data.planting.probe import read_probe
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.scores import flag, probe_scores
from stcnet_lib.localisation.threshold_file import read_thresholds
from stcnet_lib.reid.files import load_reid, read_description
from stcnet_lib.reid.frame_features import picture_features
from workflow.scripts.command import add_config, add_paths, parser, run, runtime_settings


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, CompletionConfig)
    commandline.add_argument("--occlusion", required=True, metavar="JSON", help="an OcclusionConfig")
    add_paths(
        commandline,
        store="tracklets.h5 of the probe",
        truth="truth.h5 of the probe",
        probe="probe.parquet",
        threshold="threshold.json",
        guider="the guider's model.json",
        judge="judge.json to write",
    )
    commandline.add_argument("--stcnet", type=Path, help="STCnet's model.json (methods stcnet and spatial)")
    commandline.add_argument(
        "--references", choices=get_args(References), default="frame", help="frames to restore from"
    )
    options = commandline.parse_args()
    description = read_description(options.stcnet, "stcnet") if options.stcnet else None
    config, _ = choose(options.config, description)
    occlusion = parse_section(OcclusionConfig, options.occlusion)
    threshold = read_thresholds(options.threshold)
    with TrackletStore(options.truth) as truth:
        probe = read_probe(options.probe, truth)
    scores = probe_scores(probe, occlusion)  # (F, K)
    table = probe.assign(score=scores.reshape(-1))
    flagged = flag(table, threshold["tau"], occlusion.most_flagged)["occluded"].to_numpy()
    covered = probe["covered"].to_numpy().reshape(scores.shape)
    runtime = runtime_settings()
    with (
        compute_for(runtime) as compute,
        TrackletStore(options.store) as store,
        TrackletStore(options.truth) as truth,
    ):
        network = network_for(config, options.stcnet)
        copy = CompletionConfig(method="copy")
        fillers = [filler_for(config, network, compute), filler_for(copy, None, compute)]
        cases = cases_of(
            config,
            store,
            truth,
            scores,
            flagged.reshape(scores.shape),
            covered,
            options.references,
            fillers,
            picture_features(load_reid(options.guider), compute),
            runtime.progress_seconds,
        )
    name = "prevalence_with_doubtful"  # where boxes overlap something is hidden more often than elsewhere
    real = [one[name] for one in threshold["details"] if name in one]
    judges, summary = judges_of(cases, covered, float(np.mean(real)) if real else None)
    write_judges(options.judge, judges, summary)
    for name, found in summary.items():
        print(
            f"{name}: {found['cases']} regions replaced on planted train data, {100 * found['better']:.0f} % "
            f"of them better; of those with a confidence of .5 or more ({100 * found['confident']:.0f} %): "
            f"{100 * found['better_if_confident']:.0f} %"
        )


if __name__ == "__main__":
    run(main)
