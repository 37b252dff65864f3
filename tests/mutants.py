"""Do the tests notice errors? One-line edits of the library, each of which some test must catch.

    make mutants            (= python tests/mutants.py; a name or a part of one runs those alone)

Every mutant is made in a copy of the repository, where the tests that are named with it run until one fails,
some ten seconds each. A mutant that survives is printed, and the exit code is 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[1]


class Mutant(NamedTuple):
    """An edit: `old` is found once in `file` of stcnet_lib and becomes `new`; `tests` must notice."""

    file: str
    old: str
    new: str
    tests: str


M = Mutant
MUTANTS = [
    # common
    M(
        "common/regions.py",
        "(2 * k * height + regions) // (2 * regions)",
        "k * height // regions",
        "common/test_regions.py",
    ),
    M(
        "common/masks.py",
        ".clamp(min=0) * regions / height",
        ".clamp(min=0) / height",
        "common/test_regions.py",
    ),
    M(
        "common/training/schedule.py",
        "1 + math.cos(math.pi * step / config.iterations)",
        "1 - math.cos(math.pi * step / config.iterations)",
        "common/test_schedule.py",
    ),
    M("common/forms.py", "!= (self.format, self.version)", "== ()", "common/test_forms.py"),
    M("common/forms.py", 'said.get("digest") != digest', "digest == 0", "common/test_forms.py"),
    # data
    M("data/clips/choice.py", "length - span)", "length - span + 1)", "data/test_clips.py"),
    M("data/clips/choice.py", "replace=length < clip_length", "replace=True", "data/test_clips.py"),
    M(
        "data/clips/choice.py",
        "(2 * np.arange(clip_length) + 1)",
        "(2 * np.arange(clip_length))",
        "data/test_clips.py",
    ),
    M("data/clips/transforms.py", "/ 127.5 - 1", "/ 127 - 1", "data/test_transforms.py"),
    # reid
    M(
        "reid/training.py",
        "label_smoothing=config.label_smoothing",
        "label_smoothing=0.0",
        "reid/test_reid_training.py",
    ),
    M(
        "reid/training.py",
        "weight_decay=config.weight_decay,",
        "weight_decay=0.0,",
        "reid/test_reid_training.py",
    ),
    M("reid/heads/average.py", ".mean(1)", ".amax(1)", "reid/test_reid_network.py"),
    M("reid/blocks/squeeze.py", "repeat_interleave(frames, 0)", "repeat(frames, 1)", "reid/test_parts.py"),
    M("reid/heads/attention.py", ".softmax(1)", ".softmax(0)", "reid/test_parts.py"),
    M("reid/heads/attention.py", ".relu()", ".abs()", "reid/test_parts.py"),
    M("reid/averaging.py", "done > self._first", "done >= self._first", "reid/test_averaging.py"),
    M(
        "reid/embedding.py",
        "features.float().cpu() * length",
        "features.float().cpu()",
        "reid/test_embedding.py",
    ),
    # localisation
    M(
        "localisation/scores.py",
        "weight * (padded[:-2] + padded[2:])",
        "weight * 2 * padded[:-2]",
        "localisation/test_occlusion.py",
    ),
    M(
        "localisation/scores.py",
        'features.mean(axis=0))\n    if reference == "mean"',
        'features[0])\n    if reference == "mean"',
        "localisation/test_occlusion.py",
    ),
    M(
        "localisation/scores.py",
        "[dropped:]  # (T', K)",
        "[: len(features) - dropped]",
        "localisation/test_occlusion.py",
    ),
    M(
        "localisation/flags.py",
        'scores["occluded"].to_numpy()',
        '~scores["occluded"].to_numpy()',
        "localisation/test_flag_tables.py",
    ),
    M(
        "localisation/region_files.py",
        "self._written = end",
        "self._written = 0",
        "localisation/test_region_files.py",
    ),
    M("localisation/clues.py", "min(_GAP, frames // 6)", "-1", "localisation/test_clues.py"),
    # completion: what is filled, and from where
    M("completion/neighbours.py", "earlier[-1:]", "earlier[:1]", "completion/test_references.py"),
    M(
        "completion/neighbours.py",
        "if strict.sum() > 1 else",
        "if strict.sum() > 0 else",
        "completion/test_references.py",
    ),
    M(
        "completion/neighbours.py",
        "away[away > 0]",
        "away[away >= 0]",
        "completion/test_references.py completion/test_median.py completion/test_samples.py",
    ),
    M(
        "completion/methods/copy.py",
        "abs(t - task.frame)",
        "-abs(t - task.frame)",
        "completion/test_methods.py",
    ),
    M(
        "completion/methods/mean.py",
        "np.mean(colours, 0)",
        "(255 - np.mean(colours, 0))",
        "completion/test_methods.py",
    ),
    M("completion/methods/median.py", "np.median(", "np.mean(", "completion/test_median.py"),
    M(
        "completion/stcnet/filling.py",
        "numbers in (frames, previous, following))\n        hidden",
        "numbers in (frames, following, previous))\n        hidden",
        "completion/test_methods.py",
    ),
    M(
        "completion/stcnet/filling.py",
        "hidden = (seen.masks(numbers) for numbers in (frames, previous, following))",
        "hidden = (seen.masks(numbers) for numbers in (frames, frames, frames))",
        "completion/test_methods.py",
    ),
    M(
        "completion/stcnet/filling.py",
        "if not task.references:\n                fillings",
        "if True:\n                fillings",
        "completion/test_methods.py",
    ),
    M(
        "completion/stcnet/filling.py",
        'fillings.append(Filling(spatial[i], "spatial"))',
        'fillings.append(Filling(spatial[i], "temporal"))',
        "completion/test_methods.py",
    ),
    M(
        "completion/stcnet/filling.py",
        "shown = without_hidden(fitted(images[t], height, width), seen.flags[t])",
        "shown = fitted(images[t], height, width)",
        "completion/test_methods.py",
    ),
    M(
        "completion/alignment.py",
        "np.arange(image.shape[0]) - down",
        "np.arange(image.shape[0]) + down",
        "completion/test_alignment.py",
    ),
    M("completion/alignment.py", "best[place] >= LEAST_LIKENESS and ", "", "completion/test_alignment.py"),
    M(
        "completion/seams.py",
        "rest = outside[0] - shown[0] - light",
        "rest = 0 * light",
        "evaluation/test_artefacts.py",
    ),
    M(
        "completion/seams.py",
        "np.abs(light) <= MOST_LIGHT",
        "np.abs(light) <= 0",
        "evaluation/test_artefacts.py",
    ),
    M(
        "completion/gate.py",
        "piece.confidence >= self._least",
        "piece.confidence <= self._least",
        "completion/test_judging.py",
    ),
    M("completion/gate.py", " and piece.gap <= MOST_GAP", "", "completion/test_judging.py"),
    M(
        "completion/judging.py",
        "(counts * (better - chance))",
        "(better - chance)",
        "completion/test_judging.py",
    ),
    # completion: how the network learns
    M(
        "completion/learning/batch.py",
        'known=1 - mask(moved["flagged"])',
        'known=1 - 0 * mask(moved["flagged"])',
        "completion/test_train_step.py",
    ),
    M(
        "completion/game/learner.py",
        "fake = batch.shown(picture.detach())",
        "fake = batch.shown(batch.frame)",
        "completion/test_train_step.py",
    ),
    M(
        "completion/game/learner.py",
        "torch.cat([batch.frame, fake])",
        "torch.cat([fake, batch.frame])",
        "completion/test_train_step.py",
    ),
    M(
        "completion/learning/batch.py",
        'hidden=mask(moved["masked"] | moved["flagged"])',
        'hidden=mask(moved["masked"])',
        "completion/test_train_step.py",
    ),
    M(
        "completion/stcnet/blocked_attention.py",
        "        slope.mul_(a[samples, queries, None])",
        "        slope.div_(a[samples, queries, None])",
        "completion/test_temporal_attention.py",
    ),
    M("completion/gather/composition.py", "< _VISIBLE", "< 0", "completion/test_gather.py"),
    M("completion/gather/likeness.py", "descending=True", "descending=False", "completion/test_gather.py"),
    M(
        "completion/gather/samples.py",
        "lent[frame] & ~clip.hidden[frame]",
        "lent[frame]",
        "completion/test_gather.py",
    ),
    M(
        "completion/gather/sources.py",
        "height, width) > 0",
        "height, width) > 0.5",
        "completion/test_gather.py",
    ),
    M("completion/game/learner.py", 'opinions.get("guider", 0.0),', "0.0,", "completion/test_train_step.py"),
    M(
        "completion/game/learner.py",
        'opinions.get("adversarial", 0.0),',
        "0.0,",
        "completion/test_train_step.py",
    ),
    M(
        "completion/learning/batch.py",
        "return torch.where(self.known.bool(), x2, self.frame)",
        "return x2",
        "completion/test_train_step.py",
    ),
    M("completion/game/losses.py", "return real + fake", "return real - fake", "completion/test_losses.py"),
    M(
        "completion/game/discriminators.py",
        ".clamp(max=height - rows)",
        "",
        "completion/test_discriminators.py",
    ),
    M(
        "completion/stcnet/blending.py",
        "around[:, 0].masked_fill(shown, 0)",
        "around[:, 0]",
        "completion/test_blending.py",
    ),
    M(
        "completion/stcnet/blending.py",
        "(2 * columns + 1) / width - 1",
        "2 * columns / width - 1",
        "completion/test_blending.py",
    ),
    M(
        "completion/learning/samples.py",
        "self._flags_of(hidden.row)[list(numbers)]",
        "self._flags_of(hidden.row)[list(numbers[::-1])]",
        "completion/test_samples.py",
    ),
    M(
        "completion/learning/windows.py",
        "unseen[:, hidden.region] = ~hidden.usable",
        "pass",
        "completion/test_windows.py",
    ),
    M(
        "completion/learning/windows.py",
        "int(moment) - frame",
        "int(moment)",
        "completion/test_windows.py",
    ),
    M(
        "completion/stcnet3d/network.py",
        "logits[:, :, :-1].masked_fill_(itself, _HIDDEN)",
        "pass",
        "completion/test_stcnet3d.py",
    ),
    M(
        "completion/stcnet3d/network.py",
        ".masked_fill(unseen.all(2, keepdim=True), 0)",
        "",
        "completion/test_stcnet3d.py",
    ),
    M(
        "completion/stcnet3d/training.py",
        " * window.known",
        "",
        "completion/test_stcnet3d.py",
    ),
    M(
        "completion/stcnet3d/filling.py",
        "unseen[np.ix_(near, task.regions)] = True",
        "pass",
        "completion/test_stcnet3d.py",
    ),
    M(
        "completion/stcnet3d/sources.py",
        "torch.minimum(count // 2, last)",
        "last",
        "completion/test_stcnet3d.py",
    ),
    M("completion/flow.py", "first - moved", "moved - first", "completion/test_flow.py"),
    M("completion/telea.py", "known = known | (order == level)", "pass", "completion/test_telea.py"),
    # evaluation
    M(
        "evaluation/ranking.py",
        "for pick in (same_camera, ~same_camera)",
        "for pick in (~same_camera, same_camera)",
        "evaluation/test_ranking.py",
    ),
    M(
        "evaluation/ranking.py",
        "(found - 1) / np.maximum(ranks - 1, 1)",
        "found / ranks",
        "evaluation/test_ranking.py",
    ),
    M(
        "evaluation/ranking.py",
        "ranks = len(ordered) - right + 1",
        "ranks = len(ordered) - right",
        "evaluation/test_ranking.py",
    ),
    M(
        "evaluation/ranking.py",
        "        nearness.settle(start, values, *doubtful)\n",
        "",
        "evaluation/test_ranking.py",
    ),
    M(
        "evaluation/ranking.py",
        "        values[dropped] = -np.inf  # again: settling may have made the block anew\n",
        "",
        "evaluation/test_ranking.py",
    ),
    M(
        "evaluation/neighbours.py",
        "    _settle_close(everybody, values, columns, off)\n",
        "",
        "evaluation/test_reranking.py",
    ),
    M(
        "evaluation/neighbours.py",
        "    unsure = np.flatnonzero(~sure)\n",
        "    unsure = np.flatnonzero(~sure)[:0]\n",
        "evaluation/test_reranking.py",
    ),
    M(
        "evaluation/reranking.py",
        "shared.data > 2 / 3 * sizes",
        "shared.data >= 2 / 3 * sizes",
        "evaluation/test_reranking.py",
    ),
    M(
        "evaluation/statistics.py",
        "np.sqrt(runs * chi_square)",
        "np.sqrt(chi_square)",
        "evaluation/test_statistics.py",
    ),
    M(
        "evaluation/measures/damage.py",
        "person & ~occluder",
        "person",
        "evaluation/test_completion.py evaluation/test_measure_completion.py",
    ),
    M(
        "evaluation/measures/artefacts.py",
        "np.abs(images[:, border].astype(np.float64) - images[:, border - 1])",
        "np.abs(images[:, border].astype(np.float64) - images[:, border - 2])",
        "evaluation/test_artefacts.py",
    ),
    M(
        "evaluation/measures/planted.py",
        '-scores[known], hidden[known]) if some else None,\n        "average',
        'scores[known], hidden[known]) if some else None,\n        "average',
        "evaluation/test_planted.py",
    ),
    M(
        "evaluation/measures/planted.py",
        "(covered <= VISIBLE) & ~doubtful",
        "(covered <= VISIBLE)",
        "evaluation/test_planted.py",
    ),
    # masks of pixels
    M(
        "localisation/masks/evidence.py",
        "> min(_GAP, frames // 6)",
        ">= 0",
        "localisation/test_mask_evidence.py",
    ),
    M(
        "localisation/masks/prediction.py",
        "mask = (large > 0)",
        "mask = (large > -1)",
        "localisation/test_mask_network.py",
    ),
    M(
        "localisation/masks/prediction.py",
        "evidence = refined(evidence,",
        "refined(evidence,",
        "localisation/test_mask_network.py",
    ),
    M(
        "localisation/masks/prediction.py",
        "mask &= np.repeat(kept",
        "mask |= np.repeat(kept",
        "localisation/test_mask_network.py",
    ),
    M(
        "localisation/masks/evidence.py",
        "colours.masked_fill(hidden[:, None], _NOWHERE)",
        "colours",
        "localisation/test_mask_evidence.py",
    ),
    M(
        "localisation/masks/evidence.py",
        "np.where(hidden.all(axis=0), evidence.usual, usual)",
        "usual",
        "localisation/test_mask_evidence.py",
    ),
    M("localisation/masks/samples.py", "4 * found - 2", "found", "localisation/test_mask_network.py"),
    M(
        "localisation/masks/samples.py",
        "zip(self._planted, chances",
        "zip(self._hidden, chances",
        "localisation/test_mask_network.py",
    ),
    M(
        "localisation/masks/training.py",
        "while self._turn < turn",
        "if False",
        "localisation/test_mask_network.py",
    ),
    M("localisation/masks/samples.py", "known | (hidden > 0)", "known", "localisation/test_mask_network.py"),
    M(
        "localisation/detector_training.py",
        "fold != left_out",
        "fold == left_out",
        "localisation/test_detector.py",
    ),
    M("localisation/mask_files.py", "- first)", ")", "localisation/test_mask_files.py"),
    M(
        "completion/pixels/holes.py",
        "moved = np.ones_like(mask)",
        "moved = np.zeros_like(mask)",
        "completion/test_pixels.py",
    ),
    M("completion/pixels/nearest.py", "argmin(axis=0)", "argmax(axis=0)", "completion/test_pixels.py"),
    M("common/medians.py", "last // 2", "count // 2", "completion/test_pixels.py"),
    M(
        "completion/pixels/within.py",
        "& _rows(self._masks[task.frame], task.regions)",
        "",
        "completion/test_pixels_within.py",
    ),
    M(
        "completion/pixels/within.py",
        "(abs(t - task.frame), t)",
        "(-abs(t - task.frame), t)",
        "completion/test_pixels_within.py",
    ),
    M(
        "evaluation/controls.py",
        "for test in (_RAW, variant[2], _CLEAN)",
        "for test in (variant[2], _RAW, _CLEAN)",
        "evaluation/test_controls.py",
    ),
    M(
        "evaluation/measures/masks.py",
        "self.masked + hidden - self.found",
        "self.masked + hidden",
        "evaluation/test_mask_measures.py",
    ),
    M(
        "evaluation/measures/damage.py",
        "replaced[place] &=",
        "replaced[place] |=",
        "evaluation/test_measure_completion.py",
    ),
    # a run put to other data
    M("trained/scoring.py", "folds = {}", "pass", "trained/test_restoring.py"),
    M("trained/scoring.py", "config.most_flagged)", "1.0)", "trained/test_restoring.py"),
    M("trained/choice.py", '("predicted", "pixels")', '("oracle",)', "trained/test_restoring.py"),
    M("evaluation/ranked_list.py", "-similarity", "similarity", "evaluation/test_ranked_list.py"),
    M(
        "evaluation/ranked_list.py",
        "role != Role.DISTRACTOR",
        "role != Role.JUNK",
        "evaluation/test_ranked_list.py",
    ),
    M("reid/embedding_arrays.py", "features / norms", "features", "reid/test_embedding_arrays.py"),
    M("data/source/video/formats/cvat.py", '["frame"]) + 1', '["frame"])', "data/test_box_formats.py"),
    M("data/source/video/formats/coco.py", "number + first", "number", "data/test_box_formats.py"),
    M("data/source/video/formats/ultralytics.py", "x - w / 2", "x", "data/test_box_formats.py"),
]


def survives(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests pass with the edit; the file is put back.

    Raises:
        ValueError: the edit does not fit its file, or the tests fail without running.
    """
    path = folder / "stcnet_lib" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.file}: got {text.count(mutant.old)} places with {mutant.old!r}, wanted one"
        )
    tests = [f"tests/{name}" for name in mutant.tests.split()]
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not gpu", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
    finally:
        path.write_text(text, encoding="utf-8")
    if done.returncode not in (0, 1):  # 1: a test failed
        raise ValueError(f"{' '.join(tests)}: {done.stdout[-1500:]}{done.stderr[-500:]}")
    return done.returncode == 0


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [m for m in MUTANTS if not wanted or any(part in m.file for part in wanted)]
    alive = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignored = shutil.ignore_patterns(".*", "__pycache__", "results")
        shutil.copytree(REPOSITORY, copy, ignore=ignored)
        for number, mutant in enumerate(chosen, start=1):
            started = time.perf_counter()
            lives = survives(mutant, copy)
            alive += [mutant] * lives
            print(
                f"{number}/{len(chosen)} {'SURVIVES' if lives else 'caught  '} "
                f"{time.perf_counter() - started:5.0f} s  {mutant.file}: {mutant.old.splitlines()[0]}",
                flush=True,
            )
    print(f"{len(chosen) - len(alive)} of {len(chosen)} mutants were caught")
    return bool(alive)


if __name__ == "__main__":
    sys.exit(main())
