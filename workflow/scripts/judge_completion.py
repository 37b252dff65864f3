"""Learn, on planted train tracklets, when a region that a completion replaces is better than it was."""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from stcnet_lib.common.compute import compute_for
from stcnet_lib.completion.fallback import choose
from stcnet_lib.completion.filling import filler_within, network_for
from stcnet_lib.completion.judge_training import cases_of, judges_of
from stcnet_lib.completion.judging import write_judges
from stcnet_lib.config import CompletionConfig, OcclusionConfig, parse_section
from stcnet_lib.config.kinds import NETWORKS
from stcnet_lib.data.planting.probe import read_probe
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.mask_files import open_masks
from stcnet_lib.localisation.scores import flag, probe_scores
from stcnet_lib.localisation.threshold_file import read_thresholds
from stcnet_lib.reid.files import load_reid, read_description
from stcnet_lib.reid.frame_features import picture_features
from workflow.scripts.command import add_config, add_paths, add_references, parser, run, runtime_settings


def main() -> None:
    options = arguments()
    description = read_description(options.stcnet, *NETWORKS) if options.stcnet else None
    config, _ = choose(options.config, description)
    threshold, runtime = read_thresholds(options.threshold), runtime_settings()
    with ExitStack() as opened:
        compute = opened.enter_context(compute_for(runtime))
        store = opened.enter_context(TrackletStore(options.store))
        truth = opened.enter_context(TrackletStore(options.truth))
        scores, flags, covered = probe_tables(options, truth, threshold["tau"])
        network = network_for(config, options.stcnet)
        copy = CompletionConfig(method="copy", masks=config.masks)
        fillers = [
            filler_within(config, network, options.gather, compute),
            filler_within(copy, None, None, compute),
        ]
        masks = opened.enter_context(open_masks(options.masks, store)) if config.of_pixels else None
        cases = cases_of(
            config,
            store,
            truth,
            scores,
            flags,
            covered,
            options.references,
            fillers,
            picture_features(load_reid(options.guider), compute),
            runtime.progress_seconds,
            masks,
        )
    name = "prevalence_with_doubtful"  # where boxes overlap something is hidden more often than elsewhere
    real = [one[name] for one in threshold["details"] if name in one]
    judges, summary = judges_of(cases, covered, float(np.mean(real)) if real else None)
    write_judges(options.judge, judges, summary)
    tell(summary)


def arguments() -> argparse.Namespace:
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
    commandline.add_argument(
        "--stcnet", type=Path, help="model.json of the network (methods stcnet, spatial)"
    )
    commandline.add_argument("--gather", type=Path, help="model.json of the network (method gather)")
    commandline.add_argument("--masks", type=Path, help="masks.h5 of the probe (masks: pixels)")
    add_references(commandline)
    return commandline.parse_args()


def probe_tables(
    options: argparse.Namespace, truth: TrackletStore, tau: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(F, K) each, of the probe: scores, flags under the thresholds, and the share of the person covered."""
    occlusion = parse_section(OcclusionConfig, options.occlusion)
    probe = read_probe(options.probe, truth)
    scores = probe_scores(probe, occlusion)
    table = probe.assign(score=scores.reshape(-1))
    flagged = flag(table, tau, occlusion.most_flagged)["occluded"].to_numpy()
    covered = probe["covered"].to_numpy()
    return scores, flagged.reshape(scores.shape), covered.reshape(scores.shape)


def tell(summary: Mapping[str, Mapping[str, float]]) -> None:
    """One line a judge."""
    for name, found in summary.items():
        print(
            f"{name}: {found['cases']} regions replaced on planted train data, {100 * found['better']:.0f} % "
            f"of them better; of those with a confidence of .5 or more ({100 * found['confident']:.0f} %): "
            f"{100 * found['better_if_confident']:.0f} %"
        )


if __name__ == "__main__":
    run(main)
