"""The re-ID networks: guider, network 2, their training and what they see."""
