"""Occlusion scores and flags of other data, with the networks and the thresholds of a run (paper §4.1).

Thresholds are those that the run found on its own train split: nothing is fitted to the new data. People of
the new data are strangers to the detectors, unless it is the very store that these learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stcnet_lib.common.compute import Compute
from stcnet_lib.config import OcclusionConfig, RuntimeConfig
from stcnet_lib.data.store.tracklets import TrackletStore
from stcnet_lib.localisation.detection import load_detectors, write_logits
from stcnet_lib.localisation.features import extract_region_features
from stcnet_lib.localisation.flagging import reference_weights, region_scores
from stcnet_lib.localisation.flags import flag_table
from stcnet_lib.localisation.masks.prediction import load_masks, write_masks
from stcnet_lib.localisation.scores import flag
from stcnet_lib.reid.files import load_guider
from stcnet_lib.trained.run import TrainedRun


@dataclass(frozen=True)
class Scoring:
    """A store to be scored, by what, and a folder for the files on the way."""

    run: TrainedRun
    store: TrackletStore
    folder: Path
    runtime: RuntimeConfig
    compute: Compute

    def table(self) -> pd.DataFrame:
        """Scores and flags of all regions: the rows of `occlusion.parquet`.

        Raises:
            ValueError: a file of the run that is missing, damaged or of another kind.
        """
        taus, config = self.run.thresholds()
        scores = {"cosine": self._by_features, "planted": self._by_detectors, "pixels": self._by_masks}
        return flag(scores[config.scores](config), taus, config.most_flagged)

    def masks(self, table: pd.DataFrame) -> Path:
        """`masks.h5`: the hidden pixels, of flagged thirds alone where others than mask networks score."""
        path = self.folder / "masks.h5"
        if not path.is_file():
            self._find_masks(path, table)
        return path

    def _by_features(self, config: OcclusionConfig) -> pd.DataFrame:
        path = self.folder / "regions.h5"
        network = load_guider(self.run.guider)
        settings = self.run.features()
        weights = None
        if config.reference == "learned":
            with TrackletStore(self.run.store) as learned_from:
                weights = reference_weights(learned_from, self.run.split, config, self.run.regions)
        extract_region_features(network, self.store, settings, path, self.runtime, self.compute)
        return region_scores(self.store, config, path, weights=weights)

    def _by_detectors(self, config: OcclusionConfig) -> pd.DataFrame:
        path = self.folder / "hidden.h5"
        model = self.run.file("detector/model.json", "the detectors of occlusion")
        networks, folds = load_detectors(model)
        if not self.run.learned_from(self.store.digest):
            folds = {}  # equal numbers are other people
        guider = load_guider(self.run.guider)
        write_logits(networks, folds, guider, self.store, path, self.runtime, self.compute)
        return region_scores(self.store, config, path)

    def _by_masks(self, config: OcclusionConfig) -> pd.DataFrame:
        hidden = self._find_masks(self.folder / "masks.h5", None)
        return region_scores(self.store, config, hidden)

    def _find_masks(self, path: Path, table: pd.DataFrame | None) -> Path:
        """Write `masks.h5`; returns the logits of thirds beside it."""
        networks = load_masks(self.run.file("masks/model.json", "the networks that find hidden pixels"))
        guider = None
        if networks.config.guided:
            guider = self.compute.place(load_guider(self.run.guider)).eval()
        flags = None if table is None else flag_table(table, self.store.num_frames)
        hidden = self.folder / "mask_logits.h5"
        write_masks(networks, guider, self.store, flags, path, hidden, self.runtime, self.compute)
        return hidden
