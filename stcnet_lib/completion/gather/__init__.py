"""Hidden pixels gathered from other frames by a network that learned which to trust; not in the paper.

All frames that may show a hole are looked at by one network, each beside the frame with the hole
(`network`). What it says of them becomes weights and a small shift a place (`composition`), found on small
copies and applied to the frames' own pixels (`filling`). It learns on holes that other tracklets lend
(`samples`, `training`), and is measured on people who are held out (`skill`).
"""
