"""CMC and mAP of one set of embeddings under every protocol; the configured one is the headline."""

from stcnet_lib.common.files import replacing, write_json
from stcnet_lib.config import EvaluationConfig
from stcnet_lib.evaluation.protocols import evaluate_protocols
from stcnet_lib.reid.embeddings import Embeddings
from workflow.scripts.command import add_config, add_paths, parser, run


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
    options = commandline.parse_args()
    config = options.config
    embeddings = Embeddings.read(options.embeddings)
    # Rank-1 always: the tables and their intervals are of it.
    protocols = evaluate_protocols(vars(embeddings), config.protocol, sorted({1, *config.ranks}))
    result = protocols[config.protocol]
    every = {name: found and found.as_dict() for name, found in protocols.items()}
    write_json(options.metrics, result.as_dict() | {"test_frames": config.test_frames, "protocols": every})
    with replacing(options.queries) as partial:
        result.queries.to_parquet(partial, index=False)
    with replacing(options.cmc) as partial:
        result.cmc.to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
