"""Paths, needs, command lines and targets of small configurations, without Snakemake's run."""

from __future__ import annotations

import re
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from checkouts import REPOSITORY, TINY

from stcnet_lib.config import Config, ConfigError, ReIDConfig, RuntimeConfig, load_config
from workflow.library import code, imported_files
from workflow.plan import resources
from workflow.plan.needs import Needs, weight_file
from workflow.plan.options import Options
from workflow.plan.paths import NETWORK, RUN, TEST, Paths
from workflow.plan.settings import checked, remarks
from workflow.plan.sources import Sources
from workflow.plan.summary import Summary
from workflow.plan.targets import Targets

HERE = "results/tiny/split~0/seed~0"
GUIDER = ["stcnet_lib/reid/backbones/resnet.py", "stcnet_lib/reid/heads/average.py"]
COMPLETIONS = {
    "stcnet": {"method": "stcnet", "least_confidence": 0.5, "fallback": "median"},
    "wide": {"method": "stcnet", "stcnet": "wide"},
    "copy": {"method": "copy"},
    "discard": {"method": "discard"},
    "copy-oracle": {"method": "copy", "masks": "oracle"},
}


class Plan(NamedTuple):
    paths: Paths
    needs: Needs
    sources: Sources
    options: Options
    targets: Targets
    summary: Summary


def values(**changes: Any) -> dict[str, Any]:
    """The tiny configuration with all kinds of completions and a variant of each; `changes` are sections."""
    variants = [{"network": "nl", "train": "raw", "test": name} for name in ("raw", "clean", *COMPLETIONS)]
    found = deepcopy(TINY) | {"stcnets": {"wide": {"channels": 8}}}
    return found | {"completions": deepcopy(COMPLETIONS), "variants": variants} | changes


def plan(**changes: Any) -> Plan:
    return plan_of(load_config(values(**changes)))


def plan_of(settings: Config) -> Plan:
    paths, needs = Paths(settings), Needs(settings)
    targets = Targets(settings, paths, needs)
    return Plan(
        paths,
        needs,
        Sources(settings, needs),
        Options(settings, paths, needs),
        targets,
        Summary(settings, paths, needs, targets),
    )


def people(folder, **plant: Any) -> dict[str, Any]:
    """A data set that is not generated, with planted occluders or without."""
    return {"name": "tiny", "layout": "folder", "root": str(folder), "plant": plant}


def job(**wildcards: str) -> SimpleNamespace:
    return SimpleNamespace(dataset="tiny", split="0", seed="0", **wildcards)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("raw", "results/tiny/tracklets.h5"),
        ("clean", "results/tiny/truth.h5"),
        ("copy", f"{HERE}/completion~copy/tracklets.h5"),
    ],
)
def test_a_data_set_by_its_name(name, path):
    assert plan().paths.store(name, job()) == path


@pytest.mark.parametrize(
    ("network", "train", "folder"),
    [
        ("guider", "raw", f"{HERE}/guider"),  # it stands apart, and is trained once
        ("guider", "clean", f"{HERE}/train~clean/reid~guider"),
        ("nl", "raw", f"{HERE}/train~raw/reid~nl"),
    ],
)
def test_a_network_by_its_name(network, train, folder):
    assert plan().paths.network(job(network=network, train=train)) == folder


def test_a_completion_takes_the_network_that_it_names():
    paths = plan().paths
    assert paths.stcnet(job(completion="wide")) == f"{HERE}/stcnet~wide"
    assert paths.stcnet_files(job(completion="stcnet")) == [
        f"{HERE}/stcnet~default/model.json",
        f"{HERE}/stcnet~default/model.safetensors",
    ]


def test_patterns_and_paths_agree():
    wildcards = {"dataset": "tiny", "split": 0, "seed": 0, "train": "raw", "network": "nl", "test": "copy"}
    assert RUN.format(**wildcards) == HERE
    assert NETWORK.format(**wildcards) == plan().paths.network(job(network="nl", train="raw"))
    assert f"{TEST.format(**wildcards)}/metrics.json" in plan().paths.each_variant("metrics.json")


