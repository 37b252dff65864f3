"""What the name of a variant's training data says.

The configuration splits these names as well; its files are tracked by no rule, and these tables depend on it.
"""


def data_sets(train: str) -> list[str]:
    """The data sets that a row was trained on: stcnet and copy of `stcnet+copy`."""
    return train.split("+")
