"""What every stage uses: files, progress, devices, bands and masks, and the parts of every training."""