def test_files_of_every_split_and_seed_come_in_the_order_of_the_labels():
    row = {"network": "nl", "train": "stcnet+copy", "test": "raw"}
    found = plan(seeds=[3, 1], variants=[row, row | {"train": "raw"}])
    files = found.paths.each_variant("cmc.csv")
    assert files == [
        f"results/tiny/split~0/seed~{seed}/train~{train}/reid~nl/test~raw/cmc.csv"
        for train in ("stcnet+copy", "raw")
        for seed in (3, 1)
    ]
    labels = found.targets.variant_labels()
    assert labels[0] == "nl: stcnet+copy → raw, split 0, seed 3"
    assert len(labels) == len(files)
    assert plan(variants=[row]).targets.variant_labels() == ["nl: stcnet+copy → raw"]


def test_a_pattern_keeps_wildcards_that_are_no_run():
    assert plan().paths.each_run(f"{RUN}/{{choice}}.png") == [f"{HERE}/{{choice}}.png"]


def test_wildcards_are_names_of_the_configuration():
    found = plan().paths.wildcard_patterns()
    assert re.fullmatch(found["completion"], "copy-oracle")
    assert not re.fullmatch(found["completion"], "copy-oracles")
    assert re.fullmatch(found["stcnet"], "wide")
    assert re.fullmatch(found["network"], "guider")
    assert not re.fullmatch(found["train"], "raw/reid~nl")
    empty = plan(completions={}, variants=[]).paths.wildcard_patterns()["completion"]
    assert not re.fullmatch(empty, "")


def test_planted_data_are_made_of_a_source(tmp_path):
    planted = plan(dataset=people(tmp_path, tracklets=0.5)).paths
    assert planted.prepared() == "results/{dataset}/source.h5"
    assert planted.prepared_truth() == {}
    assert planted.truth() == ["results/tiny/truth.h5"]
    generated = plan().paths
    assert generated.prepared() == "results/{dataset}/tracklets.h5"
    assert generated.prepared_truth() == {"truth": "results/{dataset}/truth.h5"}
    assert plan(dataset=people(tmp_path)).paths.truth() == []


def test_scores_come_from_features_or_detectors():
    cosine, planted = plan(), plan(occlusion={"scores": "planted", "threshold": "planted"})
    assert (cosine.paths.score_source(), cosine.options.score_source()) == (f"{RUN}/regions.h5", "--regions")
    assert (planted.paths.score_source(), planted.options.score_source()) == (f"{RUN}/hidden.h5", "--hidden")
    assert cosine.paths.threshold_probe() == []
    assert planted.paths.threshold_probe() == [f"{RUN}/probe.parquet"]


def of_pixels(**changes):
    rows = {"median": {"method": "median", "masks": "pixels"}, "copy": {"method": "copy"}}
    rows["true"] = {"method": "copy", "masks": "oracle_pixels"}
    rows_of_table = [{"network": "nl", "train": "raw", "test": name} for name in rows]
    occlusion = {"scores": "pixels", "threshold": "planted"}
    return plan(completions=rows, variants=rows_of_table, occlusion=occlusion, **changes)


def test_masks_of_pixels_are_found_by_networks_and_filled_by_files_of_their_own():
    found = of_pixels()
    assert found.paths.score_source() == f"{RUN}/masks/hidden.h5"
    assert found.paths.threshold_probe() == [f"{RUN}/masks/probe.parquet"]
    assert found.options.score_source() == "--hidden"
    assert found.paths.found_masks() == [f"{RUN}/masks.h5"]
    assert found.paths.masks_scores() == []
    assert plan().paths.found_masks() == []
    median, copy, true = (job(completion=name) for name in ("median", "copy", "true"))
    assert found.options.restore(median) == f"--masks {HERE}/masks.h5 --scores {HERE}/occlusion.parquet"
    assert found.options.restore(copy) == f"--scores {HERE}/occlusion.parquet"
    assert found.options.restore(true) == "--truth results/tiny/truth.h5 --hidden-share 0.3"
    assert found.options.export(median).endswith(f"--scores {HERE}/occlusion.parquet")
    assert [found.needs.masks_for(name) for name in ("median", "copy", "true")] == [True, False, False]
    assert [found.needs.scores_for(name) for name in ("median", "copy", "true")] == [True, True, False]
    assert found.sources.filling(median) == ["stcnet_lib/completion/pixels/median.py"]
    assert found.sources.filling(true) == ["stcnet_lib/completion/pixels/nearest.py"]


