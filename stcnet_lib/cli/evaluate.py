"""CMC and mAP of embeddings under all protocols (VRSTC §5.1), in per cent.

The file is an embeddings.h5 of the workflow, or an .npz with the arrays features (N, D), pid, camera and role
(N,): query, gallery, distractor or junk; see stcnet_lib/reid/embedding_arrays.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stcnet_lib.common.files import write_json
from stcnet_lib.config import EvaluationConfig, validate
from stcnet_lib.evaluation.protocols import PROTOCOLS
from stcnet_lib.evaluation.retrieval import retrieve_any
from stcnet_lib.reid.embedding_arrays import read_embeddings
from stcnet_lib.report.tables.retrieval import protocol_results


def add_arguments(commandline: argparse.ArgumentParser) -> None:
    commandline.add_argument("embeddings", type=Path, metavar="EMBEDDINGS", help=".h5 or .npz")
    commandline.add_argument(
        "--ranks", type=int, nargs="+", default=[1, 5, 10, 20], metavar="R", help="of the CMC"
    )
    commandline.add_argument("--rerank", action="store_true", help="by k-reciprocal neighbours")
    commandline.add_argument("--json", type=Path, metavar="FILE", help="to write: all of it, as shares")


def command(options: argparse.Namespace) -> None:
    config = validate(EvaluationConfig, {"ranks": options.ranks, "rerank": options.rerank})
    results = retrieve_any(read_embeddings(options.embeddings), config)
    if options.json:
        write_json(options.json, {name: found and found.as_dict() for name, found in results.items()})
    print(protocol_results(results, options.ranks).as_text())
    for name, protocol in PROTOCOLS.items():
        print(f"{name}: {protocol.about}")
    if config.rerank:
        print(f"re-ranked: k1 {config.rerank_k1}, k2 {config.rerank_k2}, λ {config.rerank_lambda}")
