"""CMC and mAP of one set of embeddings under every protocol; the configured one is the headline."""

from stcnet_lib.common.files import replacing
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.evaluation.cells import Cell, Result, write_result
from stcnet_lib.evaluation.retrieval import reranking_of, retrieve
from stcnet_lib.reid.embeddings import Embeddings
from workflow.scripts.command import add_config, add_paths, add_run, parser, run


def main() -> None:
    commandline = parser(__doc__)
    add_config(commandline, EvaluationConfig)
    add_paths(
        commandline,
        embeddings="embeddings.h5",
        metrics="metrics.json to write",
        queries="queries.parquet to write: one row a query",
        cmc="cmc.csv to write",
    )
    for name, text in (
        ("network", "of the variant"),
        ("train", "its training data"),
        ("test", "its test data"),
    ):
        commandline.add_argument(f"--{name}", required=True, help=f"{text}, by name")
    add_run(commandline)
    options = commandline.parse_args()
    config = options.config
    embeddings = Embeddings.read(options.embeddings)
    protocols = retrieve(embeddings, config)
    result = protocols[config.protocol]
    every = {name: found and found.as_dict() for name, found in protocols.items()}
    reranking = reranking_of(config)
    metrics = result.as_dict() | {
        "test_frames": config.test_frames,
        "rerank": reranking.as_dict() if reranking else False,
        "protocols": every,
    }
    cell = Cell(options.network, options.train, options.test, options.split, options.seed)
    write_result(options.metrics, options.queries, cell, Result(metrics, result.queries))
    with replacing(options.cmc) as partial:
        result.cmc.to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
