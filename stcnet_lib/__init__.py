"""VRSTC / STCnet: occlusion-free video person re-identification.

Shape letters, the same in every docstring of the project:

    B  clips (or samples) of a batch     N  tracklets        Q  queries
    T  frames of a clip                  F  frames           G  gallery tracklets
    C  channels                          K  regions (3)      D  features
    H  height in pixels                  W  width in pixels

Images are uint8 RGB (H, W, 3) where they are decoded, float (C, H, W) in [-1, 1] inside STCnet, and
ImageNet-normalised (C, H, W) inside re-ID networks. Regions are numbered from the top: 0 upper,
1 middle, 2 lower. Frames are numbered within their store, tracklets likewise.
"""

REGIONS = ("upper", "middle", "lower")
