"""Draw the CMC curves of several variants."""

import argparse
from pathlib import Path

from stcnet_lib.figures.cmc import draw_cmc


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--cmc", type=Path, nargs="+", required=True, help="cmc.csv files: rank, cmc (0 to 1)"
    )
    parser.add_argument("--labels", nargs="+", required=True, help="names in the legend, one a file")
    parser.add_argument("--figure", type=Path, required=True, help="the figure to write (.svg or .png)")
    parser.add_argument("--max-rank", type=int, default=20, help="last rank on the axis")
    parser.add_argument("--note", default="", help="more provenance, printed under the figure")
    args = parser.parse_args()
    draw_cmc(args.cmc, args.labels, args.figure, max_rank=args.max_rank, note=args.note)


if __name__ == "__main__":
    main()