def test_masks_are_believed_in_flagged_thirds_where_the_scores_are_others():
    rows = {"median": {"method": "median", "masks": "pixels"}}
    variants = [{"network": "nl", "train": "raw", "test": "median"}]
    for scores, source in (("cosine", "regions"), ("planted", "hidden")):
        occlusion = {"scores": scores, "masks": "pixels", "threshold": "planted"}
        found = plan(completions=rows, variants=variants, occlusion=occlusion)
        assert found.paths.score_source() == f"{RUN}/{source}.h5"
        assert found.paths.threshold_probe() == [f"{RUN}/probe.parquet"]
        assert found.paths.found_masks() == [f"{RUN}/masks.h5"]
        assert found.paths.masks_scores() == [f"{RUN}/occlusion.parquet"]


@pytest.mark.parametrize(
    ("completion", "scores", "message"),
    [
        ({"method": "copy", "masks": "pixels"}, "cosine", "masks: got 'pixels', wanted 'predicted'"),
        ({"method": "stcnet", "masks": "pixels"}, "pixels", "only copy, median, gather, telea fill pixels"),
        (
            {"method": "copy", "masks": "oracle_pixels", "least_confidence": 0.5},
            "pixels",
            "masks of the truth are never wrong",
        ),
    ],
)
def test_masks_of_pixels_that_cannot_be_are_refused(completion, scores, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        plan(completions={"own": completion}, variants=[], occlusion={"scores": scores})


def test_completions_are_those_that_variants_name():
    rows = [{"network": "nl", "train": train, "test": "raw"} for train in ("copy+discard", "raw")]
    needs = plan(variants=rows).needs
    assert needs.completions() == ["copy", "discard"]
    assert needs.visible_completions() == ["copy"]  # the other drops frames
    assert plan(variants=[]).needs.completions() == list(COMPLETIONS)


def test_strips_are_drawn_of_the_default_network_and_the_copy():
    assert plan().needs.pictured_completions() == ["stcnet", "copy"]


def test_networks_are_trained_once_and_the_guider_elsewhere():
    rows = [
        {"network": network, "train": train, "test": test}
        for network, train, test in [
            ("nl", "raw", "raw"), ("nl", "raw", "copy"), ("guider", "raw", "raw"), ("guider", "copy", "copy"),
        ]
    ]  # fmt: skip
    assert plan(variants=rows).needs.networks() == [("raw", "nl"), ("copy", "guider")]
    assert plan().needs.stcnets() == ["default", "wide"]
    assert plan().needs.reid("guider") != plan().needs.reid("nl")


def test_a_judge_needs_planted_occluders():
    assert not plan().needs.judge_for("stcnet")
    planted = plan(occlusion={"threshold": "planted"}).needs
    assert planted.judge_for("stcnet")
    assert not planted.judge_for("copy")  # which asks for no confidence


def test_a_rule_tracks_the_methods_that_may_fill():
    found = plan().sources.filling(job(completion="stcnet"))
    median = "stcnet_lib/completion/methods/median.py"  # its fallback
    assert found == [median, "stcnet_lib/completion/stcnet/filling.py"]
    judged = plan(occlusion={"threshold": "planted"}).sources.filling(job(completion="stcnet"))
    assert set(judged) - set(found) == {"stcnet_lib/completion/methods/copy.py", *GUIDER}
    assert plan().sources.filling(job(completion="discard")) == []


def test_a_rule_tracks_the_parts_of_the_networks_that_it_uses(tmp_path):
    sources = plan().sources
    assert sources.guider() == sources.reid(job(network="guider", train="raw")) == GUIDER
    inserted = set(sources.reid(job(network="nl", train="raw"))) - set(GUIDER)
    assert inserted == {"stcnet_lib/reid/blocks/non_local.py"}
    assert sources.learning(job(stcnet="wide")) == [*GUIDER, "stcnet_lib/completion/stcnet/training.py"]
    model = tmp_path / "model.json"
    model.write_text('{"kind": "reid", "config": {"non_local": false, "head": "attention"}}')
    trained = plan(trained_guider=str(model)).sources.guider()
    assert trained == [GUIDER[0], "stcnet_lib/reid/heads/attention.py"]


def test_a_rule_tracks_the_layout_that_it_reads(tmp_path):
    assert plan().sources.reading() == []  # generated
    folder = plan(dataset=people(tmp_path)).sources
    assert folder.reading() == folder.layout() == ["stcnet_lib/data/source/layouts/folder.py"]


def test_code_is_a_script_and_what_it_imports(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    script, module = "workflow/scripts/draw_cmc.py", "stcnet_lib/completion/methods/mean.py"
    assert code("draw_cmc") == [script, *imported_files(script)]
    more = code("draw_cmc", [module])
    assert more[0] == script
    assert set(more) == {script, module, *imported_files(script), *imported_files(module)}


def test_training_starts_from_a_file_if_it_is_given_one(tmp_path):
    weights = tmp_path / "resnet.safetensors"
    weights.touch()
    assert weight_file(ReIDConfig(pretrained=str(weights))) == [str(weights)]
    assert weight_file(ReIDConfig(pretrained="imagenet")) == weight_file(ReIDConfig(pretrained="none")) == []


def test_generated_data_need_no_check(tmp_path):
    assert plan().needs.checked_data() == []
    (file,) = plan(dataset=people(tmp_path)).needs.checked_data()
    assert file == "results/tiny/checked.json"
    assert file.flags["ancient"]


def test_what_a_restoration_is_told():
    found = plan(occlusion={"threshold": "planted"}).options
    assert found.restore(job(completion="copy")) == f"--scores {HERE}/occlusion.parquet"
    assert found.restore(job(completion="copy-oracle")) == "--truth results/tiny/truth.h5 --hidden-share 0.3"
    assert found.restore(job(completion="stcnet")) == (
        f"--stcnet {HERE}/stcnet~default/model.json --scores {HERE}/occlusion.parquet "
        f"--judge {HERE}/completion~stcnet/judge.json --guider {HERE}/guider/model.json"
    )


def test_a_network_that_gathers_is_told_of_where_it_fills():
    completions = {
        "gather": {"method": "gather", "masks": "pixels"},
        "median": {"method": "median", "masks": "pixels"},
    }
    variants = [{"network": "nl", "train": "raw", "test": name} for name in completions]
    found = plan(occlusion={"scores": "pixels"}, completions=completions, variants=variants)
    gather, median = job(completion="gather"), job(completion="median")
    files = [f"{HERE}/gather/model.json", f"{HERE}/gather/model.safetensors"]
    assert found.paths.gather_files(gather) == files
    masks = f"--masks {HERE}/masks.h5 --scores {HERE}/occlusion.parquet"
    assert found.options.restore(gather) == f"--gather {files[0]} {masks}"
    assert found.options.restore(median) == masks
    assert found.sources.filling(gather) == ["stcnet_lib/completion/gather/filling.py"]


def test_what_an_export_is_told():
    found = plan().options
    folder = f"{HERE}/completion~copy-oracle"
    assert found.export(job(completion="copy-oracle")) == (
        f"--completed {folder}/tracklets.h5 --regions {folder}/regions.parquet"
    )
    told = found.export(job(completion="stcnet"))
    assert told.endswith(f"--scores {HERE}/occlusion.parquet --stcnet {HERE}/stcnet~default/model.json")
    assert plan(export={"contents": "raw"}).options.export(job(completion="stcnet")) == ""


def test_what_a_check_of_the_data_asks_for(tmp_path):
    assert plan().options.check() == ["--trains", "--protocol", "query-in-gallery"]
    assert plan(variants=[]).options.check() == ["--trains"]
    model = tmp_path / "model.json"
    model.write_text('{"kind": "reid", "config": {"non_local": false}}')
    guided = plan(trained_guider=str(model), variants=[])
    assert guided.options.check() == ["--guider", str(model)]  # which must know the people
    assert guided.paths.trained_guider_weights() == str(tmp_path / "model.safetensors")
    free = plan(trained_guider=str(model), variants=[], stcnet={"guider_loss": False})
    assert free.options.check() == []


def test_options_follow_the_truth(tmp_path):
    without = plan(dataset=people(tmp_path)).options
    assert without.truth() == without.hidden() == without.prepared_truth() == []
    assert without.hidden_source() == "--scores"
    planted = plan(dataset=people(tmp_path, tracklets=0.5)).options
    assert planted.hidden() == ["--truth", "results/tiny/truth.h5", "--hidden-share", "0.3"]
    assert planted.prepared_truth() == []  # it is planted later
    assert plan().options.prepared_truth() == plan().options.truth() != []


def test_strips_show_test_people_where_there_is_a_test():
    assert plan().options.people(job()) == ["--split", "0"]
    assert plan(variants=[]).options.people(job()) == []


def test_tables_of_walkers_of_others_and_of_planted(tmp_path):
    root = "results/tiny"
    names = ("integrity.json", "comparison.csv", "comparison.json", "results.md", "summary.html")
    always = [f"{root}/{name}" for name in names]
    measured = [f"{root}/completion.csv", f"{root}/completion.json"]
    assert plan().targets.tables() == always + measured
    assert plan(dataset=people(tmp_path)).targets.tables() == always
    planted = plan(dataset=people(tmp_path, tracklets=0.5)).targets
    assert planted.tables() == [*always, f"{root}/planted.json", *measured]
    assert plan(variants=[], completions={}).targets.tables() == [f"{root}/integrity.json"]
    assert plan().targets.localisation() == [f"{HERE}/localisation.json"]
    assert plan(dataset=people(tmp_path)).targets.localisation() == []


def test_the_page_shows_what_a_network_filled_without_the_truths_masks(tmp_path):
    summary = plan().summary
    folder = f"{HERE}/completion~stcnet"
    assert summary.strips() == [
        *(f"{folder}/{name}" for name in ("tracklets.h5", "regions.parquet", "restoration.json")),
        "results/tiny/truth.h5",
    ]
    assert summary.networks() == [f"{HERE}/guider/model.json", f"{HERE}/stcnet~default/model.json"]
    options = summary.options()
    pairs = dict(zip(options[::2], options[1::2], strict=True))
    assert pairs == {
        "--split": "0",
        "--seed": "0",
        "--guider": summary.networks()[0],
        "--filler": summary.networks()[1],
        "--completed": summary.strips()[0],
        "--regions": summary.strips()[1],
        "--restoration": summary.strips()[2],
        "--truth": "results/tiny/truth.h5",
        "--quality": "results/tiny/completion.json",
    }
    copies = plan(
        variants=[{"network": "nl", "train": "raw", "test": name} for name in ("raw", "copy")]
    ).summary
    assert (copies.completion(), len(copies.networks())) == ("copy", 1)
    raw = plan(dataset=people(tmp_path), variants=[{"network": "nl", "train": "raw", "test": "raw"}]).summary
    assert (raw.completion(), raw.strips()) == (None, [])
    assert raw.options() == ["--split", "0", "--seed", "0", "--guider", raw.networks()[0]]


def test_rows_of_the_oracle_are_left_out_without_a_truth(tmp_path):
    assert f"{HERE}/completion~copy-oracle/restoration.json" in plan().targets.each_completion(
        "restoration.json"
    )
    without = plan(dataset=people(tmp_path))
    assert without.needs.completions() == ["stcnet", "wide", "copy", "discard"]
    assert not [path for path in without.paths.each_variant("cmc.csv") if "clean" in path or "oracle" in path]


def test_what_is_measured_is_what_can_be_laid_beside_the_original():
    found = plan()
    names = ["stcnet", "wide", "copy", "copy-oracle"]
    assert found.targets.each_visible_completion("quality.json") == [
        f"{HERE}/completion~{name}/quality.json" for name in names
    ]
    assert found.options.measured(job()) == [f"{HERE}/completion~{name}" for name in names]
    assert len(found.targets.measured_completions()) == 3 * len(names)
    assert found.targets.measured_completions()[0] == f"{RUN}/completion~stcnet/tracklets.h5"


def test_figures_of_walkers():
    folder = "results/tiny/figures"
    run = f"{folder}/split~0/seed~0"
    assert plan().targets.figures() == [
        *(f"{folder}/{name}" for name in ("cmc.svg", "comparison.html", "walkers.webp")),
        *(f"{run}/{name}" for name in ("scores.svg", "flags.webp", "training_guider.svg")),
        *(f"{run}/training_stcnet~{name}.svg" for name in ("default", "wide")),
        f"{run}/train~raw/training_nl.svg",
        *(
            f"{run}/completion~{name}/strips_{choice}.webp"
            for name in ("stcnet", "copy")
            for choice in ("random", "best", "worst")
        ),
        *(f"{run}/completion~{name}/walkers.webp" for name in ("stcnet", "copy")),
    ]


def test_figures_of_ones_own_data_with_a_trained_guider(tmp_path):
    model = tmp_path / "model.json"
    model.write_text('{"kind": "reid", "config": {"non_local": false}}')
    found = plan(dataset=people(tmp_path), trained_guider=str(model), completions={}, variants=[])
    run = "results/tiny/figures/split~0/seed~0"
    assert found.targets.figures() == [f"{run}/scores.svg", f"{run}/flags.webp"]


def test_rules_hold_no_functions():
    """They would be neither linted nor tested."""
    for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk")):
        assert not re.search(r"^\s*def ", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_resources_grow_with_every_attempt():
    assert [resources.growing(1000)(None, attempt) for attempt in (1, 2)] == [1000, 2000]


@pytest.mark.parametrize(
    ("device", "here", "has", "count"),
    [
        ("cpu", True, True, 0),
        ("cuda", True, False, 2),
        ("auto", True, True, 2),
        ("auto", True, False, 0),
        ("auto", False, False, 2),  # a cluster's submit host says nothing of its nodes
    ],
)
def test_gpus_of_a_job(monkeypatch, device, here, has, count):
    monkeypatch.setattr(resources, "has_gpu", lambda: has)
    asked = resources.gpus(2, RuntimeConfig(device=device), lambda: here)
    assert asked(job()) == count


def test_jobs_read_how_to_run_from_the_environment():
    one = resources.job_environment(RuntimeConfig(threads=3))
    assert '"threads":3' in one["STCNET_RUNTIME"]
    assert one["STCNET_LAUNCH"] == "python -m"
    assert "--nproc-per-node 2 " in resources.job_environment(RuntimeConfig(gpus=2))["STCNET_LAUNCH"]


def test_a_bad_configuration_is_the_message_of_an_exit():
    with pytest.raises(SystemExit, match=r"cannot be used:\nseeds: "):
        checked(values(seeds=[1, 1]))


def test_remarks_on_what_is_asked_in_vain(tmp_path):
    walkers, others = values(), values(dataset=people(tmp_path))
    (idle,) = remarks(checked(walkers), walkers)
    assert idle.startswith("completions.stcnet.least_confidence is idle")
    left_out, _ = remarks(checked(others), others)
    assert left_out.startswith("Rows of clean, copy-oracle are left out")
    planted = values(occlusion={"threshold": "planted"})
    assert remarks(checked(planted), planted) == []
