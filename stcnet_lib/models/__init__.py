"""Networks, their losses and their files; nothing here knows a data set or a training loop."""
