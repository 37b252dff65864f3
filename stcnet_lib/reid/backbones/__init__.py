"""From images to maps: one file a kind of `config/parts.py`, loaded by the networks that have it.

A file has `build(settings, stem_channels)`. What that returns has, beside the weights:

    channels                     of its last maps, which are at 1/16 of the input, rounded up
    places                       where blocks may go in: the channels there, by the name of the block before
    stem, blocks                 what comes first, and the blocks behind it by name, in order
    maps, middle_maps            of single images, for guiders
    load_pretrained              what a training starts from (`pretrained`)

One of clips (`of_clips` of its row) takes T beside the maps in `stem` and in each of `blocks`, and has no
maps of single images.
"""
